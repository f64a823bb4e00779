"""Many runs at once choose what each of them would choose alone: the one comparison for every kind of optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hpo_gym.checks.faults import difference
from hpo_gym.env.runs.runs import Runs
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_batch, run_one
from hpo_gym.problem.costs import COST, EVALUATIONS, Budget
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Trial

Prior = Sequence[Evaluations] | Callable[[Task], Sequence[Evaluations]]


def assert_a_batch_is_its_runs(
    make: Callable[[], Any], tasks: Sequence[Task], budget: float, *, n_init: int = 0, floor: float = 0.0,
    prior: Prior = (), in_cost: bool = False, checkpoints: bool = False,
) -> Runs:  # fmt: skip
    """Compare runs on tasks, in an instance each, with the same runs one by one.

    Args:
        make: Makes the optimizer.
        tasks: Of each run.
        budget: In full evaluations, or in cost.
        n_init: Trials of the initial design.
        floor: The score of a failure before any success.
        prior: What is known of earlier tasks, of all tasks or of each.
        in_cost: The budget is in cost.
        checkpoints: Checkpoints are kept.

    Returns:
        The runs.
    """
    units = [task.cost_unit for task in tasks] if in_cost else None
    contexts = [
        Context.of(task, budget, prior(task) if callable(prior) else prior, unit=unit, checkpoints=checkpoints)
        for task, unit in zip(tasks, units or [None] * len(tasks), strict=True)
    ]
    instances = range(5, 5 + len(tasks))
    limit = Budget(budget, COST if in_cost else EVALUATIONS, checkpoints)
    together = run_batch(
        make(),
        tasks,
        instances,
        contexts,
        [_rng(instance) for instance in instances],
        budget=limit,
        n_init=n_init,
        floor=floor,
    )
    for i, (task, instance) in enumerate(zip(tasks, instances, strict=True)):
        alone = Run(task, contexts[i], instance, n_init, floor)
        run_one(make(), alone, contexts[i], _rng(instance))
        where = difference(reported(alone.trials), reported(together.view(i, n_init).trials))
        assert where is None, f"run {i}, on {task.name!r}, chooses otherwise at {where}"
        assert not in_cost or alone.spent == together.spent[i]
    return together


def reported(trials: Sequence[Trial]) -> list[Any]:
    """Return all that is known of trials, in plain values."""
    return [(dict(t.config), t.fidelity, t.score, t.cost, t.status, dict(t.signals)) for t in trials]


def _rng(instance: int) -> np.random.Generator:
    return np.random.default_rng([instance, 7])
