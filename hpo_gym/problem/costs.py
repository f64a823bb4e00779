"""What a budget in cost is counted in, and which tasks can have one.

One unit is the mean cost of a configuration of the task at full fidelity, over the rows that its table measured, as
recorded. So a budget of 33 pays for about 33 full evaluations of random configurations, for fewer dear ones and for
more cheap ones.
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
"""The shipped suites whose tables have measured costs."""


def check_budget_cost(budget: object) -> float:
    """A budget in cost, in units.

    Raises:
        InvalidValueError: It is no number in (0, 1,000,000].
    """
    return real("budget_cost", budget, 0.0, MOST, ", in mean costs of a full evaluation", above=True)


def cost_units(tasks: Sequence[Task], budget: float, levels: Sequence[float] | None = None) -> Floats:
    """The unit of each task, ``(k,)``: mean cost of a full evaluation, in the task's own unit, such as seconds.

    Args:
        tasks: At least one.
        budget: In units: what `check_budget_cost` gave.
        levels: Fidelities that can be asked for; None for all of each task.

    Raises:
        InvalidValueError: A task has no measured costs, has one that is not above 0, or the budget pays for no trial.
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
    """The next number of four digits that is not below a value."""
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return math.ceil(value * scale) / scale
