"""Lookup of a given point: one hash each, and a proof that the row found is the point."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Keys, seeding

Points = NDArray[np.float64]

_COARSE = 2.0**24  # most points in float32 match too
_WHOLE = 2.0**52  # added to a smaller number, it leaves the nearest integer in the low bits
_HALF = np.uint64(32)
_SMALL = 8192  # rows of which a dictionary is made in a few ms


def bytes_of(cells: NDArray[Any]) -> list[bytes]:
    """Return the bytes of each row of an array of 8-byte numbers, ``(n, d)``."""
    cells = np.ascontiguousarray(cells)
    return cells.view(np.dtype((np.void, 8 * cells.shape[1])))[:, 0].tolist() if cells.size else []


class Exact:
    """Rows by their values. Points in float32 are found too, where no two rows are too close for that.

    Args:
        x: Points of the unit cube, ``(m, d)``.

    Attributes:
        group: The lowest row of the same values, ``(m,)``.
        distinct: Whether no two rows have the same values.
    """

    def __init__(self, x: Points) -> None:
        self._x, self._fine = x, False
        self._factors = seeding.mix(np.arange(x.shape[1], dtype=np.uint64), 0x5EED) | np.uint64(1)
        self._sort()
        if not self.distinct and (x[self.group].view(np.uint64) != x.view(np.uint64)).any():
            self._fine = True
            self._sort()

    def row(self, x: Points) -> int:
        """Return the lowest row equal to the point ``(d,)``, else -1."""
        return self._places.get(self._cells(x).tobytes(), -1)

    @functools.cached_property
    def _places(self) -> dict[bytes, int]:
        """For one point, a dictionary is faster than arrays are, and for many rows it takes long to make."""
        cells = bytes_of(self._cells(self._x[self._rows]))
        return dict(zip(cells, self._rows.tolist(), strict=True))

    def rows(self, x: Points) -> Ints:
        """Return `row` for points ``(n, d)``."""
        if len(x) == 1:
            return np.array([self.row(x[0]) if len(self._x) <= _SMALL else self._one(x)], np.int64)
        cells = self._cells(x)
        hashes = self._hash(cells)
        at, out = self._hashes.searchsorted(hashes), np.full(len(x), -1, np.int64)
        maybe = self._agree(at, hashes).nonzero()[0]
        while maybe.size:
            rows = self._rows.take(at.take(maybe))
            same = (self._cells(self._x.take(rows, 0)) == cells.take(maybe, 0)).all(1)
            if same.all():
                out[maybe] = rows
                break
            out[maybe[same]] = rows[same]
            maybe = maybe[~same]  # another row has this hash: theirs may be the next in order
            at[maybe] += 1
            maybe = maybe[self._agree(at[maybe], hashes[maybe])]
        return out

    def _one(self, x: Points) -> int:
        """Return `row` for a point ``(1, d)``, without a dictionary."""
        cells = self._cells(x)
        hashed, wanted = self._hash(cells), cells.tobytes()
        for at in range(self._hashes.searchsorted(hashed).item(), self._hashes.size):
            if self._hashes.item(at) != hashed.item():
                break
            row: int = self._rows.item(at)
            if self._cells(self._x[row]).tobytes() == wanted:
                return row
        return -1

    def _agree(self, at: Ints, hashes: Keys) -> NDArray[np.bool_]:
        if at.size and self._hashes.size and at.item(at.argmax()) < self._hashes.size:
            return np.asarray(self._hashes.take(at) == hashes)
        inside = at < self._hashes.size
        inside[inside] = self._hashes[at[inside]] == hashes[inside]
        return inside

    def _cells(self, x: Points) -> Keys:
        """Numbers that are equal for equal points, of the shape of `x`."""
        return x.view(np.uint64) if self._fine else (x * _COARSE + _WHOLE).view(np.uint64)

    def _hash(self, cells: Keys) -> Keys:
        """One number for each row of cells, ``(n,)``."""
        return np.asarray((cells ^ (cells >> _HALF) if self._fine else cells) @ self._factors)

    def _sort(self) -> None:
        """Find the groups, and the order of the hashes of their lowest rows."""
        cells, every = self._cells(self._x), np.arange(len(self._x))
        hashes = self._hash(cells)
        order = np.argsort(hashes)
        ordered = hashes[order]
        twins = ordered[1:] == ordered[:-1]
        self.group, self.distinct, self._hashes, self._rows = every, True, ordered, order
        if twins.any():
            self.group = _groups(cells, np.argsort(hashes, kind="stable"), twins)
            first = self.group[order] == order
            self.distinct = bool(first.all())
            self._hashes, self._rows = ordered[first], order[first]


def _groups(cells: Keys, order: Ints, twins: NDArray[np.bool_]) -> Ints:
    """Return the lowest row with the same cells, ``(m,)``; `twins`: stably sorted rows with their successor's hash."""
    if (cells[order[1:][twins]] != cells[order[:-1][twins]]).any():  # a hash that two points share
        _, first, which = np.unique(cells, axis=0, return_index=True, return_inverse=True)
        return np.asarray(first[which.reshape(-1)], np.int64)
    start = np.flatnonzero(np.concatenate([[True], ~twins]))
    group = np.empty(len(order), np.int64)
    group[order] = np.repeat(order[start], np.diff(start, append=len(order)))
    return group
