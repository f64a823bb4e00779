"""Listed configurations: one short list for all tasks of a suite, chosen without a look at any score."""

from __future__ import annotations

import copy
import functools
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, InvalidValueError, Mask, StateError, seeding
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import (
    Points,
    PoolBatch,
    PoolBatchView,
    SearchSpace,
    Suite,
    TaskBatchView,
    batch_of,
    keys,
    pool_of,
)

_OFTEN = 0.9  # share of the meta-train tasks on which a row of a shared pool was measured, at least
_MOST = 4096  # configurations of a list
_KEPT = 32  # lists, and batches that one was placed on


class Listed:
    """Configurations by number.

    Attributes:
        x: Points of the suite's space, ``(c, d)``.
    """

    def __init__(self, x: Points) -> None:
        self.x = x
        self._placed: dict[int, tuple[TaskBatchView, _Places]] = {}

    def __len__(self) -> int:
        return len(self.x)

    @functools.cached_property
    def near(self) -> Ints:
        """Return, for each, all of them by distance in the unit cube, itself first, ``(c, c)``."""
        apart = ((self.x[:, None, :] - self.x[None]) ** 2).sum(2)
        np.fill_diagonal(apart, -1.0)
        return np.argsort(apart, axis=1, kind="stable")

    def at(self, batch: TaskBatchView) -> NDArray[Any]:
        """Return the evaluated configuration of each on each task: rows ``(k, c)``, or points ``(k, c, d)``.

        No row of a task stands for two, unless it has too few. For a row that lacks there, or is listed before, the
        nearest measured row stands that is not listed.
        """
        return self._on(batch).at

    def numbers(self, runs: Runs) -> Ints:
        """Return the number of the configuration of each trial, ``(n, h)``; `c` for others and for none.

        Of several numbers that mean the same one on the task (see `twins`), the lowest.
        """
        places, there, asked = self._on(runs.batch), runs.exists(), runs.ordered(runs.at)
        if places.rows is not None:
            return np.where(there, places.rows[runs.task[:, None], np.where(there, asked, 0)], len(self))
        keys, found = _hashes(asked), np.empty(there.shape, np.int64)
        for j in np.unique(runs.task).tolist():
            who = np.flatnonzero(runs.task == j)
            place = np.minimum(np.searchsorted(places.keys[j], keys[who]), len(self) - 1)
            found[who] = np.where(places.keys[j][place] == keys[who], places.order[j][place], len(self))
        return np.where(there, found, len(self))

    def numbers_of_rows(self, batch: TaskBatchView) -> Ints | None:
        """Return the number of each row of a table, `c` where it has none, ``(k, m)``.

        None of points, and where numbers share a configuration.
        """
        places = self._on(batch)
        return places.rows if places.twins is None else None

    def met(self, runs: Runs, at: NDArray[Any]) -> Mask:
        """Return whether each run has tried its configuration of `at`, ``(n,)``."""
        same = runs.ordered(runs.at) == at[:, None]
        return np.asarray(((same.all(2) if same.ndim > 2 else same) & runs.exists()).any(1))

    def tried(self, runs: Runs) -> Mask:
        """Return which were tried, ``(n, c)``."""
        out = np.zeros((runs.n, len(self) + 1), bool)
        if not runs.fresh:
            np.put_along_axis(out, self.numbers(runs), True, 1)
        twins = self.twins(runs)
        return out[:, :-1] if twins is None else np.take_along_axis(out, twins, 1)

    def twins(self, runs: Runs) -> Ints | None:
        """Return the lowest number with the same configuration on the run's task, ``(n, c)``.

        None if each number has its own on all tasks, as where every task has enough rows.
        """
        twins = self._on(runs.batch).twins
        return None if twins is None else twins[runs.task]

    def same(self, runs: Runs, at: NDArray[Any]) -> Mask:
        """Return which configuration of the list each run's evaluated one of `at` is, ``(n, c)``."""
        same = self.at(runs.batch)[runs.task] == at[:, None]
        return np.asarray(same.all(2) if same.ndim > 2 else same)

    def _on(self, batch: TaskBatchView) -> _Places:
        known = self._placed.get(id(batch))
        if known is None or known[0] is not batch:
            if len(self._placed) >= _KEPT:
                self._placed.clear()
            known = self._placed[id(batch)] = batch, _placed(batch, self.x)
        return known[1]

    def __deepcopy__(self, memo: dict[int, object]) -> Listed:
        return self  # is only read

    def __reduce__(self) -> tuple[type[Listed], tuple[Points]]:
        return Listed, (self.x,)


