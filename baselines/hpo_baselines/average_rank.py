"""The order of configurations by their average rank on the meta-train tasks."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("average-rank", family="transfer", trainable=False, asked="ahead")
class AverageRank(Planned):
    """Configurations in the order of their rank, averaged over the tasks of `context.prior`, without regard to scores.

    Equal scores share the mean of their ranks; of equal averages, the lower row comes first. `MetaTable` defines the
    compared scores: those of the run's own pool, or, without one, of the tasks' common points. Without a prior, and
    after the last of them: random search.

    **Reference**: Brazdil and Soares, "A comparison of ranking methods for classification algorithm selection", ECML
    2000, https://doi.org/10.1007/3-540-45164-1_8

    **Differs from the paper**: ranks are averaged over whole pools of configurations, not a few algorithms; a
    configuration not measured on a task has an estimated score there.
    """

    version = 1

    def plan(self, run: Run) -> Iterator[Choice]:
        """Return the points of the run's table, best average rank first."""
        table = table_of(run)
        if table is None:
            return
        legal = run.space.legal(table.pool.x)
        for row in average_ranks(table).argsort(kind="stable").tolist():
            if run.pool is table.pool:
                yield row
            elif legal[row]:
                yield table.pool.x[row]


@functools.lru_cache(maxsize=4)
def average_ranks(table: MetaTable) -> NDArray[np.float64]:
    """Return the mean over tasks of each point's rank, 1 the best, ``(m,)``."""
    from scipy.stats import rankdata

    return np.asarray(np.mean([rankdata(-y) for y in table.y], axis=0))
