"""`Pool`: configurations that can be evaluated, found again exactly or by nearness. It alone decides the answering row.

`hpo_gym.problem.nearest.distance` defines nearness; of equally near rows, the lowest is the nearest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask, seeding
from hpo_gym.problem.nearest import search_of
from hpo_gym.problem.nearest.candidates import Search, Shut, settle
from hpo_gym.problem.nearest.distance import distances
from hpo_gym.problem.nearest.exact import Exact, bytes_of
from hpo_gym.problem.space import Points, SearchSpace

_KEPT = 8
_AT_LEAST, _AT_ONCE = 16, 4096  # gaps of a task that are answered together, and at most of all tasks


class Pool:
    """The `m` rows of a pool.

    Attributes:
        x: Canonical points, ``(m, d)``.
    """

    def __init__(self, space: SearchSpace, x: NDArray[Any]) -> None:
        self.space = space
        self.x = space.snap(x)  # a table in float32 is off by up to 3e-8: enough to decide between rows as near

    # ------------------------------------------------------------------ exactly
    def row(self, x: Points) -> int:
        """Return the lowest row equal to the canonical point `x` ``(d,)``, else -1."""
        return self._exact.row(x)

    def exact(self, x: Points) -> Ints:
        """Return `row` for points ``(n, d)``."""
        return self._exact.rows(x)

    @property
    def group(self) -> Ints:
        """The lowest row of the same configuration, ``(m,)``."""
        return self._exact.group

    @property
    def distinct(self) -> bool:
        """Return whether no configuration stands in two rows."""
        return self._exact.distinct

    def first(self, available: NDArray[Any] | None) -> Mask:
        """Rows that may be asked for, ``(m,)``: of each configuration, the lowest that is available."""
        good = np.ones(len(self.x), bool) if available is None else np.array(available, bool)
        if not self.distinct:
            rows = np.flatnonzero(good)
            good[:] = False
            good[rows[np.unique(self.group[rows], return_index=True)[1]]] = True
        return good

    @functools.cached_property
    def _exact(self) -> Exact:
        return Exact(self.x)

    # ------------------------------------------------------------------ by nearness
    def nearest(self, x: Points, allowed: Mask | None = None) -> Ints:
        """Return the nearest allowed row of each canonical point ``(n, d)``, -1 where none is allowed; itself, if it is
        a row.

        Args:
            allowed: ``(m,)``, or ``(n, m)``; all, by default.
        """
        if allowed is None or allowed.all():
            return self.nearest_open(x, None)
        one = allowed.ndim == 1
        return self.nearest_open(x, Shut(~allowed[None] if one else ~allowed, None if one else np.arange(len(x))))

    def nearest_open(self, x: Points, shut: Shut | None) -> Ints:
        """Return `nearest`, given the unavailable rows."""
        rows = self.exact(x)
        lost = rows < 0 if shut is None else (rows < 0) | shut.at(rows)
        if lost.any():
            who = lost.nonzero()[0]
            rows[who] = self.search(x.take(who, 0), None if shut is None else shut.some(who))
        return rows

    def search(self, x: Points, shut: Shut | None) -> Ints:
        """Return `nearest_open` for points that are not an available row."""
        return settle(self.space, x, self.x, self._search.find(x, shut))

    @functools.cached_property
    def _search(self) -> Search:
        return search_of(self.space, self.x)

    def distances(self, x: Points) -> Floats:
        """Squared distances of canonical points ``(n, d)`` to all rows, ``(n, m)``."""
        return distances(self.space, x, self.x)


# ---------------------------------------------------------------------- points as keys
def keys(x: Points) -> list[bytes]:
    """Return a key of each canonical point ``(n, d)``, equal for equal configurations."""
    return bytes_of(np.rint(x * 2.0**32).astype(np.int64))


# ---------------------------------------------------------------------- pools
_recent: list[tuple[Points, Pool]] = []  # contexts of one table hold equal pools, not one and the same


def pool_of(space: SearchSpace, x: NDArray[Any]) -> Pool:
    """Return the `Pool` of points ``(m, d)``; callers with the same array share one."""
    for at, (known, pool) in enumerate(_recent):
        if pool.space == space and np.array_equal(known, x):
            _recent.insert(0, _recent.pop(at))
            return pool
    given = np.array(x, np.float64)
    pool = Pool(space, given)
    _recent.insert(0, (given, pool))
    del _recent[_KEPT:]
    return pool


# ---------------------------------------------------------------------- what tasks have of a pool
class Gaps:
    """Answers for rows without a measurement: the nearest measured row, looked up once.

    Many runs at once meet most gaps sooner or later: with those that they meet, as many others of each task are looked
    up as were so far. One run may be short: with the row that it meets, those of other tasks on its pool are looked up.

    Args:
        measured: Rows that each of `k` tasks has, ``(k, m)``.
        known: The answers of all gaps, in the order of the flat table; None: they are looked up.
    """

    def __init__(self, measured: Mask, pool: Callable[[int], Pool], known: NDArray[Any] | None = None) -> None:
        self.measured, self._pool = measured, pool
        self._m = measured.shape[1]
        self._answers = np.where(measured, np.arange(self._m, dtype=np.int32), np.int32(-1)).reshape(-1)
        if known is not None:
            self._answers[~measured.reshape(-1)] = known
        self._answered = np.zeros(len(measured), np.int64)

    @functools.cached_property
    def closed(self) -> Mask:
        """Return the rows that each task lacks, ``(k, m)``."""
        return ~self.measured

    def every(self) -> Ints:
        """Return the answers of all gaps, in the order of the flat table."""
        self._look_up((self._answers < 0).nonzero()[0])
        return self._answers[~self.measured.reshape(-1)]

    def answer(self, task: int, row: int) -> int:
        """Return `answering` for one row."""
        known: int = self._answers.item(task * self._m + row)
        if known < 0:
            one_pool = self._pool(0) is self._pool(len(self.measured) - 1)
            self._look_up((self.closed[:, row].nonzero()[0] if one_pool else np.array([task])) * self._m + row)
            known = self._answers.item(task * self._m + row)
        return known

    def answering(self, task: Ints, rows: Ints) -> Ints:
        """Return the rows ``(n,)`` themselves where measured, else the nearest measured ones."""
        cell = task * self._m + rows
        out = self._answers.take(cell)
        if out.size and out.item(out.argmin()) < 0:
            self._look_up(self._with_more(cell[out < 0]))
            out = self._answers.take(cell)
        return np.asarray(out, np.int64)

    def _with_more(self, cells: Ints) -> Ints:
        """Return gaps, by their places in the flat table, and others of their tasks."""
        wanted = [cells]
        for k in np.unique(cells // self._m).tolist():
            left = np.flatnonzero(self._answers[k * self._m : (k + 1) * self._m] < 0) + k * self._m
            wanted.append(left[: max(self._answered[k], _AT_LEAST)])
            self._answered[k] += len(wanted[-1])
        return np.unique(np.concatenate(wanted))

    def _look_up(self, cells: Ints) -> None:
        """Answer gaps, by their places in the flat table."""
        pools = [self._pool(k) for k in (cells // self._m).tolist()]
        for pool in set(pools):
            own = cells[[one is pool for one in pools]]
            for start in range(0, len(own), _AT_ONCE):
                some = own[start : start + _AT_ONCE]
                task, rows = np.divmod(some, self._m)
                self._answers[some] = pool.nearest_open(pool.x[rows], Shut(self.closed, task))


def draw_rows(first: tuple[Ints, Ints], task: Ints, instance: Keys, count: int, salt: int) -> Ints:
    """Draw `count` measured rows of each run's task by its instance seed, ``(n, count)``, distinct if possible.

    Args:
        first: The rows of each task, measured ones first, ``(k, m)``, and their number, ``(k,)``.
    """
    rows, size = first[0], first[1][task]
    order = _permute(
        np.arange(count) % size[:, None], size[:, None], seeding.mix(instance, salt)[:, None], rows.shape[1]
    )
    return np.asarray(rows[task[:, None], order], np.int64)


def _permute(position: Ints, size: Ints, key: Keys, most: int) -> Ints:
    """Return a keyed permutation of ``range(size)`` at `position`: a Feistel network with cycle walking.

    Its domain is given by `most`, the rows of the table, not by the sizes, so that a run draws the same in any batch.
    (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002, section 4.)
    """
    half = (max(most - 1, 1).bit_length() + 1) // 2
    mask = np.uint64((1 << half) - 1)
    shape = np.broadcast_shapes(position.shape, size.shape, key.shape)
    value = np.broadcast_to(position, shape).astype(np.uint64)
    size, key = np.broadcast_to(size, shape), np.broadcast_to(key, shape)
    todo = np.ones(shape, bool)
    while todo.any():
        left, right, k = value[todo] >> np.uint64(half), value[todo] & mask, key[todo]
        for r in range(4):
            left, right = right, left ^ (seeding.mix(k + right, r) & mask)
        value[todo] = (left << np.uint64(half)) | right
        todo &= value >= size.astype(np.uint64)
    return value.astype(np.int64)
