"""Weighted means over tasks and their 95 % intervals by a paired bootstrap over tasks, the same in any process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.errors import InvalidValueError
from hpo_gym.seeding import below, key, mix

Floats = NDArray[np.float64]
Estimate = list[float | None]  # [mean, low, high], None where it is undefined

RESAMPLES = 2000
_EDGES = (2.5, 97.5)  # percentiles of the interval


@dataclass(frozen=True, eq=False)
class Resamples:
    """The tasks' weights, ``(k,)``, and those of every resample, ``(RESAMPLES, k)``; each sums to one.

    Whoever holds the same tasks draws the same resamples: differences and ratios between optimizers are paired.
    """

    weights: Floats
    resampled: Floats

    @classmethod
    def of(cls, tasks: Sequence[str], weights: ArrayLike | None = None) -> Resamples:
        """Draw tasks with replacement, keyed by their number and their place in the order of names."""
        k = len(tasks)
        w = task_weights(weights, k)
        cells = np.arange(RESAMPLES * k, dtype=np.uint64)
        drawn = below(mix(cells, key("bootstrap", k)), k) + (cells // np.uint64(k)).astype(np.int64) * k
        counts = np.bincount(drawn, minlength=RESAMPLES * k).reshape(RESAMPLES, k)
        place = np.argsort(np.argsort(np.asarray(tasks, dtype=object), kind="stable"), kind="stable")
        scaled = counts[:, place] * w
        return cls(w, scaled / scaled.sum(axis=1, keepdims=True))

    def estimate(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean, low and high over the tasks of ``(k, ...)``, each of the trailing shape."""
        means = np.tensordot(self.resampled, values, axes=1)
        low, high = np.percentile(means, _EDGES, axis=0)
        return np.asarray(np.tensordot(self.weights, values, axes=1)), np.asarray(low), np.asarray(high)

    def mean(self, values: Floats) -> Estimate:
        """`estimate` of ``(k,)`` as plain numbers."""
        return [plain(float(v)) for v in self.estimate(values)]

    def ratio(self, a: Floats, b: Floats) -> Estimate:
        """Ratio of the mean of `a` to that of `b`; None where the latter is 0, and its interval where it may be 0."""
        point = _ratio(self.weights @ a, self.weights @ b)
        edges = np.percentile(_ratio(self.resampled @ a, self.resampled @ b), _EDGES)
        return [plain(float(v)) for v in (point, *edges)]


def task_weights(weights: ArrayLike | None, k: int) -> Floats:
    """Check the weights of k tasks (equal where none are given) and scale them to sum to one.

    Raises:
        InvalidValueError: They are not k positive numbers.
    """
    w = np.ones(k) if weights is None else np.asarray(weights, np.float64)
    if w.shape != (k,) or not (np.isfinite(w) & (w > 0.0)).all():
        raise InvalidValueError(f"`weights` must be {k} positive numbers, one per task, got {weights!r}.")
    return np.asarray(w / w.sum())


def plain(value: float) -> float | None:
    """Round to six decimals, so that JSON does not change with the machine; None for what JSON cannot hold."""
    return round(value, 6) + 0.0 if math.isfinite(value) else None


def _ratio(a: Floats, b: Floats) -> Floats:
    positive = np.asarray(b) > 0.0
    return np.asarray(np.where(positive, a / np.where(positive, b, 1.0), np.nan))
