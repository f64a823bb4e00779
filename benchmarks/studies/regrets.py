"""The mean regret of an optimizer on some tasks, by rollouts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_gym.bench import regret_of
from hpo_gym.optimize import Optimizer, rollout
from hpo_gym.problem import Evaluations, Task


def mean_regret(
    optimizer: Optimizer, tasks: Sequence[Task], budget: int | None = None, *, seeds: int = 1,
    prior: Sequence[Evaluations] = (),
) -> float:  # fmt: skip
    """Mean of `regret_of` over tasks, a rollout of each of the first `seeds` seeds, and trials.

    Args:
        optimizer: Trained, where it must be.
        tasks: At least one.
        budget: Of each rollout; by default the task's own, else 33.
        seeds: Rollouts of each task.
        prior: Earlier tasks; a task is told of none of its own family.
    """
    regrets = []
    for task in tasks:
        others = tuple(e for e in prior if e.family != task.family)
        most = task.budget if budget is None else budget
        histories = (rollout(optimizer, task, most, seed=seed, prior=others) for seed in range(seeds))
        regrets += [regret_of(history, task, most).mean() for history in histories]
    return float(np.mean(regrets))
