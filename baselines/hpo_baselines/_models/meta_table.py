"""`MetaTable`: what earlier tasks scored at one set of points. One rule: it is made once for a prior, not for a run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Run
from hpo_gym.nearest.pool import Pool, pool_of
from hpo_gym.optimizer import Evaluations
from hpo_gym.registry import require
from hpo_gym.space import SearchSpace
from hpo_gym.transfer.acquisition import tame
from hpo_gym.transfer.prior import known, shared_points, successes
from hpo_gym.transfer.regret import scaled

Matrix = NDArray[np.float64]

_DRAWN = 1000  # points of the table where there is no pool and the tasks share no points
_TREES = 40
_LEARNED = 2000  # points of a task that its forest learns from, drawn once


@dataclass(frozen=True, eq=False)
class MetaTable:
    """Scores of `k` earlier tasks at `m` points.

    Attributes:
        pool: The points: those of the run's pool, or, where it has none, those that the tasks share.
        y: Scores ``(k, m)``, all finite. A failure has the score of the task's worst success. What was not measured on
            a task has the mean standardised score of its configuration on the others, on the task's scale.
    """

    pool: Pool
    y: Matrix

    @functools.cached_property
    def z(self) -> Matrix:
        """Scores in [0, 1] by each task's own range, ``(k, m)``."""
        return np.stack([scaled(y) for y in self.y])

    @functools.cached_property
    def z_mean(self) -> NDArray[np.float64]:
        """The mean of `z` over tasks, ``(m,)``."""
        return np.asarray(self.z.mean(0))


def table_of(run: Run) -> MetaTable | None:
    """What the earlier tasks of a run's context scored at the run's points; None where nothing is known.

    Where the tasks were measured at other points than the run's, or each at its own, their scores are those of extra
    trees, one forest for each task, learned from up to 2,000 of its points; that needs scikit-learn. Without a pool,
    the points are those that the tasks share, or 1,000 of the space that are always the same.
    """
    return _table(run.space, tuple(run.context.prior), run.pool)


def scores_of(e: Evaluations) -> NDArray[np.float64]:
    """The scores of a known task, ``(m,)``: NaN where not measured, and of a failure that of the worst success."""
    good = successes(e)
    y = tame(e.score)
    return np.where(good, y, np.where(np.isnan(y), np.nan, y[good].min()))


@functools.lru_cache(maxsize=4)
def _table(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None) -> MetaTable | None:
    """`Evaluations` are told apart by identity, as in the portfolio."""
    tasks = known(space, prior)
    if not tasks:
        return None
    shared = shared_points(space, tasks)
    if pool is None:
        at = space.sample(np.random.default_rng(0), _DRAWN) if shared is None else shared
        pool = pool_of(space, at)
    if shared is not None and np.array_equal(shared, pool.x):
        return MetaTable(pool, _filled(np.stack([scores_of(e) for e in tasks])))
    return MetaTable(pool, np.stack([forest.predict(pool.x) for forest in _forests(space, prior)]))


def _filled(y: Matrix) -> Matrix:
    """Scores ``(k, m)`` with estimates where they are NaN."""
    gone = np.isnan(y)
    if not gone.any():
        return y
    there = ~gone
    count = there.sum(1, keepdims=True)
    mean = np.where(there, y, 0.0).sum(1, keepdims=True) / count
    sd = np.sqrt((np.where(there, y - mean, 0.0) ** 2).sum(1, keepdims=True) / count)
    z = np.where(there, y - mean, 0.0) / np.where(sd > 0, sd, 1.0)
    usual = z.sum(0) / np.maximum(there.sum(0), 1)
    return np.where(gone, mean + sd * usual, y)


@functools.lru_cache(maxsize=2)
def _forests(space: SearchSpace, prior: tuple[Evaluations, ...]) -> tuple[Any, ...]:
    """A forest for each earlier task, that predicts its scores at other points."""
    require("bo")
    return tuple(_forest(space, e) for e in known(space, prior))


def _forest(space: SearchSpace, e: Evaluations) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    y = scores_of(e)
    there = np.flatnonzero(~np.isnan(y))
    if len(there) > _LEARNED:
        there = np.sort(np.random.default_rng(0).choice(there, _LEARNED, replace=False))
    forest = ExtraTreesRegressor(_TREES, min_samples_leaf=2, n_jobs=1, random_state=0)
    return forest.fit(space.snap(e.x[there]), y[there])
