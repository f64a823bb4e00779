"""Shared parts of agents with a trained policy: settings, training, files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpo_agents._policy.files import SavedPolicy
from hpo_agents._policy.settings import TUNED, take, tiny
from hpo_agents._policy.training import Actor, Judge, Learner, Logbook, Plan, Progress, Tensors, names_of, train
from hpo_baselines._models.networks import one_thread, own_randomness
from hpo_gym.env import HPOVectorEnv
from hpo_gym.problem import SearchSpace, Suite, Task

WORLDS = 8
"""Instances for judging a policy on each validation task, if instances of a task differ."""


@dataclass(eq=False, repr=False, kw_only=True)
class PolicyAgent(SavedPolicy):
    """An agent with a policy trained on `HPOVectorEnv`; it acts by ask and tell without an env.

    Settings default to those of ``settings/<name>.yaml``, chosen on validation tasks.

    Args:
        candidates: Number of configurations to choose from.
        budget: Trials of a training episode.
        runs: Episodes side by side.
        steps: Trials of the training.
        segments: Number of validations.
        patience: Segments without a better result on the validation tasks before the training ends; without such tasks
            it never ends early.
        greedy: Whether runs take the best action; else one is drawn from the policy.
        network: Widths of the hidden layers.
        algorithm: Arguments of the algorithm; those of the file stay unless named.
    """

    smoke: ClassVar[Mapping[str, Any]] = tiny(n_steps=5, batch_size=20)

    candidates: int = TUNED
    budget: int = TUNED
    runs: int = TUNED
    steps: int = TUNED
    segments: int = TUNED
    patience: int = TUNED
    greedy: bool = TUNED
    network: Sequence[int] = TUNED
    algorithm: Mapping[str, Any] = TUNED

    def __post_init__(self) -> None:
        self._given = dict(vars(self))
        self._actor: Actor | None = None
        take(self, self._given)

    # ------------------------------------------------------------------ of the algorithm
    @abstractmethod
    def make_learner(self, env: HPOVectorEnv, seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, fresh."""

    @abstractmethod
    def make_actor(self, weights: Tensors) -> Actor:
        """Return the policy of the weights."""

    @abstractmethod
    def prepare(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> None:
        """Fix everything that is derived from the tasks before the training; refuse tasks that do not go together."""

    @abstractmethod
    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on the env of `tasks`, and the judge of `validation`."""

    # ------------------------------------------------------------------ training
    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Train, and keep the policy with the best result on `validation`."""
        self._learn(tasks, validation, rng, steps, Logbook())

    def train_in(
        self,
        folder: Path | None,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
        progress: Progress = lambda done, total, what: None,
    ) -> list[list[float]]:
        """Train with states and TensorBoard logs kept in a folder; an interrupted training there goes on.

        Returns:
            Trials done and mean normalised regret on the validation tasks, at the start and at the
            end of each segment.
        """
        with self._sides(tasks, validation) as sides:
            return self._learn(*sides, rng, steps, Logbook(folder, progress))

    def _learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None,
        log: Logbook,
    ) -> list[list[float]]:  # fmt: skip
        seed = int(rng.integers(2**63))
        take(self, self._given, tasks[0].env)
        self.prepare(tasks, validation, rng)
        steps = self.steps if steps is None else steps
        plan = Plan(steps, self.segments, self.patience, seed)
        identity = {
            "agent": self.name, "version": self.version, "settings": self.settings, "steps": steps, "seed": seed,
            "tasks": names_of(tasks), "validation": names_of(validation),
        }  # fmt: skip
        with one_thread(), own_randomness():
            learner, judge = self.begin(tasks, validation, seed, log.curves)
            weights, course = train(learner, judge, plan, identity, log)
        self._learned(weights)
        return course.curve

    def _learned(self, weights: Tensors) -> None:
        with own_randomness():  # a network begins with random weights
            self._weights, self._actor = weights, self.make_actor(weights)


def suite_of(tasks: Sequence[Task], validation: Sequence[Task], space: SearchSpace) -> Suite:
    """Return the tasks as a suite, for the env."""
    splits = {"train": [t.name for t in tasks], "val": [t.name for t in validation]}
    return Suite("training", space, (*tasks, *validation), "any", splits=splits)
