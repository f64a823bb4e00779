"""Canonical points of many hyperparameters at once: one pass for each kind, not one for each column.

Each element equals `Hyperparameter.units` of `Hyperparameter.numbers`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem.space.hyperparameter import GRID, Hyperparameter

_CHOICE, _FLOAT, _LOG_FLOAT, _LOG_INT, _INT = range(5)  # in this order the floats are neighbours, and the logarithms


class Snapper:
    """Move points to canonical ones, conditions aside.

    Args:
        watched: Columns of choices whose positions are returned beside the points, in ascending order.
    """

    def __init__(self, hyperparameters: Sequence[Hyperparameter], watched: Collection[int] = ()) -> None:
        kinds = [_kind(h) for h in hyperparameters]
        order = sorted(range(len(kinds)), key=lambda j: (kinds[j], j not in watched, j))
        self._order, self._back, self._watched = np.array(order), np.argsort(order), len(watched)
        upto = np.cumsum(np.bincount(kinds, minlength=5)).tolist()
        self._choices = upto[_CHOICE]
        self._floats, self._logs, self._ints = (
            slice(upto[a] - self._choices, upto[b] - self._choices)
            for a, b in ((_CHOICE, _LOG_FLOAT), (_FLOAT, _LOG_INT), (_LOG_FLOAT, _INT))
        )
        ranges = [hyperparameters[j] for j in order[self._choices :]]
        bounds = [h.bounds() for h in ranges]
        self._count = _column([max(len(hyperparameters[j].choices), 1) for j in order[: self._choices]])
        self._last = self._count - 1.0
        self._start, self._width = _column([low for low, _ in bounds]), _column([high - low for low, high in bounds])
        self._low, self._high = _column([h.low for h in ranges]), _column([h.high for h in ranges])

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Canonical points ``(n, d)``, fresh, and the positions of the watched choices ``(watched, n)``."""
        u = x.T.take(self._order, 0)
        chosen, ranged = u[: self._choices], u[self._choices :]
        positions = chosen[:0]
        if len(chosen):
            chosen *= self._count
            np.minimum(np.floor(chosen, out=chosen), self._last, out=chosen)
            positions = chosen[: self._watched].copy()
            chosen += 0.5
            chosen /= self._count
        if len(ranged):
            floats, logs, ints = ranged[self._floats], ranged[self._logs], ranged[self._ints]  # views
            if len(floats):
                _to_grid(floats)
            ranged *= self._width  # to numbers
            ranged += self._start
            if len(logs):
                np.exp(logs, out=logs)
            if len(ints):
                np.rint(ints, out=ints)
            np.minimum(np.maximum(ranged, self._low, out=ranged), self._high, out=ranged)
            if len(logs):  # and back
                np.log(logs, out=logs)
            ranged -= self._start
            ranged /= self._width
            if len(floats):
                _to_grid(floats)
            ranged.clip(0.0, 1.0, out=ranged)  # as one column is: a maximum may make 0 of -0
        return np.ascontiguousarray(u.take(self._back, 0).T), positions


def _kind(h: Hyperparameter) -> int:
    low, high = h.bounds() if not h.choices else (0.0, 0.0)
    if low == high:
        return _CHOICE  # a range of one value is one choice, in the middle
    if h.kind == "float":
        return _LOG_FLOAT if h.log else _FLOAT
    return _LOG_INT if h.log else _INT


def _to_grid(u: Floats) -> None:
    u *= GRID
    np.rint(u, out=u)
    u /= GRID


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, np.float64).reshape(-1, 1)


class ChoiceTable:
    """A value or a row of values for each combination of choices.

    Args:
        columns: Columns of the choices in points, and the number of choices of each.
        values: Maps points ``(combinations, d)`` to values ``(combinations, ...)``.

    Attributes:
        values: The value of each combination.
    """

    def __init__(
        self, d: int, columns: Sequence[int], counts: Sequence[int], values: Callable[[Floats], NDArray[Any]]
    ) -> None:
        self._columns, self._counts = np.array(columns, np.int64), np.array(counts, np.float64)
        self._radix = np.array([math.prod(counts[j + 1 :]) for j in range(len(counts))], np.float64)
        positions = np.stack(np.unravel_index(np.arange(math.prod(counts)), tuple(counts)), 1)
        points = np.full((len(positions), d), 0.5)
        points[:, self._columns] = (positions + 0.5) / self._counts
        self.values = values(points)

    def at(self, positions: Floats) -> NDArray[Any]:
        """Return the values at positions of choices ``(columns, n)``, fresh."""
        return self.values.take((self._radix @ positions).astype(np.int64), 0)

    def of(self, x: Floats) -> NDArray[Any] | None:
        """Return the values at points ``(n, d)``, fresh; None if a point lies outside the cube."""
        positions = np.minimum(np.floor(x[:, self._columns] * self._counts), self._counts - 1)
        return self.at(positions.T) if (positions >= 0).all() else None
