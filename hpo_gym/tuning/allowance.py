"""Limits of a tuning: a number of trials, or their total cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import real, whole
from hpo_gym.problem import AMOUNTS, MOST, TRIALS_A_UNIT, Evaluations, Status
from hpo_gym.tuning.study import Ended

TRIALS = 33
"""Default number of trials; also the number that a budget in cost is assumed to buy if nothing else is known."""
FREE = TRIALS_A_UNIT * TRIALS
"""Nearly free trials, below a millionth of the budget, allowed before it counts as spent."""


@dataclass(frozen=True)
class Allowance:
    """Limits of a tuning.

    Attributes:
        trials: The most trials.
        cost: Their total cost, in the unit of `Trial.cost`; None for no limit.
    """

    trials: int = TRIALS
    cost: float | None = None

    def share(self, ended: Sequence[Ended]) -> float:
        """Return the spent share of the cost, above 1 if the last trial exceeded the rest; 0 without a limit."""
        return 0.0 if self.cost is None else sum(e.cost for e in ended) / self.cost

    def spent(self, ended: Sequence[Ended]) -> bool:
        """Return whether nothing is left for another trial, or the allowed number of free ones was reached."""
        if self.cost is None:
            return False
        free = sum(e.cost * MOST < self.cost for e in ended)
        return self.share(ended) >= 1.0 or free >= FREE

    def unit(self, prior: Sequence[Evaluations]) -> float | None:
        """Return `Context.unit` for optimizers.

        It is the mean over earlier tasks of the mean cost of their successes. Without costs, the cost of a trial is
        unknown before the first, and the budget is assumed to pay for 33 of them.
        """
        if self.cost is None:
            return None
        means = [float(np.mean(cost)) for e in prior if len(cost := _paid(e))]
        return float(np.mean(means)) if means else self.cost / TRIALS

    def context_budget(self, prior: Sequence[Evaluations]) -> float:
        """Return `Context.budget` for optimizers: trials, or the cost in the unit."""
        unit = self.unit(prior)
        return float(self.trials) if unit is None or self.cost is None else self.cost / unit


def allowance(budget: int | None, cost: float | None) -> Allowance:
    """Return the limits of a tuning.

    Args:
        budget: Trials; None: 33, or with `cost` as many as it pays for.
        cost: In the unit of the trials' cost.

    Raises:
        InvalidValueError: One is out of range.
    """
    trials = None if budget is None else whole("budget", budget, 1, MOST, ", or None")
    if cost is None:
        return Allowance(TRIALS if trials is None else trials)
    unit = ", in seconds or in what the objective tells as `cost`, or None"
    return Allowance(MOST if trials is None else trials, real(AMOUNTS[1], cost, 0.0, also=unit, above=True))


def _paid(e: Evaluations) -> NDArray[np.float64]:
    paid: NDArray[np.float64] = e.cost[(e.status == Status.OK) & np.isfinite(e.cost) & (e.cost > 0.0)]
    return paid
