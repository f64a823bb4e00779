"""Scores of earlier tasks as models read them, and places among their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Mask, tame
from hpo_gym.problem import Evaluations, Points, SearchSpace, share_of, successes


@dataclass(frozen=True, eq=False)
class Place:
    """Points ``(c, d)`` and their places in a table of earlier tasks.

    Attributes:
        row: Their rows ``(c,)``, or a slice of all; the nearest row for a point outside the table.
        exact: Whether the points are those rows.
    """

    x: Points
    row: NDArray[np.int64] | slice
    exact: bool = True


def scores_of(e: Evaluations) -> NDArray[np.float64]:
    """Return the scores of a known task, ``(m,)``: NaN if not measured; a failure has the score of the worst
    success."""
    good = successes(e)
    y = tame(e.score)
    return np.where(good, y, np.where(np.isnan(y), np.nan, y[good].min()))


def scaled(score: Floats, good: Mask | None = None) -> Floats:
    """Scores of a task in [0, 1] by the range of its successes, ``(m,)``; failures 0, and all where the task is flat.

    Args:
        good: The successes, ``(m,)``; None: all are.
    """
    good = np.ones(len(score), bool) if good is None else good
    if not good.any():
        return np.zeros(len(score))
    half = np.where(good, score, 0.0) / 2.0  # halves: a span of 2e308 would be infinite
    low, high = half[good].min(), half[good].max()
    return np.where(good, share_of(half - low, high - low), 0.0)


def imputed(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores ``(k, m)`` with estimates where they are NaN: the mean standardised score of the point on the other tasks,
    on the task's scale."""
    gone = np.isnan(y)
    if not gone.any():
        return y
    there = ~gone
    count = there.sum(1, keepdims=True)
    mean = np.where(there, y, 0.0).sum(1, keepdims=True) / count
    sd = np.sqrt((np.where(there, y - mean, 0.0) ** 2).sum(1, keepdims=True) / count)
    z = np.where(there, y - mean, 0.0) / np.where(sd > 0, sd, 1.0)
    usual = z.sum(0) / np.maximum(there.sum(0), 1)
    return np.where(gone, mean + sd * usual, y)


def shared_points(space: SearchSpace, tasks: Sequence[Evaluations]) -> Points | None:
    """Return the canonical points common to all tasks, ``(m, d)``; None if their points differ."""
    first = tasks[0].x
    if np.isnan(first).any() or not all(e.x is first or np.array_equal(e.x, first) for e in tasks):
        return None
    return space.snap(first)
