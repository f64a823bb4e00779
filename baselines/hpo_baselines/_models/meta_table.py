"""`MetaTable`: scores of earlier tasks at one set of points. It is made once for a prior, not for a run."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import imputed, scaled, scores_of, shared_points
from hpo_baselines._transfer.surrogate import candidates_of, table_at
from hpo_gym.base import Floats
from hpo_gym.problem import Evaluations, Pool, SearchSpace, known, pool_of


@dataclass(frozen=True, eq=False)
class MetaTable:
    """Scores of `k` earlier tasks at `m` points.

    Attributes:
        pool: The points: those of the run's pool, or, without one, the tasks' common points.
        y: Scores ``(k, m)``, all finite. A failure has the score of the task's worst success. A configuration not
            measured on a task has its mean standardised score on the others, on the task's scale.
    """

    pool: Pool
    y: Floats

    @functools.cached_property
    def z(self) -> Floats:
        """Scores in [0, 1] by each task's own range, ``(k, m)``."""
        return np.stack([scaled(y) for y in self.y])

    @functools.cached_property
    def z_mean(self) -> NDArray[np.float64]:
        """The mean of `z` over tasks, ``(m,)``."""
        return np.asarray(self.z.mean(0))


def table_of(run: Run) -> MetaTable | None:
    """Return the scores of a run's earlier tasks at the run's points; None if nothing is known.

    A task measured at other points has the scores of its `Surrogate`. Without a pool, the points are the tasks' common
    ones, else `candidates_of` them.
    """
    return _table(run.space, tuple(run.context.prior), run.pool)


@functools.lru_cache(maxsize=4)
def _table(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None) -> MetaTable | None:
    """Return the table; `Evaluations` are identified by object, as in the portfolio."""
    tasks = known(space, prior)
    if not tasks:
        return None
    shared = shared_points(space, tasks)
    if pool is None:
        pool = pool_of(space, candidates_of(space, tasks) if shared is None else shared)
    if shared is not None and np.array_equal(shared, pool.x):
        return MetaTable(pool, imputed(np.stack([scores_of(e) for e in tasks])))
    return MetaTable(pool, imputed(table_at(space, tasks, pool.x)))
