"""Learner tasks: a trial is one more stage of an actor-critic that learns a task of control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import seeding
from hpo_gym.problem import LAST, ScoreScale, SearchSpace, TaskBatch
from hpo_gym.suites.tasks.learners.families import BY_NAME, FAMILIES
from hpo_gym.suites.tasks.learners.learners import RATE, SIGMA, Learners
from hpo_gym.suites.tasks.learners.signals import SIGNALS
from hpo_gym.suites.tasks.onward.named import family_and_seed
from hpo_gym.suites.tasks.onward.task import OnwardBatch, OnwardTask
from hpo_gym.suites.tasks.policies.families import Family

EACH = 4
"""Published tasks of a family."""
SD = 0.32
"""Standard deviation of the last scores of trainings at one configuration, over the training tasks."""


@dataclass(frozen=True, eq=False)
class LearnerTask(OnwardTask):
    """An actor-critic in training, with learning rate and action noise chosen before each stage.

    **Score** of a trial: the mean return of the actor without noise after the stage, in 16 episodes of the run; of the
    last trial in 16 others. In [-1, 1]: 0 is doing nothing, 1 the highest reward at each step.

    **Regret** is 1 for doing nothing and 0 for the highest reward at each step (unreachable).
    """

    physics: Family = None  # type: ignore[assignment]
    seed: int = 0

    @property
    def score_scale(self) -> ScoreScale:
        """From doing nothing on."""
        return ScoreScale(0.0, self.sd, -1.0)

    @classmethod
    def batch(cls, tasks: Sequence[LearnerTask], d: int) -> TaskBatch:
        """Tasks trained together."""
        return LearnerBatch(tasks)


class LearnerBatch(OnwardBatch):
    """Learner tasks."""

    signals = SIGNALS

    def __init__(self, tasks: Sequence[LearnerTask]) -> None:
        super().__init__(tasks)
        self._families = [(t.physics, t.seed) for t in tasks]
        self._salts = np.array([seeding.key("learners", t.suite, t.name) for t in tasks], np.uint64)

    def progress(self, n: int, horizon: int) -> Learners:
        return Learners(self._families, self._salts, self.space, n, horizon)

    def identity(self, task: int) -> str:
        t, (family, seed) = self.tasks[task], self._families[task]
        return seeding.digest([t.suite, t.name, family.constants(seed).tolist(), self.space.to_json()])


def learner_space() -> SearchSpace:
    """`learning_rate` in [1e-4, 1] and `sigma` in [.02, 3], both logarithmic."""
    columns = [
        {"name": RATE, "lower": 1e-4, "upper": 1.0, "default_value": 0.03},
        {"name": SIGMA, "lower": 0.02, "upper": 3.0, "default_value": 0.6},
    ]
    common = {"type": "uniform_float", "log": True, "meta": None}
    return SearchSpace({"hyperparameters": [common | c for c in columns], "conditions": [], "forbiddens": []})


def published() -> Mapping[str, tuple[str, ...]]:
    """Names of the published tasks by split."""
    return {split: tuple(f"{f}-s{i}" for f in families for i in range(EACH)) for split, families in FAMILIES.items()}


def learner_task(name: str, suite: str, space: SearchSpace, stages: int) -> LearnerTask:
    """Make the task of a name.

    Raises:
        UnknownNameError: No such family, or a name of another form.
        InvalidValueError: The seed is out of range.
    """
    family, seed = family_and_seed(name, BY_NAME, "learner task")
    return LearnerTask(
        name, f"physics-{family}", suite, space, best=1.0, worst=0.0, epochs=stages, counts=LAST, sd=SD,
        physics=BY_NAME[family], seed=seed,
    )  # fmt: skip
