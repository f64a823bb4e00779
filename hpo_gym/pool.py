"""`Pool`: configurations that can be evaluated, found again exactly or by nearness. Nobody else says what is near.

The squared distance between two configurations adds, column by column, the squared difference in the unit cube where a
metric hyperparameter is active on both sides, 1 for another choice of a categorical, and 1 where only one side is
active; of rows as near, the lowest is the nearest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym import seeding
from hpo_gym.space import Points, SearchSpace

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_DISTANCES = 1 << 22  # held at a time
_ROUGH = 2e-6  # more than float32 is off in a squared distance, per term of it; a term is at most 2
_FEW = 256  # points that a dictionary finds faster than sorted hashes do
_KEPT = 8
_SMALL = 2048


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
        """The lowest row that is exactly the canonical point `x` ``(d,)``, else -1."""
        return self._places.get(self._cells(x).tobytes(), -1)

    def exact(self, x: Points) -> Ints:
        """As `row`, of points ``(n, d)``."""
        if len(x) <= _FEW:
            return np.array([self._places.get(one, -1) for one in _bytes(self._cells(x))], np.int64)
        known, rows = self._hashed
        hashes = _mixed(self._cells(x).T)
        at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        return np.where(known[at] == hashes, rows[at], -1)

    @functools.cached_property
    def group(self) -> Ints:
        """The lowest row of the same configuration, ``(m,)``."""
        return np.array([self._places[one] for one in _bytes(self._cells(self.x))], np.int64)

    @functools.cached_property
    def distinct(self) -> bool:
        """Whether no configuration stands in two rows."""
        return len(self._places) == len(self.x)

    def first(self, available: NDArray[Any] | None) -> Mask:
        """Rows that may be asked for, ``(m,)``: of each configuration, the lowest that is available."""
        good = np.ones(len(self.x), bool) if available is None else np.array(available, bool)
        if not self.distinct:
            rows = np.flatnonzero(good)
            good[:] = False
            good[rows[np.unique(self.group[rows], return_index=True)[1]]] = True
        return good

    def _cells(self, x: Points) -> Keys:
        """Numbers that are equal for equal configurations, of the shape of `x`."""
        return np.ascontiguousarray(x).view(np.uint64) if self._fine else _coarse(x)

    @functools.cached_property
    def _fine(self) -> bool:
        """Whether rows are too close for float32."""
        return len(set(_bytes(_coarse(self.x)))) < len(set(_bytes(self.x)))

    @functools.cached_property
    def _places(self) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for row, one in enumerate(_bytes(self._cells(self.x))):
            found.setdefault(one, row)
        return found

    @functools.cached_property
    def _hashed(self) -> tuple[Keys, Ints]:
        """Hashes of the rows in order, and whose they are."""
        hashes = _mixed(self._cells(self.x).T)
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    # ------------------------------------------------------------------ by nearness
    def nearest(self, x: Points, allowed: Mask) -> Ints:
        """The nearest allowed row of each canonical point ``(n, d)``, -1 where none is allowed; itself, if it is a row.

        Args:
            allowed: ``(m,)``, or ``(n, m)``.
        """
        rows = self.exact(x)
        lost = np.flatnonzero((rows < 0) | ~_of_rows(allowed, rows))
        chunk = max(1, _DISTANCES // len(self.x))
        for part in np.split(lost, range(chunk, len(lost), chunk)):
            if part.size:
                rows[part] = self._nearest(x[part], allowed if allowed.ndim == 1 else allowed[part])
        return rows

    def _nearest(self, x: Points, allowed: Mask) -> Ints:
        """As `nearest`, of what is no row: in float32, and again where that cannot tell two rows apart."""
        q, everyone = _of_points(self.space, x), np.arange(len(x))
        differ, factors = self._rough
        rough = q[:, differ].astype(np.float32) @ factors
        _close(rough, allowed)
        rows = rough.argmin(1)
        least = rough[everyone, rows]
        rough[everyone, rows] = np.inf
        second = rough[everyone, rough.argmin(1)]
        most = least + np.float32(_ROUGH * q.shape[1])
        unsure = np.flatnonzero(second <= most)
        if unsure.size:
            near = rough[unsure] <= most[unsure, None]
            near[everyone[: len(unsure)], rows[unsure]] = True
            few = np.flatnonzero(near.any(0))
            distance = self._distances(q[unsure], few)
            _close(distance, allowed[few] if allowed.ndim == 1 else allowed[unsure[:, None], few])
            rows[unsure] = few[distance.argmin(1)]
        return np.where(_of_rows(allowed, rows), rows, -1)

    def distances(self, x: Points) -> Floats:
        """Squared distances of canonical points ``(n, d)`` to all rows, ``(n, m)``."""
        return self._distances(_of_points(self.space, x), slice(None))

    def _distances(self, q: Floats, rows: Ints | slice) -> Floats:
        return np.round(q @ self._factors[:, rows], 12)  # so that what is as near is equal

    @functools.cached_property
    def _factors(self) -> Floats:
        return _of_pool(self.space, self.x)

    @functools.cached_property
    def _rough(self) -> tuple[Ints, NDArray[np.float32]]:
        """The factors in which rows differ, and their values: the others do not decide which row is nearest."""
        differ = np.flatnonzero(np.ptp(self._factors, axis=1))
        return differ, self._factors[differ].astype(np.float32)


def _of_rows(allowed: Mask, rows: Ints) -> Mask:
    return allowed[rows] if allowed.ndim == 1 else allowed[np.arange(len(rows)), rows]


def _close(distance: NDArray[Any], allowed: Mask) -> None:
    """Put the rows that are not allowed out of reach."""
    if allowed.ndim == 2:
        distance[~allowed] = np.inf
    elif not allowed.all():
        distance[:, ~allowed] = np.inf


# ---------------------------------------------------------------------- the distance, as a sum of products
class _Columns(NamedTuple):
    """Metric columns ``(p,)`` and others ``(q,)`` with their number of choices; of each choice, its column of the
    others and its place there."""

    metric: Ints
    other: Ints
    choices: Floats
    column: Ints
    place: Ints


@functools.lru_cache(maxsize=64)
def _columns(space: SearchSpace) -> _Columns:
    metric = [j for j, h in enumerate(space.hyperparameters) if h.metric]
    other = [j for j, h in enumerate(space.hyperparameters) if not h.metric]
    count = [len(space.hyperparameters[j].choices) for j in other]
    places = [np.arange(c) for c in count]
    return _Columns(
        np.array(metric, np.int64), np.array(other, np.int64), np.array(count, np.float64),
        np.repeat(np.arange(len(other)), count), np.concatenate([np.empty(0, np.int64), *places]),
    )  # fmt: skip


def _parts(space: SearchSpace, x: Points) -> tuple[Floats, Floats, Floats, Floats]:
    """Of points: what is active ``(n, d)``; of metric columns, that and the value; of others, which choice is taken."""
    c, active = _columns(space), space.active(x).astype(np.float64)
    u, there = x[:, c.metric], active[:, c.metric]
    code = np.minimum(np.floor(x[:, c.other] * c.choices), c.choices - 1)
    chosen = (code[:, c.column] == c.place) * active[:, c.other][:, c.column]
    return active, there, u, chosen


def _of_points(space: SearchSpace, x: Points) -> Floats:
    """Factors on the side of the points, ``(n, f)``."""
    active, there, u, chosen = _parts(space, x)
    return np.concatenate([np.ones((len(x), 1)), active, there * u * u, there * u, chosen], 1)


def _of_pool(space: SearchSpace, x: Points) -> Floats:
    """Factors on the side of the rows, ``(f, m)``; the sum of products is the squared distance.

    With `a` for active, ``|a - a'| = a + a' - 2 a a'``; a metric column adds ``a a' (u - u')^2``, another one ``a a'``
    less 1 where the choice is the same.
    """
    active, there, u, chosen = _parts(space, x)
    both = 1.0 - 2.0 * active
    both[:, _columns(space).metric] += there * u * u
    both[:, _columns(space).other] += active[:, _columns(space).other]
    return np.concatenate([active.sum(1)[:, None], both, there, -2.0 * there * u, -chosen], 1).T.copy()


# ---------------------------------------------------------------------- points as keys
def keys(x: Points) -> list[bytes]:
    """What is equal for equal configurations, of canonical points ``(n, d)``."""
    return _bytes(np.rint(x * 2.0**32).astype(np.int64))


def _coarse(x: Points) -> Keys:
    return np.rint(x * 2.0**24).astype(np.uint64)  # most points in float32 match too


def _bytes(cells: NDArray[Any]) -> list[bytes]:
    """The bytes of each row of an array of 8-byte numbers, ``(n, d)``."""
    cells = np.ascontiguousarray(cells)
    return cells.view(np.dtype((np.void, 8 * cells.shape[1])))[:, 0].tolist() if cells.size else []


def _mixed(columns: Iterable[Keys]) -> Keys:
    hashes: Keys | None = None
    for column in columns:
        hashes = seeding.mix(np.zeros_like(column) if hashes is None else hashes, column)
    assert hashes is not None
    return hashes


# ---------------------------------------------------------------------- pools
_recent: list[tuple[Points, Pool]] = []  # contexts of one table hold equal pools, not one and the same


def pool_of(space: SearchSpace, x: NDArray[Any]) -> Pool:
    """The `Pool` of points ``(m, d)``; who asks with the same points shares one."""
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
    """All configurations of a space of at most 2,048 combinations as canonical points, ``(m, d)``; None of a larger."""
    if space.size > _SMALL:
        return None
    levels = space.levels(max(2, *(int(h.size) for h in space.hyperparameters)))
    x = space.snap(np.stack([c.ravel() for c in np.meshgrid(*levels, indexing="ij")], 1))
    x = np.unique(x, axis=0)
    return x[space.legal(x)]


# ---------------------------------------------------------------------- what tasks have of a pool
class Gaps:
    """What answers for rows that were not measured: the nearest of those that were.

    Args:
        measured: Which rows each of `k` tasks has, ``(k, m)``.
        pool: The pool of a task.
    """

    def __init__(self, measured: Mask, pool: Callable[[int], Pool]) -> None:
        self.measured, self._pool = measured, pool
        self._answers = np.full(measured.shape, -1, np.int32)

    def answer(self, task: int, row: int) -> int:
        """As `answering`, of one row."""
        if self.measured.item(task, row):
            return row
        known: int = self._answers.item(task, row)
        return known if known >= 0 else int(self.answering(np.array([task]), np.array([row])).item())

    def answering(self, task: Ints, rows: Ints) -> Ints:
        """Rows ``(n,)`` themselves where measured, else the nearest measured ones; found once, then remembered."""
        out = np.where(self.measured[task, rows], rows, self._answers[task, rows])
        unknown = np.flatnonzero(out < 0)
        for k in np.unique(task[unknown]).tolist():
            who = unknown[task[unknown] == k]
            pool, asked = self._pool(k), np.unique(rows[who])
            self._answers[k, asked] = pool.nearest(pool.x[asked], self.measured[k])
            out[who] = self._answers[k, rows[who]]
        return out


def draw_rows(first: tuple[Ints, Ints], task: Ints, world: Keys, count: int, salt: int) -> Ints:
    """Draw `count` measured rows of each run's task by its world, ``(n, count)``, distinct while there are enough.

    Args:
        first: The rows of each task, measured ones first, ``(k, m)``, and how many those are, ``(k,)``.
    """
    rows, size = first[0], first[1][task]
    order = _permute(np.arange(count) % size[:, None], size[:, None], seeding.mix(world, salt)[:, None], rows.shape[1])
    return np.asarray(rows[task[:, None], order], np.int64)


def _permute(position: Ints, size: Ints, key: Keys, most: int) -> Ints:
    """A keyed permutation of ``range(size)`` at `position`: a Feistel network with cycle walking.

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
