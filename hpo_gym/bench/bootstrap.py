"""Means over tasks and their 95 % intervals by a paired bootstrap over families of tasks, the same in any process.

Tasks of one family are of one origin and no independent witnesses: a resample draws families, each with all its tasks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import Floats, Ints, below, key, mix

Estimate = list[float | None]  # [mean, low, high], None where it is undefined

RESAMPLES = 2000
_EDGES = (2.5, 97.5)  # percentiles of the interval


@dataclass(frozen=True, eq=False)
class Resamples:
    """The weights of `k` tasks in every resample of their families, ``(RESAMPLES, k)``; each sums to one.

    Equal families give equal resamples: differences and ratios between optimizers are paired. Tasks of a single family
    give no interval: its edges are NaN, or None as plain numbers.

    Attributes:
        resampled: The weight of a task is the number of draws of its family, so families weigh by their tasks, as in
            the mean.
        families: Number of families.
    """

    resampled: Floats
    families: int

    @classmethod
    def of(cls, families: Sequence[str]) -> Resamples:
        """Draw families with replacement, as many as there are; `families` names that of each task."""
        names, place = placed(families)
        counts = drawn(len(names))[:, place].astype(np.float64)
        return cls(counts / counts.sum(axis=1, keepdims=True), len(names))

    def estimate(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean, low and high over the tasks of ``(k, ...)``, each of the trailing shape."""
        low, high = self._edges(np.tensordot(self.resampled, values, axes=1))
        return np.asarray(values.mean(axis=0)), low, high

    def mean(self, values: Floats) -> Estimate:
        """`estimate` of ``(k,)`` as plain numbers."""
        return [plain(float(v)) for v in self.estimate(values)]

    def ratio(self, a: Floats, b: Floats) -> Estimate:
        """Ratio of the mean of `a` to that of `b`; None where the latter is 0, and its interval where it may be 0."""
        point = _ratio(a.mean(), b.mean())
        edges = self._edges(_ratio(self.resampled @ a, self.resampled @ b))
        return [plain(float(v)) for v in (point, *edges)]

    def _edges(self, resampled: Floats) -> tuple[Floats, Floats]:
        if self.families < 2:
            nothing = np.full(resampled.shape[1:], np.nan)
            return nothing, nothing
        return edges(resampled)


def edges(resampled: Floats) -> tuple[Floats, Floats]:
    """Low and high end of the 95 % interval of an estimate, from its resamples along the first axis."""
    low, high = np.percentile(resampled, _EDGES, axis=0)
    return np.asarray(low), np.asarray(high)


def placed(families: Sequence[str]) -> tuple[list[str], Ints]:
    """Return the distinct families in the order of their names, and the place of each task's own, ``(k,)``."""
    names = sorted(set(families))
    at = {name: i for i, name in enumerate(names)}
    return names, np.array([at[f] for f in families], np.int64)


def equal_families(families: Sequence[str]) -> float:
    """Return the equivalent number of equal families behind a mean over tasks: 1 / sum of squared shares (Kish, 1965).

    It is their number if all are of one size, and lower if some hold most of the tasks.
    """
    _, place = placed(families)
    counts = np.bincount(place)
    return float(counts.sum() ** 2 / (counts**2).sum())


def drawn(families: int, block: int = 0) -> Ints:
    """Return the count of each family in each resample, ``(RESAMPLES, families)``; each row sums to `families`.

    Keyed by the number of families and their place in the order of names; further blocks hold further resamples.
    """
    size = RESAMPLES * families
    cells = np.arange(block * size, (block + 1) * size, dtype=np.uint64)
    chosen = below(mix(cells, key("bootstrap", families)), families)
    row = np.arange(size) // families
    return np.bincount(row * families + chosen, minlength=size).reshape(RESAMPLES, families).astype(np.int64)


def plain(value: float) -> float | None:
    """Round to six decimals, so that JSON does not change with the machine; None for values outside JSON."""
    return round(value, 6) + 0.0 if math.isfinite(value) else None


def _ratio(a: Floats, b: Floats) -> Floats:
    positive = np.asarray(b) > 0.0
    return np.asarray(np.where(positive, a / np.where(positive, b, 1.0), np.nan))
