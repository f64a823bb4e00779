"""Training tasks: a trial is one more epoch of a network, so early choices limit late results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import ScoreScale, TaskBatch
from hpo_gym.suites.tasks.onward.task import OnwardBatch, OnwardTask
from hpo_gym.suites.tasks.training.controls import Controls
from hpo_gym.suites.tasks.training.recipe import Recipe
from hpo_gym.suites.tasks.training.signals import SIGNALS
from hpo_gym.suites.tasks.training.stream import StreamSource, stream_of
from hpo_gym.suites.tasks.training.trainings import Trainings

GUESS = -1.0
"""The score of a guess."""


@dataclass(frozen=True, eq=False)
class TrainingTask(OnwardTask):
    """A network that trains on a stream of fresh rows, with hyperparameters chosen anew before each epoch.

    **Score** of a trial: minus the validation loss after its epoch, in losses of a guess, at least minus the recipe's
    `cap`. A run whose weights blow up has diverged: from then on each trial has the lowest score and that status.

    **Regret** is 1 for a guess and 0 for the mean of the best results in some instances of the task; for a task without
    any searched instance, 0 is a loss of 0, the lower bound.
    """

    source: StreamSource = None  # type: ignore[assignment]
    recipe: Recipe = field(default_factory=Recipe)

    observer = "training"

    @property
    def score_scale(self) -> ScoreScale:
        """From a guess on."""
        return ScoreScale(GUESS, self.sd, -self.recipe.cap)

    @classmethod
    def batch(cls, tasks: Sequence[TrainingTask], d: int) -> TaskBatch:
        """Tasks of one recipe, trained together; raise `InvalidValueError` on several."""
        return TrainingBatch(tasks)


class TrainingBatch(OnwardBatch):
    """Training tasks of one recipe."""

    signals = SIGNALS

    def __init__(self, tasks: Sequence[TrainingTask]) -> None:
        recipes = sorted({str(t.recipe) for t in tasks})
        if len(recipes) > 1:
            raise InvalidValueError(f"Tasks that train together must have one recipe, got {recipes}.")
        super().__init__(tasks)
        self._recipe = tasks[0].recipe
        self._salts = np.array([seeding.key("training", t.suite, t.name) for t in tasks], np.uint64)
        self._stream = stream_of(tuple(t.source for t in tasks), self._recipe)

    def progress(self, n: int, horizon: int) -> Trainings:
        return Trainings(self._stream, self._salts, Controls(self.space, self._recipe), n, horizon)

    def identity(self, task: int) -> str:
        t = self.tasks[task]
        return seeding.digest([t.suite, t.name, asdict(self._recipe), self.space.to_json()])
