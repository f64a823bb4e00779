"""Candidates: the few configurations that an agent with a fixed list of actions chooses among, on any task."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.trained import check_space
from hpo_baselines._transfer.earlier import scaled
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines._transfer.surrogate import candidates_of, table_at
from hpo_gym.base import Ints, InvalidValueError
from hpo_gym.optimize import Context
from hpo_gym.problem import (
    Evaluations,
    Points,
    PoolBatch,
    SearchSpace,
    Task,
    batch_of,
    evaluations,
    known,
    pool_of,
    relative_regret,
)

_OFTEN = 0.5  # share of the meta-train tasks on which a candidate row was measured, at least


@dataclass(frozen=True, eq=False)
class Candidates:
    """Configurations of one search space, by number.

    Attributes:
        space: The (largest) space of the meta-train tasks.
        x: Canonical points of it, ``(c, d)``; on a space of fewer columns the leading ones stand for them.
        rows: Their rows in the pool that all meta-train tasks share, ``(c,)``, or None.
    """

    space: SearchSpace
    x: Points
    rows: Ints | None = None

    def rows_on(self, context: Context) -> Ints | None:
        """Return the rows of the candidates if the context's pool has them at the same places."""
        rows, pool = self.rows, context.pool
        if rows is None or pool is None or len(pool) <= rows.max() or not np.array_equal(pool[rows], self.x):
            return None
        return rows

    def open_on(self, context: Context) -> NDArray[np.bool_]:
        """Return the candidates that can be evaluated, ``(c,)``; all, if none was measured: their nearest rows answer.

        Raises:
            InvalidValueError: The context's space does not begin with the candidates' columns.
        """
        check_space(self.space, context.space)
        rows = self.rows_on(context)
        if rows is None or context.available is None or not np.any(context.available[rows]):
            return np.ones(len(self.x), bool)
        return np.asarray(context.available, bool)[rows]

    def rows_in(self, context: Context) -> Ints:
        """Return the row of the context's pool for each candidate, ``(c,)``: itself, or the nearest available one."""
        rows, pool, space = self.rows_on(context), context.pool, context.space
        if rows is not None and context.available is None:
            return rows
        assert pool is not None
        available = np.ones(len(pool), bool) if context.available is None else np.asarray(context.available, bool)
        if rows is not None and available[rows].any():
            return rows  # the others are not open
        return pool_of(space, pool).nearest(self.points_on(space), available)

    def points_on(self, space: SearchSpace) -> Points:
        """Return the candidates as points of a space, ``(c, d)``, with its own defaults in missing columns."""
        return space.snap(resized(self.x, space.d, space.default_x))

    @functools.cached_property
    def _index(self) -> dict[bytes, int]:
        return {x.tobytes(): i for i, x in enumerate(self.space.snap(self.x))}

    def match(self, x: Points) -> Ints:
        """Return the candidate at each point ``(b, d)``, or `c` if there is none."""
        if x.shape[1] != self.space.d:
            return np.full(len(x), len(self.x))
        return np.array([self._index.get(p.tobytes(), len(self.x)) for p in self.space.snap(x)], np.int64)


def resized(x: Points, d: int, fill: Points) -> Points:
    """Return the leading `d` columns of points, missing ones filled from `fill` ``(d,)``."""
    if x.shape[1] >= d:
        return x[:, :d]
    return np.concatenate([x, np.tile(fill[x.shape[1] :], (len(x), 1))], 1)


def shared_pool(tasks: Sequence[Task]) -> PoolBatch | None:
    """Return the tasks together if they stand in one table with one pool."""
    batch = batch_of(tasks)
    return batch if isinstance(batch, PoolBatch) and batch.one_pool else None


def choose_candidates(
    tasks: Sequence[Task],
    count: int,
    rng: np.random.Generator,
    judged: Callable[[Task], NDArray[np.floating]] | None = None,
) -> Candidates:
    """Choose candidates for meta-train tasks.

    From a pool: half of the rows are the greedy portfolio of the tasks, the others are drawn; only rows measured on at
    least half of the tasks (on `Pipelines` a portfolio of rows measured nearly everywhere is worse). Their order is
    drawn, so that it carries no information. From pools of the tasks' own: the same, among the points of
    `candidates_of`, with the scores of surrogates. Elsewhere: the default configuration and a low-discrepancy sequence.

    Args:
        tasks: They share the first columns of their spaces.
        count: Number of candidates.
        rng: Source of all draws.
        judged: Several regrets in [0, 1] of the evaluations of a task, ``(w, m)``, each treated as that of a task of
            its own; None: that of the score.
    """
    if count < 2:
        raise InvalidValueError(f"`candidates >= 2` must hold, got {count}.")
    widest = max(tasks, key=lambda t: t.space.d)
    for t in tasks:
        check_space(widest.space, t.space)
    batch = shared_pool(tasks)
    if batch is not None:
        regret = regrets(batch) if judged is None else np.concatenate([judged(t) for t in tasks])
        rows = _choose_rows(regret, batch.measured.mean(0), count, rng)
        return Candidates(widest.space, batch.points(np.zeros(len(rows), np.int64), rows), rows)
    space = widest.space
    if isinstance(batch_of(tasks), PoolBatch):
        prior: Sequence[Evaluations] = evaluations(tasks)
        if judged is not None:
            prior = [replace(t.evaluations(), score=-regret) for t in tasks for regret in judged(t)]
        return Candidates(space, _choose_points(space, prior, count, rng))
    x = np.concatenate([space.default_x[None], space.spread(4 * count)])
    x = x[space.legal(x)]
    _, first = np.unique(x, axis=0, return_index=True)
    return Candidates(space, x[np.sort(first)][:count])


def _choose_rows(
    regret: NDArray[np.floating], share: NDArray[np.floating], count: int, rng: np.random.Generator
) -> Ints:
    """Choose rows by their regrets ``(k, m)``, and the share of tasks with a measurement of each, ``(m,)``."""
    if len(share) <= count:
        return np.arange(len(share))
    often = np.flatnonzero(share >= min(_OFTEN, np.sort(share)[-count]))
    return _half_good(often, -regret[:, often], count, rng)


def _choose_points(space: SearchSpace, tasks: Sequence[Evaluations], count: int, rng: np.random.Generator) -> Points:
    tasks = known(space, tasks)
    x = candidates_of(space, tasks)
    worth = np.stack([scaled(y) for y in table_at(space, tasks, x)]) - 1.0
    return x[_half_good(np.arange(len(x)), worth, min(count, len(x)), rng)]


def _half_good(rows: Ints, worth: NDArray[np.floating], count: int, rng: np.random.Generator) -> Ints:
    """So many of the rows, half of them the greedy portfolio; their worth on tasks ``(k, m)`` is from -1 to 0."""
    half = count // 2
    good = Portfolio(rows, worth, start=-1.0, ties="lowest", greedy=half).first(half)
    rest = rng.choice(np.setdiff1d(rows, good), count - len(good), replace=False)
    return rng.permutation(np.concatenate([good, rest]))


def regrets(batch: PoolBatch) -> NDArray[np.float32]:
    """Normalised regret of each row on each task, ``(k, m)``, 1 where not measured."""
    best, worst = np.array([[t.best] for t in batch.tasks]), np.array([[t.worst] for t in batch.tasks])
    return np.where(batch.measured, relative_regret(batch.scores, best, worst), 1.0).astype(np.float32)
