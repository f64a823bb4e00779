"""`Payment`: budgets in cost. A trial takes its cost; one that does not fit in the budget left is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Mask
from hpo_gym.env.runs.slots import Slots
from hpo_gym.problem import Evaluated, Status, too_dear

_LOST = -np.inf


class Payment:
    """Payments of trials from a budget in cost.

    Args:
        units: For each task of the batch, the cost of one unit of the budget, ``(k,)``.
        continued: Tasks on which a trial continues a training (see `hpo_gym.problem.costs`), ``(k,)``.
    """

    def __init__(self, units: Floats | None, continued: Mask | None) -> None:
        self.units = np.empty(0) if units is None else units
        self.continued = np.zeros(len(self.units), bool) if continued is None else continued

    def pay(
        self, runs: Slots, at: NDArray[Any], score: NDArray[Any], outcome: Evaluated, fidelity: Floats | None
    ) -> tuple[NDArray[Any], Evaluated]:
        """Return scores ``(n,)`` and outcomes of trials, of which those that do not fit are cut.

        A trial that is cut has the status TIMEOUT and no score, and takes the budget left.
        """
        _, cost, status = outcome
        if "whole_cost" in runs:
            runs.whole_cost = cost
            cost = self._beyond_known(runs, at, cost, np.ones(runs.n) if fidelity is None else fidelity)
        unit = self.units[runs.task]
        price, left = cost / unit, np.maximum(runs.budget - runs.spent, 0.0)
        cut = too_dear(price, left)
        if np.count_nonzero(cut):
            score = np.where(cut, np.array(_LOST, score.dtype), score)
            cost, price = np.where(cut, left * unit, cost), np.where(cut, left, price)
            status = np.where(cut, np.int8(Status.TIMEOUT), status)
        runs.price = price
        return score, Evaluated(score, cost, status)

    def _beyond_known(self, runs: Slots, at: NDArray[Any], cost: Floats, asked: Floats) -> Floats:
        """Return costs ``(n,)`` of trials, less that of the highest lower fidelity of the same run and configuration.

        Only trials that succeeded leave a checkpoint.
        """
        ticks = np.arange(runs.start.min(), runs.clock)
        if not ticks.size:
            return cost
        slots = ticks % runs.h
        known = runs.at[slots[0] : slots[-1] + 1] if slots[0] <= slots[-1] else runs.at[slots]
        same = known == at if runs.tabular else (known == at).all(2)
        tick, who = np.divmod(np.flatnonzero(same & self.continued[runs.task]), runs.n)  # twice as fast as `nonzero`
        slot, share = slots[tick], runs["fidelity"]
        lower = (ticks[tick] >= runs.start[who]) & (share[slot, who] < asked[who])
        lower &= runs["status"][slot, who] == Status.OK
        slot, who = slot[lower], who[lower]
        order = share[slot, who].argsort(kind="stable")
        spared = np.zeros(runs.n)
        spared[who[order]] = runs["whole_cost"][slot, who][order]  # of several, the highest fidelity stays
        return np.maximum(cost - spared, 0.0)
