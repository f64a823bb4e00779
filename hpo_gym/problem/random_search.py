"""The regret of a random configuration: the state of a run with a budget in cost before its first trial has ended."""

from __future__ import annotations

import numpy as np

from hpo_gym.problem.regret import relative_regret
from hpo_gym.problem.task import Task


def random_regret(task: Task) -> float:
    """Mean normalised regret of a random configuration at full fidelity: exactly, over all rows that a table measured.

    A failure has the worst score. Of a task without a pool, over its 1,000 evenly spread points; 1 where it tells
    nothing of itself.
    """
    known = task.evaluations()
    there = np.isfinite(known.score)
    return float(relative_regret(known.score[there], task.best, task.worst).mean()) if there.any() else 1.0


def random_test_regret(task: Task) -> float:
    """Return `random_regret` of the test score.

    Args:
        task: A task whose table has test scores.
    """
    pool, bounds = task.measured_pool, task.test_range
    assert pool is not None and bounds is not None
    return float(relative_regret(np.asarray(task.test_scores(pool)), *bounds).mean())
