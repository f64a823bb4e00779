"""References for the scores of runs, and the treatment of better scores: decided here alone.

- An **exact** best is the best that can be reached: a score above it is a fault of the task, and refused.
- A best **found** by a search for the run's own instance or function is a bound: a better score has regret 0 too.
- Else the best is an **estimate**, such as the mean over instances: a better score has a regret below 0, uncut.
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
    """References for the scores of `r` runs on each of `k` tasks.

    Attributes:
        best: Of each run, ``(k, r)``.
        worst: Of each task, ``(k,)``.
        found: Whether the best was found for the run's own instance, ``(k, r)``.
        estimated: Whether it is an estimate, ``(k, r)``.
    """

    best: Floats
    worst: Floats
    found: Mask
    estimated: Mask

    @classmethod
    def of(
        cls, tasks: Sequence[Task], instances: Sequence[Sequence[int | None]],
        bounds: NDArray[np.float64] | None = None, score: str = VALIDATION,
    ) -> Against:  # fmt: skip
        """Return the references of tasks.

        Args:
            instances: The instance seed of each run, ``(k, r)``; None: an unsearched instance.
            bounds: Best and worst score of each task ``(k, 2)``, if unknown to the tasks themselves.
            score: Kind of the scores, `VALIDATION` or `TEST`; the best test score is always exact.
        """
        known = np.array([(task.best, task.worst) for task in tasks]) if bounds is None else bounds
        best = np.repeat(known[:, :1], len(instances[0]), axis=1)
        found, estimated = np.zeros(best.shape, bool), np.zeros(best.shape, bool)
        for i, task in enumerate(tasks):
            if not task.exact and score == VALIDATION:
                best[i] = [task.best if instance is None else task.best_in(instance) for instance in instances[i]]
                found[i] = [task.searched(instance) for instance in instances[i]]
                estimated[i] = ~found[i]
        return cls(best, known[:, 1], found, estimated)

    def regret(self, scores: Floats) -> Floats:
        """Return the normalised regret of results after each trial, ``(k, r, h)``; NaN stays NaN.

        Raises:
            InvalidValueError: A score is above an exact best.
        """
        bound = np.where(self.found, self.best, np.inf)[:, :, None]
        return normalised_regret(np.minimum(scores, bound), self.best, self.worst, estimated=self.estimated)


def regret_on(task: Task, scores: Floats) -> Floats:
    """Return the normalised regret of the scores ``(h,)`` of a run on a task, in an unsearched instance."""
    return np.asarray(Against.of([task], [[None]]).regret(scores[None, None])[0, 0])