class Tried:
    """The rows that the only run has tried in its episode; each look adds what is new."""

    def __init__(self) -> None:
        self._task: Ints | None = None  # of the episode: each begins with an array of its own
        self.rows: set[int] = set()
        self.count = 0

    def look(self, runs: Runs) -> bool:
        """Add the trials since the last look; return whether the episode is another one than then."""
        new = runs.task is not self._task
        if new:
            self._task, self.rows, self.count = runs.task, set(), 0
        now = runs.count(0)
        if now == self.count + 1:
            self.rows.add(runs.last_row())
        elif now != self.count:
            self.rows.update(runs.of_one(runs.at).tolist())
        self.count = now
        return new


class OverList:
    """What codecs and observers over a list have in common.

    Attributes:
        length: Number of configurations of the list that an env draws.
    """

    length: int
    _listed: Listed | None = None

    def of_suite(self, suite: Suite, fold: int | None) -> Self:
        """Return the part over the list of a suite."""
        return self.over(draw_listed(suite, fold, self.length))

    def over(self, listed: Listed) -> Self:
        """Return the part over a list."""
        out = copy.copy(self)
        out._listed = listed
        return out

    @property
    def listed(self) -> Listed:
        """The list, known in an env.

        Raises:
            StateError: It has none yet.
        """
        if self._listed is None:
            raise StateError(f"A {type(self).__name__} has no list before it is part of an env.")
        return self._listed


class _Places(NamedTuple):
    """A list on the tasks of a batch.

    Attributes:
        at: `Listed.at`.
        keys, order: Its keys, sorted, and the number of each, ``(k, c)``.
        twins: `Listed.twins`.
        rows: The number of each row of a table, `c` where it has none, ``(k, m)``; None of points.
    """

    at: NDArray[Any]
    keys: NDArray[Any]
    order: Ints
    twins: Ints | None
    rows: Ints | None


def check_count(count: int) -> int:
    """Return a length of a list in its range."""
    if not 2 <= count <= _MOST:
        raise InvalidValueError(f"`2 <= count <= {_MOST}` must hold, got {count}.")
    return count


@functools.lru_cache(maxsize=_KEPT)
def draw_listed(suite: Suite, fold: int | None, count: int) -> Listed:
    """Return `count` configurations of a suite, always the same ones, or all rows of a smaller pool.

    The default, the configurations one step from it, those two steps from it and so on, each ring in an order drawn by
    the suite's name (`SearchSpace.neighbours` defines a step). In the pool that all meta-train tasks share, the
    nearest row stands for each that is not listed yet, among those measured on at least 9 of 10 tasks. Where some tasks
    have fewer hyperparameters, rings would look alike there: the default and a low-discrepancy sequence instead.

    Raises:
        InvalidValueError: The suite has less than two configurations.
    """
    rng = seeding.generator(seeding.key("listed", suite.name))
    narrow = min(t.space.d for t in suite.members)
    x = _around(suite.space, count, rng) if narrow == suite.space.d else _spread(suite.space, count, narrow)
    train = batch_of(suite.tasks("train", fold), suite.space.d)
    if isinstance(train, PoolBatch) and train.one_pool:
        x = _rows_near(train, suite.space, x, count, rng)
    if len(x) < 2:
        raise InvalidValueError(f"A list needs two configurations, {suite.name!r} has {len(x)}.")
    return Listed(x)


