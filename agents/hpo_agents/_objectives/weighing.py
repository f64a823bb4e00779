"""Weights of objectives, drawn by key, and the one number that they make of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys, seeding, tame
from hpo_gym.problem import Outcomes, Task, hypervolume, nondominated, successes

RHO = 0.05
"""Weight of the sum beside the largest part: Knowles, "ParEGO", 2006, eq. 2."""
MARGIN = 0.1
"""Distance of a hypervolume's reference point below the worst, in ranges."""
_SALT = 17 << 32


def weights_at(instance: Keys, part: Ints, count: int) -> Floats:
    """Weights of each run in a part of it, uniform on the simplex, ``(n, o)``: a function of instance and part alone.

    Args:
        instance, part: ``(n,)``.
        count: Objectives.
    """
    salt = (np.asarray(part)[:, None] * count + np.arange(count) + _SALT).astype(np.uint64)
    drawn = -np.log(seeding.uniform(seeding.mix(instance[:, None], salt)))
    return np.asarray(drawn / drawn.sum(1, keepdims=True))


def chebyshev(losses: Floats, weights: Floats) -> Floats:
    """Return the augmented Chebyshev function of losses ``(..., o)``: the largest weighted one, and `RHO` of their
    sum."""
    parts = losses * weights
    return np.asarray(parts.max(-1) + RHO * parts.sum(-1))


@dataclass(frozen=True, eq=False)
class Ranges:
    """Best and range of the evaluations of `k` tasks in each of `o` objectives, all maximised.

    Attributes:
        outcomes: The objectives.
        best: The best success in each, ``(k, o)``.
        span: Distance from it to the worst, ``(k, o)``; 1 if an objective never varies.
    """

    outcomes: Outcomes
    best: Floats
    span: Floats

    @classmethod
    def of(cls, tasks: Sequence[Task], outcomes: Outcomes) -> Ranges:
        """Return the ranges of training or validation tasks.

        Raises:
            InvalidValueError: A task has no stored evaluations.
        """
        bests, spans = [], []
        for task in tasks:
            values, good = values_of(task, outcomes)
            if not good.any():
                raise InvalidValueError(
                    f"The range of each objective must be known to train on a task, {task.name!r} of {task.suite!r} "
                    "has no evaluations."
                )
            bests.append(values[good].max(0))
            spans.append(bests[-1] - values[good].min(0))
        span = np.array(spans)
        return cls(outcomes, np.array(bests), np.where(span > 0.0, span, 1.0))

    def losses(self, k: int | Ints, values: Floats) -> Floats:
        """Return the distance of values ``(..., o)`` below the best of a task, in its ranges: 0 at the best, 1 at the
        worst."""
        return np.asarray(np.clip((self.best[k] - values) / self.span[k], 0.0, 1.0))

    def volume(self, losses: Floats) -> float:
        """Return the volume that rows ``(m, o)`` of losses dominate above `MARGIN` below the worst."""
        return hypervolume(1.0 - losses + MARGIN, np.zeros(losses.shape[1]))


def values_of(task: Task, outcomes: Outcomes) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the evaluations of a task as `o` maximised numbers ``(m, o)``, and a mask of successes, ``(m,)``."""
    known = task.evaluations()
    values = tame(outcomes.values(known.score, known.cost, task.objectives_at(known.x))) * outcomes.signs
    return values, successes(known)


def front_volumes(tasks: Sequence[Task], ranges: Ranges) -> Floats:
    """Return the largest `Ranges.volume` of any set of a task's evaluations, ``(k,)``."""
    found = []
    for k, task in enumerate(tasks):
        values, good = values_of(task, ranges.outcomes)
        losses = np.unique(ranges.losses(k, values[good]), axis=0)
        found.append(ranges.volume(losses[nondominated(-losses)]))
    return np.array(found)


def regrets_by_weights(task: Task, outcomes: Outcomes, weights: Floats) -> Floats:
    """Return the distance of each evaluation from the best by each of `w` weights ``(w, o)``: 0 at the best, 1 at the
    worst and for failed or missing ones, ``(w, m)``.
    """
    values, good = values_of(task, outcomes)
    losses = Ranges.of([task], outcomes).losses(0, values)
    found = np.stack([chebyshev(losses, w) for w in weights])
    low, high = found[:, good].min(1, keepdims=True), found[:, good].max(1, keepdims=True)
    return np.where(good, (found - low) / np.where(high > low, high - low, 1.0), 1.0)
