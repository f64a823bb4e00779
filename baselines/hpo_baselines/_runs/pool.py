"""`Pool`: configurations that can be evaluated, found again exactly or by nearness."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.space import Points, SearchSpace

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SMALL = 2048  # a space of at most so many combinations is listed, so that nothing is tried twice
_KEPT = 8
_CHUNK = 1 << 20  # distances computed at once


class Pool:
    """The `m` rows of a pool.

    The squared distance between two configurations adds the squared difference in the unit cube of metric columns (an
    inactive one counts as .5), 1 for another choice of a categorical, and .5 where it is active on one side only.

    Attributes:
        x: Canonical points, ``(m, d)``.
        group: The lowest row of the same configuration, ``(m,)``.
        distinct: Whether no configuration stands in two rows.
    """

    def __init__(self, space: SearchSpace, x: Points) -> None:
        self.space = space
        self.x = space.snap(x)
        self._row: dict[bytes, int] = {}
        self.group = np.array([self._row.setdefault(k, i) for i, k in enumerate(keys(self.x))], np.int64)
        self.distinct = len(self._row) == len(self.group)

    def row(self, x: Points) -> int:
        """The lowest row that is exactly the canonical point `x` ``(d,)``, else -1."""
        return self._row.get(keys(x[None])[0], -1)

    def first(self, available: Mask | None) -> Mask:
        """Rows that may be asked for, ``(m,)``: of each configuration, the lowest that is available."""
        good = np.ones(len(self.x), bool) if available is None else np.array(available, bool)
        if not self.distinct:
            rows = np.flatnonzero(good)
            good[:] = False
            good[rows[np.unique(self.group[rows], return_index=True)[1]]] = True
        return good

    def nearest(self, x: Points, allowed: Mask) -> Ints:
        """The nearest allowed row of each canonical point ``(c, d)``, of equals the lowest; -1 where none is allowed.

        Args:
            allowed: ``(m,)``, or ``(c, m)``.
        """
        allowed = np.broadcast_to(allowed, (len(x), len(self.x)))
        rows = np.empty(len(x), np.int64)
        step = max(1, _CHUNK // len(self.x))
        for part in (slice(i, i + step) for i in range(0, len(x), step)):
            distance = self._norm - 2.0 * (_embed(self.space, x[part]) @ self._features)
            np.round(distance, 9, out=distance)  # what is equally near stays so, whatever the batch
            distance[~allowed[part]] = np.inf
            rows[part] = distance.argmin(1)
        return np.where(allowed[np.arange(len(x)), rows], rows, -1)

    @functools.cached_property
    def _features(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(_embed(self.space, self.x).T)

    @functools.cached_property
    def _norm(self) -> NDArray[np.float64]:
        return np.asarray((self._features**2).sum(0))


def keys(x: Points) -> list[bytes]:
    """What is equal for equal configurations, of canonical points ``(n, d)``."""
    cells = np.ascontiguousarray(np.rint(x * 2.0**32).astype(np.int64))
    return cells.view(np.dtype((np.void, 8 * cells.shape[1])))[:, 0].tolist() if cells.size else []


_recent: list[tuple[Points, Pool]] = []  # contexts of one table hold equal pools, not one and the same


def pool_of(space: SearchSpace, x: NDArray[Any]) -> Pool:
    """The `Pool` of points ``(m, d)``; runs with the same points share one."""
    for at, (known, pool) in enumerate(_recent):
        if pool.space == space and np.array_equal(known, x):
            _recent.insert(0, _recent.pop(at))
            return pool
    given = np.array(x, np.float64)
    pool = Pool(space, given)
    _recent.insert(0, (given, pool))
    del _recent[_KEPT:]
    return pool


@functools.lru_cache(maxsize=32)
def all_points(space: SearchSpace) -> Points | None:
    """All configurations of a small space as canonical points, ``(m, d)``; None of a larger one."""
    if space.size > _SMALL:
        return None
    levels = space.levels(max(2, *(int(h.size) for h in space.hyperparameters)))
    x = space.snap(np.stack([c.ravel() for c in np.meshgrid(*levels, indexing="ij")], 1))
    x = np.unique(x, axis=0)
    return x[space.legal(x)]


def _embed(space: SearchSpace, x: Points) -> NDArray[np.float64]:
    """Coordinates ``(n, p)`` whose squared differences add up to the distance."""
    active, out = space.active(x), [np.zeros((len(x), 1))]
    for j, h in enumerate(space.hyperparameters):
        if h.metric:
            out.append(x[:, j : j + 1])
        elif h.kind == "categorical":
            chosen = h.numbers(x[:, j])[:, None] == np.arange(len(h.choices))
            out.append((chosen & active[:, j : j + 1]) * np.sqrt(0.5))
    return np.concatenate(out, 1)
