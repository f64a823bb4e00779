"""Candidates for the nearest row, and the choice among them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask
from hpo_gym.problem.nearest.distance import between
from hpo_gym.problem.space import Points, SearchSpace


class Shut(NamedTuple):
    """Unavailable rows: masks ``(k, m)``, and the mask of each point ``(n,)``; None: the only one."""

    closed: Mask
    who: Ints | None

    def some(self, points: Ints | slice) -> Shut:
        """Return the masks of some of the points."""
        return self if self.who is None else Shut(self.closed, self.who[points])

    def at(self, rows: Ints) -> Mask:
        """Return whether rows ``(n,)`` or ``(n, j)`` are unavailable, one or `j` for each point."""
        if self.who is None:
            return np.asarray(self.closed[0].take(rows))
        start = self.who * self.closed.shape[1]
        return np.asarray(self.closed.take((start if rows.ndim == 1 else start[:, None]) + rows))

    def of(self, rows: Ints | None) -> Mask:
        """Return whether these rows, or all, are unavailable: ``(n, rows)``, or ``(1, rows)`` for all points alike."""
        if self.who is None:
            return self.closed if rows is None else self.closed.take(rows, 1)
        if rows is None:
            return self.closed.take(self.who, 0)
        return np.asarray(self.closed.take((self.who * self.closed.shape[1])[:, None] + rows))


class Candidates(NamedTuple):
    """Points with rows that may be their nearest, and the float32 products that rank these, ``(c,)`` each."""

    point: Ints
    row: Ints
    value: NDArray[np.floating]

    @staticmethod
    def of(several: list[Candidates]) -> Candidates:
        """All together."""
        return several[0] if len(several) == 1 else Candidates(*map(np.concatenate, zip(*several, strict=True)))


class Search(Protocol):
    """A way to look for the nearest rows."""

    def find(self, x: Points, shut: Shut | None) -> Candidates:
        """Return, for each canonical point ``(n, d)``, every row that could be its nearest available row."""


def settle(space: SearchSpace, x: Points, rows: Points, found: Candidates) -> Ints:
    """Return each point's lowest nearest candidate among `rows` ``(m, d)``, ``(n,)``; -1 for want of one."""
    out = np.full(len(x), -1, np.int64)
    out[found.point] = found.row
    count = np.bincount(found.point) if len(found.point) > 1 else np.ones(1, np.int64)
    if count.item(count.argmax()) == 1:
        return out
    unsure = count.take(found.point) > 1
    point, row = found.point[unsure], found.row[unsure]
    far = between(space, x.take(point, 0), rows.take(row, 0))
    least = np.full(len(x), np.inf)
    np.minimum.at(least, point, far)
    near = far == least.take(point)
    point, row = point[near], row[near]
    out[point] = len(rows)
    np.minimum.at(out, point, row)
    return out
