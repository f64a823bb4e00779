"""`SurrogateModel`: the tasks of one table at any configuration and fidelity."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Singles
from hpo_gym.problem import Evaluated, Points, SearchSpace, Status

REACH, STEPS = 3.0, 60
"""Scales of values reach from -`REACH` to `REACH` normal scores, in so many steps."""
SCORE, COST = 0, 1
LAYERS = 4
"""Layers of each network; the last is linear."""


@dataclass(frozen=True, eq=False)
class SurrogateModel:
    """A model of `k` tasks at `f` fidelities: networks shared by all tasks, and a linear head for each task.

    `e` networks turn a configuration into `r` factors each. A head of a task turns all factors into normal scores of
    score and cost, and into a number above 0 for failing trials, at each fidelity. A scale of its own turns a normal
    score into a score or a cost, between the lowest and the highest of the table.

    Attributes:
        weights: Of each layer ``(e, p, h)``, the last ``(e, h, r)``.
        offsets: Of each layer ``(e, h)``.
        heads: ``(k, q, e r)``, where `q` is 2 f, or 3 f if trials may fail.
        levels: Added to the output of heads, ``(k, q)``.
        scales: Score and cost at `STEPS` + 1 evenly spaced normal scores, ``(k, 2, f, STEPS + 1)``, never descending.
        rising: Whether score and cost of a task never fall with the fidelity, ``(k, 2)``.
    """

    space: SearchSpace
    weights: tuple[Singles, ...]
    offsets: tuple[Singles, ...]
    heads: Singles
    levels: Singles
    scales: Singles
    rising: NDArray[np.bool_]
    _last: tuple[Points, Singles] | None = field(default=None, init=False, repr=False)

    @property
    def f(self) -> int:
        """Number of fidelities."""
        return int(self.scales.shape[2])

    @property
    def fallible(self) -> bool:
        """Return whether a trial can fail."""
        return int(self.heads.shape[1]) == 3 * self.f

    @functools.cached_property
    def encoding(self) -> Encoding:
        """From points to inputs."""
        return Encoding(self.space)

    def factors(self, x: Points) -> Singles:
        """Return the shared factors of canonical points ``(n, d)``, ``(n, e r)``."""
        inputs = self.encoding(x)
        nets = range(len(self.weights[0]))
        parts = [forward([(w[e], b[e]) for w, b in zip(self.weights, self.offsets, strict=True)], inputs) for e in nets]
        return np.concatenate(parts, 1)

    def _factors_of(self, x: Points) -> Singles:
        """Return the factors of points that never change: all tasks are asked at the same pool, one after another."""
        if self._last is None or self._last[0] is not x:
            object.__setattr__(self, "_last", (x, self.factors(x)))
        assert self._last is not None
        return self._last[1]

    def raw(self, task: Ints, x: Points) -> Singles:
        """Return the output of the heads of tasks ``(n,)`` at canonical points ``(n, d)``, shape ``(n, q)``."""
        shared = x.flags.owndata and not x.flags.writeable
        factors = self._factors_of(x) if shared else self.factors(x)
        found = np.matmul(self.heads.take(task, 0), factors[:, :, None])[:, :, 0]  # a product for each point
        found += self.levels.take(task, 0)
        return np.asarray(found, np.float32)

    def __call__(self, task: Ints, x: Points, level: Ints) -> Evaluated:
        """Outcomes on tasks ``(n,)`` at canonical points ``(n, d)`` and fidelities by position, ``(n,)``."""
        out, failed = self.apart(task, x, level)
        if self.fallible:
            out.score[failed], out.status[failed] = -np.inf, Status.FAILED
        return out

    def lowest_costs(self, task: int) -> list[float]:
        """Return the lower bound of costs at each fidelity: the ends of the scales."""
        return [float(low) for low in self.scales[task, COST, :, 0]]

    def apart(self, task: Ints, x: Points, level: Ints) -> tuple[Evaluated, NDArray[np.bool_]]:
        """Return outcomes as if no trial failed, and a mask of the failures, ``(n,)``."""
        raw, f = self.raw(task, x), self.f
        score = self._value(raw[:, :f], task, SCORE, level)
        cost = self._value(raw[:, f : 2 * f], task, COST, level)
        failed = raw[np.arange(len(x)), 2 * f + level] > 0 if self.fallible else np.zeros(len(x), bool)
        return Evaluated(score, cost, np.zeros(len(x), np.int8)), failed

    def _value(self, normal: Singles, task: Ints, what: int, level: Ints) -> NDArray[np.float64]:
        """Scores or costs at one fidelity ``(n,)``, of normal scores at all ``(n, f)``."""
        n = np.arange(len(level))
        rising = self.rising[task, what]
        if not rising.any():
            return self._scaled(normal[n, level][:, None], task, what, level[:, None])[:, 0]
        every = self._scaled(normal, task, what, np.arange(self.f)[None])
        return np.where(rising, np.maximum.accumulate(every, 1)[n, level], every[n, level])

    def _scaled(self, normal: Singles, task: Ints, what: int, level: Ints) -> NDArray[np.float64]:
        """Return normal scores ``(n, c)`` by the scales of their tasks, ``(n, c)``."""
        at = (np.clip(normal.astype(np.float64), -REACH, REACH) + REACH) * (STEPS / (2.0 * REACH))
        below = np.minimum(at.astype(np.int64), STEPS - 1)
        share = at - below
        place = ((task[:, None] * 2 + what) * self.f + level) * (STEPS + 1) + below
        flat = self.scales.reshape(-1)
        low, high = flat.take(place).astype(np.float64), flat.take(place + 1)
        return low + share * (high - low)


class Encoding:
    """One input in [-1, 1] for each hyperparameter that has an order or two choices, else one for each choice.

    All inputs of an inactive hyperparameter are 0.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        kinds = [(j, h) for j, h in enumerate(space.hyperparameters)]
        self._plain = np.array([j for j, h in kinds if h.metric or len(h.choices) == 2], np.int64)
        self._several = [(j, h) for j, h in kinds if h.kind == "categorical" and len(h.choices) > 2]
        self.width = len(self._plain) + sum(len(h.choices) for _, h in self._several)

    def __call__(self, x: Points) -> Singles:
        """Return the inputs of canonical points ``(n, d)``, shape ``(n, width)``."""
        active = self.space.active(x)
        out = np.zeros((len(x), self.width), np.float32)
        end = len(self._plain)
        out[:, :end] = (2.0 * x[:, self._plain] - 1.0) * active[:, self._plain]
        for j, h in self._several:
            rows = np.flatnonzero(active[:, j])
            out[rows, end + h.numbers(x[rows, j]).astype(np.int64)] = 1.0
            end += len(h.choices)
        return out


def bent(x: Singles) -> Singles:
    """Compute ``x (1 + x / (1 + |x|)) / 2``, in place: near `x` for large values, near 0 for low ones.

    It looks like SiLU, but needs no exponential, whose last bit differs between processors.
    """
    part = np.abs(x)
    part += 1.0
    np.divide(x, part, out=part)
    part += 1.0
    part *= 0.5
    x *= part
    return x


def forward(layers: Sequence[tuple[Singles, Singles]], inputs: Singles) -> Singles:
    """Return the last layer's values ``(n, r)`` at inputs ``(n, p)``, with the same bits for one point as for many.

    Layers have weights ``(p, h)`` and offsets ``(h,)``.
    """
    a = inputs[:, None].astype(np.float32)  # a product for each point: how one is rounded may depend on its row
    for depth, (weights, offsets) in enumerate(layers):
        a = np.matmul(a, weights)
        a += offsets
        if depth + 1 < len(layers):
            bent(a)
    return np.asarray(a[:, 0])
