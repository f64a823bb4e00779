"""What a budget pays for, of one run or of many. Budgets and costs are in full evaluations: an evaluation costs its
fidelity. Sums of fidelities round; `SLACK` allows for that, here and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL = (1.0,)
"""The levels of who evaluates at full fidelity only."""

SLACK = 1e-9


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


def paid(spent: Floats, budget: int) -> NDArray[np.int64]:
    """How many trials of a run 1, 2, .. `budget` full evaluations pay for, ``(budget,)``.

    Args:
        spent: What the run has spent after each trial, ascending.
    """
    return np.searchsorted(spent - SLACK, np.arange(1, budget + 1), side="right")
