"""What a run has spent of a budget in cost after each trial, and where it stands at evenly spaced points of it.

A trial counts from when it has ended: at a point, the incumbent is that of the trials that ended by then. One that was
cut has never ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.problem import Status, ended_by

POINTS = 33
"""Points of a budget in cost at which a run is looked at."""

Arrays = Mapping[str, NDArray[Any]]


def points(budget_cost: float) -> Floats:
    """The points of a budget in cost, in its unit, ``(33,)``; the last one is the budget."""
    return budget_cost * np.arange(1, POINTS + 1) / POINTS


def spent_of(cost: Floats, unit: float, n_init: int = 0) -> Floats:
    """What a run has spent after each trial, in units, ``(t,)``; 0 after given points, which cost nothing.

    Args:
        cost: Of each trial, in the task's own unit, ``(t,)``.
    """
    charged = np.where(np.arange(len(cost)) < n_init, 0.0, cost / unit)
    return np.cumsum(charged)


def ended(arrays: Arrays, budget_cost: float) -> Ints:
    """How many trials of a run have ended at each point, ``(33,)``, one that was cut counted at the budget.

    Args:
        arrays: Of the run; `spent` among them.
    """
    return ended_by(arrays["spent"], points(budget_cost))


def waiting(arrays: Arrays, budget_cost: float) -> int:
    """At how many points the first trial has not ended yet: there the run stands at a random configuration."""
    if not len(arrays["spent"]) or arrays["status"][0] == Status.TIMEOUT:
        return POINTS
    return int((ended(arrays, budget_cost) == 0).sum())


def cut_trials(arrays: Arrays) -> int:
    """How many trials of a run were cut, since they did not fit in what was left of a budget in cost: 0 or 1."""
    return int((arrays["status"] == Status.TIMEOUT).sum())
