"""Units of budgets in cost, and the tasks that can have one.

One unit is the mean cost of a configuration of the task at full fidelity, over the measured rows of its table, as
recorded. So a budget of 33 pays for about 33 full evaluations of random configurations, for fewer expensive or more
cheap ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpo_gym.base import Floats, InvalidValueError, real
from hpo_gym.problem.budget import MOST, too_dear
from hpo_gym.problem.task import Task

WITH_COSTS = (
    "AutoML", "Boosting", "Control", "Curves", "FCNet", "LM", "Linear", "MLP", "MLPGrid", "NAS", "NASBench201", "SVM",
    "Studies", "Text", "Vision",
)  # fmt: skip
"""Shipped suites with measured costs."""


def check_budget_cost(budget: object) -> float:
    """Return a budget in cost, in units.

    Raises:
        InvalidValueError: It is no number in (0, 1,000,000].
    """
    return real("budget_cost", budget, 0.0, MOST, ", in mean costs of a full evaluation", above=True)


def cost_units(tasks: Sequence[Task], budget: float, levels: Sequence[float] | None = None) -> Floats:
    """Return the unit of each task, ``(k,)``: mean cost of a full evaluation, in the task's own unit, such as seconds.

    Args:
        tasks: At least one.
        budget: In units, from `check_budget_cost`.
        levels: Available fidelities; None for all of each task.

    Raises:
        InvalidValueError: A task has no measured costs or a cost of 0 or less, or the budget pays for no trial.
    """
    for task in tasks:
        _check(task)
    units = np.array([task.cost_unit for task in tasks])
    cheapest = np.array([_cheapest(task, levels) for task in tasks]) / units
    worst = int(cheapest.argmax())
    if too_dear(cheapest.item(worst), budget):
        raise InvalidValueError(
            f"`budget_cost` must pay for the cheapest trial of each task, got {budget:g}; the nearest is "
            f"{_above(cheapest.item(worst)):g} ({tasks[worst].name!r} of {tasks[worst].suite!r})."
        )
    return units


def _check(task: Task) -> None:
    if math.isnan(task.cost_unit):
        raise InvalidValueError(
            f"`budget_cost` needs measured costs, {task.suite!r} has none ({task.name!r}): give `budget`, in full "
            f"evaluations. Shipped suites with costs: {', '.join(WITH_COSTS)}."
        )
    least = min(task.least_costs)
    if not least > 0.0:
        raise InvalidValueError(
            f"`budget_cost` needs costs above 0, got {least:g} on {task.name!r} of {task.suite!r}: give `budget`, in "
            "full evaluations."
        )


def _cheapest(task: Task, levels: Sequence[float] | None) -> float:
    return min(c for f, c in zip(task.fidelities, task.least_costs, strict=True) if levels is None or f in levels)


def _above(value: float) -> float:
    """Return the next number of four digits at or above a value."""
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return math.ceil(value * scale) / scale
