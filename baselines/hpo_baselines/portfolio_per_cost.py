"""The control that looks at the clock: the greedy portfolio by gain per cost."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._transfer.costs import log_cost_of
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines.greedy_portfolio import candidates_and_worth, choices_of
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import COST, Evaluations, Pool, SearchSpace, pool_of

EXPONENT = 0.7


@OPTIMIZERS.register("portfolio-per-cost", family="transfer", trainable=False, asked="ahead")
class PortfolioPerCost(Planned):
    """`portfolio` with the greatest gain for its cost to the power of .7 (`exponent`) as each next configuration.

    The gain is the reduction of the mean over earlier tasks of the lowest normalised regret so far. Its cost is the
    exponential of the mean over earlier tasks of the logarithm of its cost, each task's centred; a task does not count
    if its cost is unknown. Once no configuration gains anything, the rest come by their mean. Without costs it is
    `portfolio`. Without a prior: random search.

    **Reference**: as `portfolio`; gain per cost as in Streeter and Golovin, "An online algorithm for maximizing
    submodular functions", NeurIPS 2008.

    **Differs from the paper**: the cost has a power.

    Args:
        exponent: Of the cost; 0 is `portfolio`.
    """

    version = 1

    def __init__(self, exponent: float = EXPONENT) -> None:
        self.exponent = exponent

    @property
    def remembers(self) -> tuple[str, ...]:
        """Costs, unless they have no power."""
        return (COST,) if self.exponent else ()

    def plan(self, run: Run) -> Iterator[Choice]:
        """Return the portfolio of the run's prior."""
        if not (self.exponent >= 0 and np.isfinite(self.exponent)):
            raise InvalidValueError(f"`0 <= exponent < inf` must hold, got {self.exponent}; the nearest is 0.")
        return choices_of(_portfolio(run.space, tuple(run.context.prior), run.pool, float(self.exponent)), run)


@functools.lru_cache(maxsize=4)
def _portfolio(
    space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None, exponent: float
) -> Portfolio | None:
    found = candidates_and_worth(space, prior, pool)
    if found is None:
        return None
    x, worth = found
    return Portfolio(x, worth, price=np.exp(exponent * log_cost_of(space, prior, pool_of(space, x))))
