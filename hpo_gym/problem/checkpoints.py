"""Checkpoints: a configuration that continues from a lower fidelity pays the difference only.

This holds if costs are cumulative (`Task.cumulative`) and the budget is in cost. A trial continues from the highest
lower fidelity with a success of the same configuration in the same run. So a repeated fidelity is paid again, in full
if there is no lower one, and an earlier trial at a higher fidelity saves a lower one nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_gym.base import InvalidValueError, Mask, shown
from hpo_gym.problem.table import Name, name_of
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Status, Trial

CUMULATIVE = ("Boosting", "Control", "MLP", "NAS", "Studies", "Vision")
"""Shipped suites with one training through all fidelities."""


def check_checkpoints(checkpoints: object, budget_cost: object) -> bool:
    """Return whether checkpoints are kept.

    Raises:
        InvalidValueError: It is neither True nor False, or True without a budget in cost.
    """
    if not isinstance(checkpoints, bool):
        raise InvalidValueError(f"`checkpoints` must be True or False, got {shown(checkpoints)}.")
    if checkpoints and budget_cost is None:
        raise InvalidValueError(
            "`checkpoints` needs `budget_cost`, got True without it; the nearest is `checkpoints=False`."
        )
    return checkpoints


def check_cumulative(tasks: Sequence[Task]) -> None:
    """Refuse tasks without cumulative costs.

    Raises:
        InvalidValueError: Costs of none are cumulative.
    """
    if not any(task.cumulative for task in tasks):
        suites = ", ".join(repr(name) for name in dict.fromkeys(task.suite for task in tasks))
        raise InvalidValueError(
            f"`checkpoints` needs tasks of which one training passes through all fidelities, got {suites}: the nearest "
            f"is `checkpoints=False`. Shipped suites that have them: {', '.join(CUMULATIVE)}."
        )


def kept_on(tasks: Sequence[Task], checkpoints: bool) -> Mask | None:
    """Return the tasks with checkpoints, ``(k,)``; None for none.

    Raises:
        InvalidValueError: Checkpoints are asked for, and costs of none of the tasks are cumulative.
    """
    if not checkpoints:
        return None
    check_cumulative(tasks)
    return np.array([task.cumulative for task in tasks])


class Checkpoints:
    """Payments of one run by configuration, trial by trial, as `Runs` keeps them."""

    def __init__(self) -> None:
        self._kept: dict[Name, dict[float, float]] = {}

    def price(self, trial: Trial) -> float:
        """Return the price of a trial; `cost` is its price without checkpoints."""
        known = self._kept.get(name_of(trial.config), {})
        lower = [fidelity for fidelity in known if fidelity < trial.fidelity]
        return max(trial.cost - known[max(lower)], 0.0) if lower else trial.cost

    def keep(self, trial: Trial, cost: float) -> None:
        """Keep the checkpoint of a trial that has ended; a failure leaves none.

        Args:
            trial: The trial as recorded in the run.
            cost: Its cost without checkpoints.
        """
        if trial.status is Status.OK:
            self._kept.setdefault(name_of(trial.config), {})[trial.fidelity] = cost