def _around(space: SearchSpace, count: int, rng: np.random.Generator) -> Points:
    """Return the default and what is around it, ring after ring, ``(c, d)``; less where a space is smaller."""
    found = ring = {keys(space.default_x[None])[0]: space.default_x}
    while ring and len(found) < count:
        near = np.concatenate([space.neighbours(x) for x in list(ring.values())[:count]])
        near = near[space.legal(near)]
        new = {k: x for k, x in zip(keys(near), near, strict=True) if k not in found}
        order = rng.permutation(len(new))
        ring = {k: new[k] for k in np.array(list(new), object)[order].tolist()}
        found = found | ring
    return np.array(list(found.values()))[:count]


def _spread(space: SearchSpace, count: int, narrow: int) -> Points:
    """Return the default and evenly spread points that differ in their first `narrow` columns, ``(c, d)``."""
    x = np.concatenate([space.default_x[None], space.spread(4 * count)])
    x = space.snap(x[space.legal(x)])
    _, first = np.unique(x[:, :narrow], axis=0, return_index=True)
    return x[np.sort(first)][:count]


def _rows_near(batch: PoolBatch, space: SearchSpace, x: Points, count: int, rng: np.random.Generator) -> Points:
    """Return rows of a shared pool near points, each once, then others by chance, ``(c, d)``."""
    share = batch.measured.mean(0)
    free = share >= min(_OFTEN, np.sort(share)[-min(count, len(share))])
    points = batch.points(np.zeros(batch.m, np.int64), np.arange(batch.m))
    pool, rows = pool_of(space, points), list[int]()
    for point in x[: min(count, int(free.sum()))]:
        rows.append(int(pool.nearest(point[None], free)[0]))
        free[rows[-1]] = False
    left = np.flatnonzero(free)
    more = rng.choice(left, min(count - len(rows), len(left)), replace=False)
    return points[[*rows, *more.tolist()]]


def _placed(batch: TaskBatchView, x: Points) -> _Places:
    k, c = len(batch.tasks), len(x)
    if x.shape[1] < batch.d:
        x = np.concatenate([x, np.full((c, batch.d - x.shape[1]), 0.5)], 1)
    at = batch.place(np.repeat(np.arange(k), c), np.tile(x, (k, 1)))
    at = at.reshape(k, c, *at.shape[1:])
    if isinstance(batch, PoolBatchView):
        for j in range(k):
            at[j] = _distinct(batch, j, x, at[j])
    keys = at if at.ndim == 2 else _hashes(at)
    order = np.argsort(keys, axis=1, kind="stable")
    ordered = np.take_along_axis(keys, order, 1)
    rows = None
    if at.ndim == 2:
        rows = np.full((k, batch.m), c, np.int64)
        for number in reversed(range(c)):  # of several, the lowest
            rows[np.arange(k), at[:, number]] = number
    same = ordered[:, 1:] == ordered[:, :-1]
    if not same.any():
        return _Places(at, ordered, order, None, rows)
    twins = np.stack([o[np.searchsorted(ks, row)] for o, ks, row in zip(order, ordered, keys, strict=True)])
    return _Places(at, ordered, order, twins, rows)


def _distinct(batch: PoolBatchView, j: int, x: Points, rows: Ints) -> Ints:
    """Return rows of a task of which none stands for two configurations, as far as it has as many."""
    _, first = np.unique(rows, return_index=True)
    again = np.setdiff1d(np.arange(len(rows)), first)
    free = batch.measured[j].copy()
    free[rows] = False
    if not len(again) or not free.any():
        return rows
    left = np.flatnonzero(free)
    points = batch.points(np.full(len(left), j), left)
    apart = (x[again] ** 2).sum(1)[:, None] - 2.0 * x[again] @ points.T + (points**2).sum(1)
    out = rows.copy()
    for i, place in enumerate(again.tolist()):
        best = int(apart[i].argmin())
        if not np.isfinite(apart[i, best]):
            break
        out[place] = left[best]
        apart[:, best] = np.inf
    return out


def _hashes(x: NDArray[Any]) -> NDArray[np.uint64]:
    """One number for each point; the same point has the same."""
    bits = np.ascontiguousarray(x, np.float64).view(np.uint64)
    return np.asarray(seeding.mix(bits, np.arange(1, x.shape[-1] + 1, dtype=np.uint64)).sum(-1, dtype=np.uint64))
