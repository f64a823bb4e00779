"""Validation of trained optimizers: the regret of their runs on validation tasks, by each task's own criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpo_gym.env import Oracle, Runs
from hpo_gym.problem import BEST, LAST, Task


def mean_regret(tasks: Sequence[Task], runs: Runs, step: Callable[[], object]) -> float:
    """Mean over runs on `tasks` of the normalised regret; `step` makes the next trial of each run.

    It is the mean over trials of the incumbent's regret; where the last trial counts, or the mean of all, the regret of
    that (`Task.counts`).
    """
    oracle, budget, counts = Oracle.of(tasks), int(runs.budget), tasks[0].counts
    total, scores, task = 0.0, np.zeros(runs.n), runs.task  # after the last step runs may begin anew on others
    for _ in range(budget):
        step()
        if counts == BEST:
            total += float(oracle.regret(task, runs.reached).mean())
        else:
            scores = np.array(runs.last) if counts == LAST else scores + runs.last / budget
    return total / budget if counts == BEST else float(oracle.regret(task, scores).mean())
