"""Normalised regret: the gap between a score and the best, as a share of the task's range. Defined here only.

Three rules hold everywhere: regret is 0 on a flat task, of equal scores; -inf has regret 1, even there; NaN stays NaN.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.base import Floats
from hpo_gym.problem.task import Task


def relative_regret(score: ArrayLike, best: ArrayLike, worst: ArrayLike, *, most: float = 1.0) -> Floats:
    """Return the regret of scores, 0 at the best (and above it) and 1 at the worst; the three are broadcast.

    Args:
        most: Upper limit for a score below the worst; infinity leaves it above 1.
    """
    score, best, worst = np.asarray(score, np.float64), np.asarray(best, np.float64), np.asarray(worst, np.float64)
    lost = np.isneginf(score)
    gap = np.maximum(best - np.where(lost, worst, score), 0.0)
    return np.where(lost, 1.0, np.minimum(share_of(gap, best - worst), most))


def relative_regret_of(score: float, best: float, worst: float) -> float:
    """Return `relative_regret` of one score, bit for bit, without arrays."""
    if score == -math.inf:
        return 1.0
    gap, span = best - score, best - worst
    regret = (0.0 if gap <= 0.0 else gap) / (span if span > 0.0 else math.inf)
    return 1.0 if regret >= 1.0 else regret  # so that NaN stays NaN


def share_of(gap: Floats, span: Floats) -> Floats:
    """Differences of scores as shares of the range ``best - worst`` of their task; 0 on a flat one."""
    return np.asarray(gap / np.where(span > 0.0, span, np.inf))


def random_regret(task: Task) -> float:
    """Mean normalised regret of a random configuration at full fidelity: exactly, over all rows that a table measured.

    It is the state of a run with a budget in cost before its first trial has ended. A failure has the worst score. Of
    a task without a pool, it is over its `prior_evaluations`; 1 where it tells nothing of itself.
    """
    known = task.evaluations()
    there = np.isfinite(known.score)
    return float(relative_regret(known.score[there], task.best, task.worst).mean()) if there.any() else 1.0


def regret_levels(task: Task, most: int) -> tuple[Floats, Floats]:
    """Return the regrets of random configurations of a task, rising, and the probability of more than each.

    Args:
        most: Levels; with more evaluations than that, the means of as many groups of equal size. As `random_regret`,
            of the rows that a table measured; one level, 1, where a task tells nothing of itself.
    """
    known = task.evaluations().score
    regret = np.sort(relative_regret(known[np.isfinite(known)], task.best, task.worst))
    if not len(regret):
        return np.ones(1), np.zeros(1)
    groups = np.array_split(regret, min(most, len(regret)))
    levels = np.array([group.mean() for group in groups])
    return levels, 1.0 - np.cumsum([len(group) for group in groups]) / len(regret)


def random_test_regret(task: Task) -> float:
    """Return `random_regret` of the test score.

    Args:
        task: A task whose table has test scores.
    """
    pool, bounds = task.measured_pool, task.test_range
    assert pool is not None and bounds is not None
    return float(relative_regret(np.asarray(task.test_scores(pool)), *bounds).mean())
