"""`Oracle`: what of tasks only training-only rewards, judges of training and reports may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError
from hpo_gym.problem import Task, random_regret, relative_regret, relative_regret_of


@dataclass(frozen=True, eq=False)
class Oracle:
    """The bounds of `k` tasks.

    Attributes:
        best: The best reachable score of each, ``(k,)``.
        worst: The score of normalised regret 1 of each, ``(k,)``.
        random: For a reward, the mean normalised regret of a random configuration of each, ``(k,)``: `random_regret`.
    """

    best: Floats
    worst: Floats
    random: Floats | None = None

    @classmethod
    def of(cls, tasks: Sequence[Task], *, random: bool = False) -> Oracle:
        """Return the oracle of tasks, in order, `random` ones too (slower); refuse unknown best or worst scores."""
        for task in tasks:
            if not task.bounded:
                raise InvalidValueError(
                    f"A reward that reads the oracle needs the best and the worst score of all tasks, {task.name!r} "
                    f"has ({task.best}, {task.worst}); take the reward 'score' or 'improvement'."
                )
        drawn = np.array([random_regret(t) for t in tasks]) if random else None
        return cls(np.array([t.best for t in tasks]), np.array([t.worst for t in tasks]), drawn)

    def regret(self, task: Ints, scores: NDArray[np.floating]) -> Floats:
        """Normalised regret of scores ``(n,)`` on tasks ``(n,)``: 0 at the task's best, 1 at its worst and below."""
        return relative_regret(scores, self.best[task], self.worst[task])

    def regret_of(self, task: int, score: float) -> float:
        """Return `regret` of one score."""
        return relative_regret_of(score, self.best.item(task), self.worst.item(task))
