"""What a budget pays for, of one run or of many. A budget is in full evaluations, of which an evaluation costs its
fidelity, or in cost, in mean costs of a full evaluation of the task. Sums round; `SLACK` allows for that, here and
nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats

MOST = 1_000_000
"""Of runs, of a budget of either kind and of given points: more is a slip of the pen."""

BUDGET = 33
"""Full evaluations of a run, where nobody says how many."""

FULL = (1.0,)
"""The levels of who evaluates at full fidelity only."""

SLACK = 1e-9
SPENT = 2 * SLACK
"""What is less than this is left of a budget in cost that is spent: the last sums round."""


@overload
def over(left: float, least: float) -> bool: ...
@overload
def over(left: Floats, least: float) -> NDArray[np.bool_]: ...
def over(left: float | Floats, least: float) -> bool | NDArray[np.bool_]:
    """Whether what is left of a budget pays for no evaluation, of which the cheapest costs `least`."""
    return left < least - SLACK


def pays(left: float, cost: float) -> bool:
    """Whether what is left of a budget pays for something that costs `cost`."""
    return cost <= left + SLACK


def payable(levels: Sequence[float], left: float) -> int:
    """Position of the highest of ascending fidelities that what is left pays for; -1 where it pays for none."""
    return bisect_right(levels, left + SLACK) - 1


def affordable(levels: Sequence[float], left: float | Floats) -> Floats:
    """Of each run, the highest of ascending fidelities that what is left pays for; the lowest where it pays for none.

    Args:
        left: ``(n,)``, or one number for all runs.
    """
    known = np.asarray(levels)
    room = np.asarray(left)[..., None] + SLACK
    return np.asarray(np.where(known <= room, known, known[0]).max(-1))


def horizon(budget: float, levels: Sequence[float] = FULL) -> int:
    """The most evaluations that a budget pays for: all at the lowest of ascending fidelities."""
    return int(np.floor(budget / levels[0] + SLACK))


TRIALS_A_UNIT = 16
"""How many trials a unit of a budget in cost has room for, at least."""


def most_trials(budget: float, levels: Sequence[float] = FULL) -> int:
    """The most trials of a run whose budget is in cost, given points not counted.

    Sixteen a unit, or as many as a unit has evaluations at the lowest of ascending fidelities where these are more. It
    bounds what a run holds, and ends one that repeats what costs next to nothing.

    Args:
        budget: In units, above 0.
    """
    return max(int(np.ceil(budget * max(TRIALS_A_UNIT, 1.0 / levels[0]) - SLACK)), 1)


@overload
def too_dear(price: float, left: float) -> bool: ...
@overload
def too_dear(price: Floats, left: Floats) -> NDArray[np.bool_]: ...
def too_dear(price: float | Floats, left: float | Floats) -> bool | NDArray[np.bool_]:
    """Whether a trial at a price does not fit in what is left of a budget in cost, and so is cut."""
    return price > left + SLACK


def ended_by(spent: Floats, points: Floats) -> NDArray[np.int64]:
    """How many trials of a run have ended by each point of its budget in cost, ``(p,)``.

    Args:
        spent: What the run has spent after each trial, ascending.
        points: Of the budget, in the same unit, ``(p,)``.
    """
    return np.searchsorted(spent - SLACK, points, side="right")


def paid(spent: Floats, budget: int) -> NDArray[np.int64]:
    """How many trials of a run 1, 2, .. `budget` full evaluations pay for, ``(budget,)``.

    Args:
        spent: What the run has spent after each trial, ascending.
    """
    return np.searchsorted(spent - SLACK, np.arange(1, budget + 1), side="right")
