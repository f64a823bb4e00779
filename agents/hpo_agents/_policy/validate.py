"""Validation of trained optimizers: the regret of their runs on validation tasks, by each task's own criterion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpo_gym.base import Mask
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


def mean_regret_in_cost(tasks: Sequence[Task], runs: Runs, step: Callable[[], Mask]) -> float:
    """Return `mean_regret` for a budget in cost: the mean of a run's current regret over its spending.

    Before its first trial has ended, a run has the regret of a random configuration; after its end, its last one.

    Args:
        tasks: Tasks of the runs.
        runs: At the beginning of their episodes.
        step: Makes the next trial of each run, and returns the ended episodes, ``(n,)``.
    """
    oracle, task = Oracle.of(tasks, random=True), np.array(runs.task)
    assert oracle.random is not None
    standing, spent = oracle.random[task], np.zeros(runs.n)
    total, alive = np.zeros(runs.n), np.ones(runs.n, bool)
    while alive.any():
        over = step()
        now = np.asarray(runs.spent / runs.budget)
        total += np.where(alive, standing * (now - spent), 0.0)
        reported = alive & ~np.asarray(runs.untried())
        standing = np.where(reported, oracle.regret(task, runs.reached), standing)
        spent = np.where(alive, now, spent)
        done = alive & over
        total += np.where(done, standing * np.maximum(1.0 - spent, 0.0), 0.0)
        alive &= ~over
    return float(total.mean())
