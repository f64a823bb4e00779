"""Payments from a budget, of one run or of many. A budget is in full evaluations (an evaluation costs its fidelity), or
in cost (mean costs of a full evaluation of the task). Sums round; `SLACK` allows for that, here and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats

MOST = 1_000_000
"""Upper limit of runs, of budgets of either kind and of initial designs: more is a typing error."""

BUDGET = 33
"""Full evaluations of a run, where nobody says how many."""

FULL = (1.0,)
"""Fidelity levels of full evaluations only."""

SLACK = 1e-9
SPENT = 2 * SLACK
"""A budget in cost with less left than this is spent: the last sums round."""


@overload
def over(left: float, least: float) -> bool: ...
@overload
def over(left: Floats, least: float) -> NDArray[np.bool_]: ...
def over(left: float | Floats, least: float) -> bool | NDArray[np.bool_]:
    """Return whether the rest of a budget pays for no evaluation; the cheapest costs `least`."""
    return left < least - SLACK


def pays(left: float, cost: float) -> bool:
    """Return whether the rest of a budget pays for a given `cost`."""
    return cost <= left + SLACK


def payable(levels: Sequence[float], left: float) -> int:
    """Return the position of the highest affordable fidelity, in ascending order; -1 if there is none."""
    return bisect_right(levels, left + SLACK) - 1


def affordable(levels: Sequence[float] | Floats, left: float | Floats) -> Floats:
    """Return, for each run, the highest affordable fidelity; the lowest if none is affordable.

    Args:
        left: ``(n,)``, or one number for all runs.
    """
    known = np.asarray(levels)
    return np.asarray(known[np.maximum(known.searchsorted(left + SLACK, "right") - 1, 0)])


def horizon(budget: float, levels: Sequence[float] = FULL) -> int:
    """Return the most evaluations that a budget pays for: all at the lowest of ascending fidelities."""
    return int(np.floor(budget / levels[0] + SLACK))


TRIALS_A_UNIT = 16
"""Trials that a unit of a budget in cost has room for, at least."""


def most_trials(budget: float, levels: Sequence[float] = FULL) -> int:
    """Return the most trials of a run with a budget in cost, without the initial design.

    It is sixteen a unit, or the evaluations that a unit buys at the lowest fidelity if these are more. It bounds the
    memory of a run, and ends one that repeats nearly free trials.

    Args:
        budget: In units, above 0.
    """
    return max(int(np.ceil(budget * max(TRIALS_A_UNIT, 1.0 / levels[0]) - SLACK)), 1)


@overload
def too_dear(price: float, left: float) -> bool: ...
@overload
def too_dear(price: Floats, left: Floats) -> NDArray[np.bool_]: ...
def too_dear(price: float | Floats, left: float | Floats) -> bool | NDArray[np.bool_]:
    """Return whether a trial at a price exceeds the rest of a budget in cost, and so is cut."""
    return price > left + SLACK


def ended_by(spent: Floats, points: NDArray[np.floating | np.integer]) -> NDArray[np.int64]:
    """Return how many trials of a run have ended by each point of its budget, ``(p,)``.

    Args:
        spent: Spending of the run after each trial, ascending.
        points: Points of the budget, in the same unit, ``(p,)``.
    """
    return np.searchsorted(spent - SLACK, points, side="right")
