"""`Budget`, the unit of one in cost, and the checkpoints that lower its prices.

One unit is the mean cost of a configuration of the task at full fidelity, over the measured rows of its table. So a
budget of 33 pays for about 33 full evaluations of random configurations, for fewer expensive or more cheap ones.

With checkpoints, a trial pays only the cost beyond that of the highest lower fidelity at which the same run has
evaluated the same configuration with success. Repeating a fidelity is paid in full again, and a higher fidelity
evaluated before saves a lower one nothing. They need cumulative costs (`Task.cumulative`).

Of a cost not yet paid, earlier tasks with a shared pool tell all that may be known: the logarithm of a task's costs
counts, less its mean over the points, so expensive tasks count as much as cheap ones, and units do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError, Mask, real, shown, unknown, whole
from hpo_gym.problem.budget import BUDGET, MOST, horizon, most_trials, too_dear
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.task import Task

EVALUATIONS, COST = "evaluations", "cost"
AMOUNTS, KEPT = ("budget", "budget_cost"), "checkpoints"
"""Keywords of a budget in each unit, and of its checkpoints, as calls and stored files name them."""

POINTS = 33
"""Evenly spaced points of a budget in cost at which results are read."""

WITH_COSTS = (
    "AutoML", "Boosting", "Control", "Curves", "FCNet", "LM", "Linear", "MLP", "MLPGrid", "NAS", "NASBench201", "SVM",
    "Studies", "Text", "Vision",
)  # fmt: skip
"""The shipped suites whose tables have measured costs."""

CUMULATIVE = ("Boosting", "Control", "MLP", "NAS", "Studies", "Vision")
"""The shipped suites on which one training passes through all fidelities."""


@dataclass(frozen=True)
class Budget:
    """The budget of a run.

    Attributes:
        amount: Number of units, above 0.
        unit: "evaluations" (full ones; a trial takes its fidelity) or "cost" (mean costs of a full evaluation of the
            task; a trial takes its price, and the one that exceeds the rest is cut).
        checkpoints: Whether trials continue trainings, of a budget in cost on tasks with cumulative costs.
    """

    amount: float = BUDGET
    unit: str = EVALUATIONS
    checkpoints: bool = False

    def __post_init__(self) -> None:
        if self.unit not in (EVALUATIONS, COST):
            raise unknown("unit of a budget", self.unit, (EVALUATIONS, COST))

    @classmethod
    def of(cls, budget: object, cost: object = None, kept: object = False, default: int = BUDGET) -> Budget:
        """Return the budget of a call's keywords `budget`, `budget_cost` and `checkpoints`.

        Args:
            default: Full evaluations where neither amount is given.

        Raises:
            InvalidValueError: One of them is out of its range, or they exclude each other.
        """
        if not isinstance(kept, bool):
            raise InvalidValueError(f"`{KEPT}` must be True or False, got {shown(kept)}.")
        if kept and cost is None:
            raise InvalidValueError(
                f"`{KEPT}` needs `budget_cost`, got True without it; the nearest is `{KEPT}=False`."
            )
        if cost is None:
            return cls(whole("budget", default if budget is None else budget, 1, MOST))
        amount = real("budget_cost", cost, 0.0, MOST, ", in mean costs of a full evaluation", above=True)
        if budget is not None:
            raise InvalidValueError(
                f"`budget` and `budget_cost` exclude each other, got {shown(budget)}, {shown(cost)}."
            )
        return cls(amount, COST, kept)

    @property
    def in_cost(self) -> bool:
        """True for a budget in cost."""
        return self.unit == COST

    @property
    def keyword(self) -> str:
        """The keyword that sets its amount."""
        return AMOUNTS[self.in_cost]

    @property
    def points(self) -> int:
        """Number of points at which results are read: after each full evaluation, or at 33 of a budget in cost."""
        return POINTS if self.in_cost else int(self.amount)

    def horizon(self, levels: Sequence[float]) -> int:
        """Return the most trials that it pays for at ascending fidelities, initial design not counted."""
        return (most_trials if self.in_cost else horizon)(self.amount, levels)

    def settings(self) -> dict[str, Any]:
        """Return the keywords that make it, None or False where not set."""
        amounts: dict[str, Any] = {name: self.amount if name == self.keyword else None for name in reversed(AMOUNTS)}
        return {**amounts, KEPT: self.checkpoints}

    def to_json(self) -> dict[str, Any]:
        """Return the keywords that are set."""
        return {name: value for name, value in self.settings().items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Budget:
        """Return the budget of `to_json`."""
        return cls.of(stored.get(AMOUNTS[0]), stored.get(AMOUNTS[1]), stored.get(KEPT, False))

    def units(self, tasks: Sequence[Task], levels: Sequence[float] | None = None) -> Floats | None:
        """Return the unit of each task, ``(k,)``, in the task's own (such as seconds); None of one in evaluations.

        Args:
            tasks: At least one.
            levels: Available fidelities; None for all of each task.

        Raises:
            InvalidValueError: A task has no measured costs, or one that is not above 0, or no trial is affordable.
        """
        if not self.in_cost:
            return None
        for task in tasks:
            _check(task, self.keyword)
        units = np.array([task.cost_unit for task in tasks])
        costs = [zip(task.fidelities, task.least_costs, strict=True) for task in tasks]
        cheapest = np.array([min(c for f, c in of if levels is None or f in levels) for of in costs]) / units
        worst = int(cheapest.argmax())
        if too_dear(cheapest.item(worst), self.amount):
            scale = 10.0 ** (3 - math.floor(math.log10(cheapest.item(worst))))
            above = math.ceil(cheapest.item(worst) * scale) / scale  # the next number of four digits
            raise InvalidValueError(
                f"`{self.keyword}` must pay for the cheapest trial of each task, got {self.amount:g}; the nearest is "
                f"{above:g} ({tasks[worst].name!r} of {tasks[worst].suite!r})."
            )
        return units

    def kept_on(self, tasks: Sequence[Task]) -> Mask | None:
        """Return on which tasks trials continue trainings, ``(k,)``; None: on none, without checkpoints.

        Raises:
            InvalidValueError: With checkpoints, costs of none of the tasks are cumulative.
        """
        if not self.checkpoints:
            return None
        if not any(task.cumulative for task in tasks):
            suites = ", ".join(repr(name) for name in dict.fromkeys(task.suite for task in tasks))
            raise InvalidValueError(
                f"`{KEPT}` needs tasks of which one training passes through all fidelities, got {suites}: the nearest "
                f"is `{KEPT}=False`. Shipped suites that have them: {', '.join(CUMULATIVE)}."
            )
        return np.array([task.cumulative for task in tasks])


def _check(task: Task, keyword: str) -> None:
    if math.isnan(task.cost_unit):
        raise InvalidValueError(
            f"`{keyword}` needs measured costs, {task.suite!r} has none ({task.name!r}): give `budget`, in full "
            f"evaluations. Shipped suites with costs: {', '.join(WITH_COSTS)}."
        )
    least = min(task.least_costs)
    if not least > 0.0:
        raise InvalidValueError(
            f"`{keyword}` needs costs above 0, got {least:g} on {task.name!r} of {task.suite!r}: give `budget`, in "
            "full evaluations."
        )


def log_costs(e: Evaluations) -> Floats:
    """Return the natural logarithm of each point's cost on an earlier task, less their mean, ``(m,)``.

    It is NaN for points without a measured positive cost, and everywhere if costs are equal: they tell nothing.
    """
    there = ~np.isnan(e.score) & np.isfinite(e.cost) & (e.cost > 0.0)
    out = np.full(len(e.cost), np.nan)
    if there.any() and np.ptp(e.cost[there]) > 0.0:
        logs = np.log(e.cost[there])
        out[there] = logs - logs.mean()
    return out


def mean_log_costs(prior: Sequence[Evaluations], m: int) -> NDArray[np.float32]:
    """Mean of `log_costs` over earlier tasks that share a pool of `m` rows, ``(m,)``; 0 where none knows it."""
    total, count = np.zeros(m), np.zeros(m)
    for e in prior:
        add(total, count, log_costs(e))
    return _mean(total, count)


def earlier_costs(tasks: Sequence[Task], earlier: Sequence[Task], m: int) -> NDArray[np.float32]:
    """Return the cost of `m` rows on earlier tasks of their table, ``(k, m)``: `mean_log_costs` without its own family.

    It is 0 for unknown costs, and if each task has a pool of its own.

    Args:
        tasks: `k` tasks with pools of at most `m` rows.
        earlier: Tasks that may be known, such as the training split.
    """
    out = np.zeros((len(tasks), m), np.float32)
    for table in {t.together for t in tasks}:
        mine = [j for j, t in enumerate(tasks) if t.together == table]
        before = [t for t in earlier if t.together == table and t.pool is tasks[mine[0]].pool]
        if not before:
            continue
        rows = len(before[0].pool)  # type: ignore[arg-type]
        parts: dict[str, tuple[Floats, Floats]] = {}
        for task in before:
            add(*parts.setdefault(task.family, (np.zeros(rows), np.zeros(rows))), log_costs(task.evaluations()))
        total, count = (np.sum([part[i] for part in parts.values()], axis=0) for i in (0, 1))
        nothing = np.zeros(rows), np.zeros(rows)
        for j in mine:
            if tasks[j].pool is before[0].pool:
                own = parts.get(tasks[j].family, nothing)
                out[j, :rows] = _mean(total - own[0], count - own[1])
    return out


def add(total: Floats, count: Floats, values: Floats) -> None:
    """Add the values that are known to `total`, and 1 to `count` where they are."""
    there = ~np.isnan(values)
    total[there] += values[there]
    count += there


def _mean(total: Floats, count: Floats) -> NDArray[np.float32]:
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.0), np.float32)
