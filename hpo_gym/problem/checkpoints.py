"""Checkpoints: who keeps them pays, for a configuration that goes on from a lower fidelity, the difference alone.

Only where costs are cumulative (`Task.cumulative`) and the budget is in cost. A trial goes on from the highest lower
fidelity at which the same run has evaluated the same configuration with success. So the same fidelity again is paid
again, in full where there is none below it, and a higher one before spares a lower one nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_gym.base import InvalidValueError, Mask, shown
from hpo_gym.problem.table import Name, name_of
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Status, Trial

CUMULATIVE = ("Boosting", "Control", "MLP", "NAS", "Studies", "Vision")
"""The shipped suites of which one training passes through all fidelities."""


def check_checkpoints(checkpoints: object, budget_cost: object) -> bool:
    """Whether checkpoints are kept.

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
    """Refuse tasks of which checkpoints spare nothing.

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
    """On which tasks a trial goes on from a checkpoint, ``(k,)``; None: on none.

    Raises:
        InvalidValueError: Checkpoints are asked for, and costs of none of the tasks are cumulative.
    """
    if not checkpoints:
        return None
    check_cumulative(tasks)
    return np.array([task.cumulative for task in tasks])


class Checkpoints:
    """What one run has paid for by configuration: as `Runs` has it, of one run trial by trial."""

    def __init__(self) -> None:
        self._kept: dict[Name, dict[float, float]] = {}

    def price(self, trial: Trial) -> float:
        """What a trial costs, of which `cost` is what it would without checkpoints."""
        known = self._kept.get(name_of(trial.config), {})
        lower = [fidelity for fidelity in known if fidelity < trial.fidelity]
        return max(trial.cost - known[max(lower)], 0.0) if lower else trial.cost

    def keep(self, trial: Trial, cost: float) -> None:
        """Keep the checkpoint of a trial that has ended; of a failure there is none.

        Args:
            trial: As the run has it.
            cost: What it would cost without checkpoints.
        """
        if trial.status is Status.OK:
            self._kept.setdefault(name_of(trial.config), {})[trial.fidelity] = cost
