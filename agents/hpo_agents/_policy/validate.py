"""Validation of trained optimizers: the regret of their runs on validation tasks, by each task's own criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpo_gym.env import Oracle, Runs
from hpo_gym.problem import BEST, Task


def mean_regret(tasks: Sequence[Task], runs: Runs, step: Callable[[], object]) -> float:
    """Mean over runs on `tasks` of the normalised regret; `step` makes the next trial of each run.

    It is the mean over trials of the incumbent's regret; where the last trial counts (`Task.counts`), the
    regret of that.
    """
    oracle, budget, best = Oracle.of(tasks), int(runs.budget), tasks[0].counts == BEST
    regrets, task = list[float](), runs.task  # after the last step runs may begin anew on others
    for _ in range(budget):
        step()
        regrets.append(float(oracle.regret(task, runs.reached if best else runs.last).mean()))
    return sum(regrets) / budget if best else regrets[-1]
