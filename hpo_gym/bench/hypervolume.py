"""Progress towards a task's best trade-offs: the hypervolume of a run's trials against the table's own front."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.bench.incumbent import arrays_of
from hpo_gym.problem import History, Outcomes, Points, Status, Task, ended_by, horizon, hypervolume, nondominated

if TYPE_CHECKING:
    import pandas as pd

    from hpo_gym.bench.plan import BenchPlan
    from hpo_gym.system import Store

MARGIN = 0.1  # how far the reference point lies beyond the worst, in ranges: so that the ends of a front count


@dataclass(frozen=True, eq=False)
class Front:
    """The best trade-offs of a task with a table, among its feasible successful rows.

    Attributes:
        outcomes: The objectives, `o` of them.
        low, span: The worst of these rows in each, all maximised, and the distance from it to the best, ``(o,)``.
        points: The undominated rows, ``(p, o)``, in the rows' range: from `MARGIN` at the worst to 1 + `MARGIN` at the
            best; an objective that never varies is at its best.
        volume: Their volume above 0.
    """

    outcomes: Outcomes
    low: Floats
    span: Floats
    points: Floats
    volume: float

    @classmethod
    def of(cls, task: Task, objectives: Sequence[str]) -> Front:
        """Return the front of a task.

        Raises:
            UnknownNameError: The task has no such objective.
            InvalidValueError: The task has no table, so its front is unknown.
        """
        pool = task.pool
        if pool is None:
            raise InvalidValueError(
                f"The front of a task is that of its table; {task.name!r} of {task.suite!r} has none."
            )
        outcomes, known = Outcomes.of(objectives, task.objectives), task.evaluations()
        good = (known.status == Status.OK) & np.isfinite(known.score)
        further = task.objectives_at(pool[good])
        values = outcomes.values(known.score[good], known.cost[good], further) * outcomes.signs
        values = np.unique(values, axis=0)
        low = values.min(0)
        span = values.max(0) - low
        part = _ranged(values[nondominated(values)], low, span)
        return cls(outcomes, low, span, part, hypervolume(part, np.zeros(len(low))))

    def ranged(self, task: Task, x: Points) -> Floats:
        """Return the noiseless scores of configurations ``(n, d)`` as places in the rows' range, ``(n, o)``."""
        one = np.ones(len(x))
        cost = task.evaluate(x, one, np.zeros(len(x), np.uint64)).cost if self.outcomes.needs_cost else None
        values = self.outcomes.values(task.noise_free(x), cost, task.objectives_at(x)) * self.outcomes.signs
        return _ranged(values, self.low, self.span)


def _ranged(values: Floats, low: Floats, span: Floats) -> Floats:
    flat = span <= 0.0
    return np.asarray(np.where(flat, 1.0, (values - low) / np.where(flat, 1.0, span)) + MARGIN)


def hypervolume_regret(
    task: Task, arrays: Mapping[str, NDArray[Any]], front: Front, budget: int, n_init: int = 0
) -> Floats:
    """Return the share of the front's hypervolume that a run lacks after 1, 2, .. `budget` evaluations, ``(budget,)``.

    It is 1 before the first full success, 0 with the whole front. Failed, infeasible and partial evaluations are out.

    Args:
        arrays: Of the trials, in order: `x` ``(t, d)``, `status`, `fidelity` ``(t,)``.
        n_init: Size of the initial design: it counts, and is free of charge.
    """
    fidelity = arrays["fidelity"]
    good = (arrays["status"] == Status.OK) & (fidelity == 1.0)
    points = front.ranged(task, task.space.snap(arrays["x"][:, : task.space.d])) if len(good) else np.empty((0, 1))
    found, volume, volumes = points[:0], 0.0, np.zeros(len(good) + 1)
    for i in range(len(good)):
        if good[i] and not (found >= points[i]).all(1).any():
            found = np.vstack([found[~(points[i] >= found).all(1)], points[i]])
            volume = hypervolume(found, np.zeros(found.shape[1]))
        volumes[i + 1] = volume
    spent = np.cumsum(fidelity) - fidelity[:n_init].sum()
    return np.maximum(1.0 - volumes[ended_by(spent, np.arange(1, budget + 1))] / front.volume, 0.0)


def hypervolume_regret_of(history: History, task: Task, objectives: Sequence[str], budget: int | None = None) -> Floats:
    """Return `hypervolume_regret` of a run of `rollout`; `budget` is by default its spending.

    Raises:
        UnknownNameError: The task has no such objective.
        InvalidValueError: The task has no table, or `budget >= 1` does not hold.
    """
    arrays = arrays_of(history, task)
    if budget is None:
        budget = horizon(arrays["fidelity"][history.n_init :].sum())
    if budget < 1:
        raise InvalidValueError(f"`budget >= 1` must hold, got {budget}; the nearest is 1.")
    return hypervolume_regret(task, arrays, Front.of(task, objectives), budget, history.n_init)


def hypervolume_frame(plan: BenchPlan, store: Store, objectives: Sequence[str]) -> pd.DataFrame:
    """One row per run: `hypervolume_regret` at the end, and `hypervolume_auc`, its mean over the full evaluations.

    A failed run has a regret of 1.
    """
    import pandas as pd

    if plan.protocol.budget.in_cost:
        raise InvalidValueError(
            f"Hypervolumes need a budget in full evaluations, the results have {plan.protocol.budget.amount:g} in cost."
        )
    rows, budget = [], plan.protocol.budget.points
    front_of = functools.cache(Front.of)
    for spec, suite in plan.suites.items():
        for entrant in plan.entrants:
            for cell in plan.cells(spec):
                task, record = suite.task(cell.task), store.get(plan.key(cell, entrant))
                regret = np.ones(budget)
                failed = record is None or record.status != "done"
                if record is not None and not failed:
                    front = front_of(task, tuple(objectives))
                    regret = hypervolume_regret(task, record.arrays, front, budget, plan.protocol.n_init)
                rows.append(
                    {
                        "suite": suite.name,
                        "task": cell.task,
                        "family": task.family,
                        "optimizer": entrant.name,
                        "replicate": cell.replicate,
                        "objectives": ",".join(objectives),
                        "hypervolume_auc": float(regret.mean()),
                        "hypervolume_regret": float(regret[-1]),
                        "failed": failed,
                    }
                )
    return pd.DataFrame(rows)
