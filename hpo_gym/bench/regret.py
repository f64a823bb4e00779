"""What the scores of runs are held against, and what it means to be better than that: decided here alone.

- An **exact** best is the best that can be reached: a score above it is a fault of the task, and refused.
- A best that was **found** where the run is, by a search of its world or of the very function, is a bound: what is
  better is as good, and has regret 0.
- Else the best is an **estimate**, such as the mean of what was found in other worlds. Nothing is cut: what is better
  has a regret below 0, so a mean over worlds is not pushed up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Mask
from hpo_gym.bench.metrics import VALIDATION, normalised_regret
from hpo_gym.problem import Task


@dataclass(frozen=True, eq=False)
class Against:
    """What the scores of `r` runs on each of `k` tasks are held against.

    Attributes:
        best: Of each run, ``(k, r)``.
        worst: Of each task, ``(k,)``.
        found: Whether the best was found where the run is, ``(k, r)``.
        estimated: Whether it is an estimate, ``(k, r)``.
    """

    best: Floats
    worst: Floats
    found: Mask
    estimated: Mask

    @classmethod
    def of(
        cls, tasks: Sequence[Task], worlds: Sequence[Sequence[int | None]], bounds: NDArray[np.float64] | None = None,
        score: str = VALIDATION,
    ) -> Against:  # fmt: skip
        """What is known of tasks.

        Args:
            tasks: The tasks.
            worlds: Of each run the seed of its world, ``(k, r)``; None: one in which nobody has searched.
            bounds: Best and worst score of each task ``(k, 2)``, where they do not know them themselves.
            score: What the scores are, `VALIDATION` or `TEST`; the best test score is always exact.
        """
        known = np.array([(task.best, task.worst) for task in tasks]) if bounds is None else bounds
        best = np.repeat(known[:, :1], len(worlds[0]), axis=1)
        found, estimated = np.zeros(best.shape, bool), np.zeros(best.shape, bool)
        for i, task in enumerate(tasks):
            if not task.exact and score == VALIDATION:
                best[i] = [task.best if world is None else task.best_in(world) for world in worlds[i]]
                found[i] = [task.searched(world) for world in worlds[i]]
                estimated[i] = ~found[i]
        return cls(best, known[:, 1], found, estimated)

    def regret(self, scores: Floats) -> Floats:
        """Normalised regret of what counts after each trial, ``(k, r, h)``; NaN stays NaN.

        Raises:
            InvalidValueError: A score is above an exact best.
        """
        bound = np.where(self.found, self.best, np.inf)[:, :, None]
        return normalised_regret(np.minimum(scores, bound), self.best, self.worst, estimated=self.estimated)


def regret_on(task: Task, scores: Floats) -> Floats:
    """Normalised regret of the scores ``(h,)`` of a run on a task, in a world in which nobody has searched."""
    return np.asarray(Against.of([task], [[None]]).regret(scores[None, None])[0, 0])
