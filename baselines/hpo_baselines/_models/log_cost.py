"""`LogCost`: costs of a run's configurations, from its own trials and from earlier tasks."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from hpo_baselines._models.columns import Columns
from hpo_baselines._models.model_based import rows_of
from hpo_baselines._models.relearned import Relearned
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.costs import log_cost_of
from hpo_baselines._transfer.earlier import Place, shared_points
from hpo_baselines._transfer.surrogate import candidates_of
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.problem import Evaluations, Pool, SearchSpace, known, pool_of

Foretold = Callable[[Place], Floats]
"""The logarithm of the cost that candidates ``(c, d)`` are expected to have, ``(c,)``."""

_SAME = 1e-9  # of logarithms


class LogCost:
    """A Gaussian process of the logarithms of a run's own costs, with a prior mean from earlier tasks.

    The prior mean is the mean over the tasks of `Context.prior` of the centred logarithm of cost (`log_cost_of`): at a
    point outside the run's pool, or outside the points common to the tasks, that of the nearest. It is 0 if no costs
    are known. The excess of trials over it is modelled by the process of `gp-ei`, with a constant. A cost that is not
    positive and finite is unknown.

    Args:
        one_hot: Whether a categorical has a column for each choice (see `Columns`).

    Attributes:
        table: The points known to earlier tasks, with their values, ``(m,)``; None without any.
    """

    def __init__(self, run: Run, *, one_hot: bool = True) -> None:
        self.run, self._columns, self._processes = run, Columns(run.space, one_hot), Relearned()
        self.table = _earlier(run.space, tuple(run.context.prior), run.pool)

    def fit(self, seen: Place, cost: Floats) -> Foretold | None:
        """Return expected costs after trials at `seen` with costs ``(n,)``; None if nothing tells configurations apart.

        Until a cost is known, the logarithm is that of earlier tasks, with mean 0.
        """
        there = np.isfinite(cost) & (cost > 0.0)
        if not there.any():
            return None if self.table is None else self.earlier
        rows = np.arange(len(seen.x)) if isinstance(seen.row, slice) else seen.row
        place = Place(seen.x[there], rows[there] if len(rows) else rows, seen.exact)  # without a table there are none
        more = np.log(cost[there]) - self.earlier(place)
        if self.table is None and np.ptp(more) <= _SAME:
            return None
        process = self._processes.fit(self._features(place), more)
        return lambda at: self.earlier(at) + process.predict(self._features(at))[0]

    def earlier(self, at: Place) -> Floats:
        """Return the mean centred logarithm of the cost of candidates on earlier tasks, ``(c,)``."""
        if self.table is None:
            return np.zeros(len(at.x))
        pool, value = self.table
        if pool is self.run.pool and at.exact:
            return value[at.row]
        return value[rows_of(pool, at.x)]

    def _features(self, at: Place) -> Floats:
        return self._columns(at.x, self.run.pool)


@functools.lru_cache(maxsize=8)
def _earlier(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None) -> tuple[Pool, Floats] | None:
    tasks = known(space, prior)
    if not tasks:
        return None
    if pool is None:
        shared = shared_points(space, tasks)
        pool = pool_of(space, candidates_of(space, tasks) if shared is None else shared)
    value = log_cost_of(space, prior, pool)
    return (pool, value) if value.any() else None


def check_exponent(exponent: float) -> None:
    """Refuse a power of the cost that is negative, infinite or none."""
    if not (exponent >= 0 and np.isfinite(exponent)):
        raise InvalidValueError(f"`0 <= cost_exponent < inf` must hold, got {exponent}; the nearest is 0.")
