"""Tables of tasks to learn from: points and scores, as arrays and as a prior. One rule: no task is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.problem import Evaluations, Points, Status, Task, finite_scores

Prior = tuple[Evaluations, ...]

_SAMPLED = 512  # points of a task without a pool


def measured_scores(task: Task, rng: np.random.Generator) -> tuple[Points, NDArray[np.float64], NDArray[np.bool_]]:
    """Return measured points of a task, their scores, and a mask of successes; without a pool, random points."""
    pool = task.measured_pool
    x = task.space.sample(rng, _SAMPLED) if pool is None else task.space.snap(np.asarray(pool, np.float64))
    return x, *scores_at(task, x, 1.0)


def scores_at(task: Task, x: Points, fidelity: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return finite scores of an earlier task at points ``(m, d)`` and one of its fidelities, and a mask of
    successes."""
    out = task.evaluate(x, np.full(len(x), fidelity), np.zeros(len(x), np.uint64))
    return finite_scores(np.asarray(out.score, np.float64)), np.asarray(out.status == Status.OK)


def evaluations_of(tasks: Sequence[Task], rng: np.random.Generator) -> Prior:
    """Return the tables of tasks; of a task without a pool, 512 points, the same for all tasks of one space."""
    seed = int(rng.integers(2**63))
    return tuple(_evaluations(task, np.random.default_rng(seed)) for task in tasks)


def _evaluations(task: Task, rng: np.random.Generator) -> Evaluations:
    x, score, good = measured_scores(task, rng)
    status = np.where(good, Status.OK, Status.FAILED).astype(np.int8)
    if task.pool is not None:
        x = task.pool  # the array that tasks of one pool share
        if task.measured is not None:
            score, status = _whole(task.measured, score, np.nan), _whole(task.measured, status, Status.OK)
    reported = task.meta_features
    return Evaluations(task.name, task.family, x, score, np.ones(len(x)), status, meta_features=reported)


def _whole(measured: NDArray[np.bool_], values: NDArray[Any], rest: float) -> NDArray[Any]:
    out = np.full(len(measured), rest, values.dtype)
    out[measured] = values
    return out
