"""Fit tasks: a trial is one more epoch of a network on rows of a real table; an episode draws rows and recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import ScoreScale, TaskBatch
from hpo_gym.suites.tasks.fits.fits import LEAST, Fits, World
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.tasks.fits.signals import MOST, SIGNALS
from hpo_gym.suites.tasks.fits.tables import index
from hpo_gym.suites.tasks.onward.task import OnwardBatch, OnwardTask

BEST, GUESS = -math.log(LEAST), -math.log(1 + LEAST)
"""Scores of a loss of 0, and of a guess."""
SD = 0.58
"""Standard deviation of the results of the training tasks at learning rates of [.001, .3], even in the logarithm."""


@dataclass(frozen=True, eq=False)
class FitTask(OnwardTask):
    """A network that trains on rows of a real table, with settings chosen anew before each epoch.

    **Score** of a trial: minus log(loss + .01) of the checkpoint, the weights of the epoch with the lowest validation
    loss so far (the start is one), in losses of a guess. It is the loss on validation rows but for the last trial of a
    run, which is judged on test rows. A run whose weights blow up has diverged; its checkpoint counts on.

    **Regret** is 1 for a guess and 0 for a loss of 0, the lower bound.

    Attributes:
        recipes: The ranges of its recipes.
    """

    recipes: Recipes = field(default_factory=Recipes)

    observer = "losses"

    @property
    def score_scale(self) -> ScoreScale:
        """From a guess on."""
        return ScoreScale(GUESS, self.sd, -math.log(MOST + LEAST))

    @classmethod
    def batch(cls, tasks: Sequence[FitTask], d: int) -> TaskBatch:
        """Tasks with the same ranges of recipes, trained together; raise `InvalidValueError` on several."""
        return FitBatch(tasks)


class FitBatch(OnwardBatch):
    """Fit tasks of the same ranges of recipes."""

    signals = SIGNALS

    def __init__(self, tasks: Sequence[FitTask]) -> None:
        ranges = sorted({str(t.recipes) for t in tasks})
        if len(ranges) > 1:
            raise InvalidValueError(f"Tasks that train together must have one range of recipes, got {ranges}.")
        super().__init__(tasks)
        salts = np.array([seeding.key("fits", t.suite, t.name) for t in tasks], np.uint64)
        self._world = World([t.name for t in tasks], salts, tasks[0].recipes, self.space)

    def progress(self, n: int, horizon: int) -> Fits:
        return Fits(self._world, n, horizon)

    def identity(self, task: int) -> str:
        t = self.tasks[task]
        return seeding.digest(
            [t.suite, t.name, index()[t.name].sha256, self._world.recipes.decides(), self.space.to_json()]
        )
