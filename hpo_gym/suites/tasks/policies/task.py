"""Policy tasks: a trial is one more generation of an evolution strategy that trains a policy for control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import LAST, ScoreScale, SearchSpace, TaskBatch
from hpo_gym.suites.tasks.onward.named import family_and_seed
from hpo_gym.suites.tasks.onward.task import OnwardBatch, OnwardTask
from hpo_gym.suites.tasks.policies.evolutions import Evolutions
from hpo_gym.suites.tasks.policies.families import BY_NAME, FAMILIES, Family
from hpo_gym.suites.tasks.policies.setup import Setup
from hpo_gym.suites.tasks.policies.signals import SIGNALS

EACH = 4
"""Published tasks of a family."""
SD = 0.34
"""Standard deviation of the last scores of trainings at one configuration, over the training tasks."""


@dataclass(frozen=True, eq=False)
class PolicyTask(OnwardTask):
    """A policy of 8 hidden units in training by an evolution strategy, with settings chosen before each generation.

    **Score** of a trial: the mean return of the mean policy from fixed start states of the run, in [-1, 1]: 0 is doing
    nothing, 1 the best conceivable, the highest reward at each step. No trial fails: weights stay within 1,000.

    **Regret** is 1 for doing nothing and 0 for the highest reward at each step (unreachable).
    """

    physics: Family = None  # type: ignore[assignment]
    seed: int = 0
    setup: Setup = field(default_factory=Setup)

    @property
    def score_scale(self) -> ScoreScale:
        """From doing nothing on."""
        return ScoreScale(0.0, self.sd, -1.0)

    @classmethod
    def batch(cls, tasks: Sequence[PolicyTask], d: int) -> TaskBatch:
        """Tasks of one setup, trained together; raise `InvalidValueError` on several."""
        return PolicyBatch(tasks)


class PolicyBatch(OnwardBatch):
    """Policy tasks of one setup."""

    signals = SIGNALS

    def __init__(self, tasks: Sequence[PolicyTask]) -> None:
        setups = sorted({str(t.setup) for t in tasks})
        if len(setups) > 1:
            raise InvalidValueError(f"Tasks that train together must have one setup, got {setups}.")
        super().__init__(tasks)
        self._setup = tasks[0].setup
        self._families = [(t.physics, t.seed) for t in tasks]
        self._salts = np.array([seeding.key("policies", t.suite, t.name) for t in tasks], np.uint64)

    def progress(self, n: int, horizon: int) -> Evolutions:
        return Evolutions(self._families, self._salts, self.space, self._setup, n)

    def identity(self, task: int) -> str:
        t, (family, seed) = self.tasks[task], self._families[task]
        return seeding.digest(
            [t.suite, t.name, family.constants(seed).tolist(), asdict(self._setup), self.space.to_json()]
        )


def published() -> Mapping[str, tuple[str, ...]]:
    """Names of the published tasks by split."""
    return {split: tuple(f"{f}-s{i}" for f in families for i in range(EACH)) for split, families in FAMILIES.items()}


def policy_task(name: str, suite: str, space: SearchSpace, setup: Setup, generations: int) -> PolicyTask:
    """Make the task of a name.

    Raises:
        UnknownNameError: No such family, or a name of another form.
        InvalidValueError: The seed is out of range.
    """
    family, seed = family_and_seed(name, BY_NAME, "policy task")
    return PolicyTask(
        name, f"physics-{family}", suite, space, best=1.0, worst=0.0, epochs=generations, counts=LAST, sd=SD,
        physics=BY_NAME[family], seed=seed, setup=setup,
    )  # fmt: skip
