"""Cost spent by a run after each trial, and its state at evenly spaced points of a budget in cost.

A trial counts from its end: the incumbent at a point is that of the trials ended by then. A cut trial never ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.problem import POINTS, Status, ended_by

Arrays = Mapping[str, NDArray[Any]]


def points(amount: float) -> Floats:
    """Return the points of a budget in cost, in its unit, ``(33,)``; the last one is the budget."""
    return amount * np.arange(1, POINTS + 1) / POINTS


def spent_of(cost: Floats, unit: float, n_init: int) -> Floats:
    """Return the budget used after each trial, in units, ``(t,)``; the initial design costs nothing.

    Args:
        cost: Of each trial, in the task's own unit, ``(t,)``.
    """
    charged = np.where(np.arange(len(cost)) < n_init, 0.0, cost / unit)
    return np.cumsum(charged)


def ended(arrays: Arrays, amount: float) -> Ints:
    """Count the ended trials of a run at each point of a budget in cost, ``(33,)``; a cut one ends at the budget.

    Args:
        arrays: Of the run; `spent` among them.
    """
    return ended_by(arrays["spent"], points(amount))


def waiting(arrays: Arrays, amount: float) -> int:
    """Count the points before the end of the first trial: there the run stands at a random configuration."""
    if not len(arrays["spent"]) or arrays["status"][0] == Status.TIMEOUT:
        return POINTS
    return int((ended(arrays, amount) == 0).sum())


def cut_trials(arrays: Arrays) -> int:
    """Count the cut trials of a run, beyond the rest of a budget in cost: 0 or 1."""
    return int((arrays["status"] == Status.TIMEOUT).sum())
