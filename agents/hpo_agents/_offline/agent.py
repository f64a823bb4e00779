"""`FromEpisodes`: shared parts of the agents that learn from stored episodes, with the view of `ppo-pool`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpo_agents._offline.lessons import Lessons, lessons_of, together
from hpo_agents._offline.played import Played, played_of
from hpo_agents._offline.rolling import rolled
from hpo_agents._policy.settings import TUNED, tiny
from hpo_agents._policy.training import Learner, Progress
from hpo_agents._pool.prior import PoolPrior
from hpo_agents._pool.run import PoolRun, Purse
from hpo_agents.ppo_pool import PPOPool
from hpo_gym.base import InvalidValueError, seeding, whole
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import Context, Episodes, make_optimizer
from hpo_gym.problem import Task, evaluations, scale_of


@dataclass(eq=False, repr=False, kw_only=True)
class FromEpisodes(PPOPool):
    """An agent that learns the choices of stored episodes, with the view and the scorer of `ppo-pool`.

    It acts like that agent: on whole pools, of any suite. Validation is by runs among `judged` candidates.

    Args:
        behaviour: Without data, it learns from episodes of this optimizer on the meta-train tasks.
        episodes: Their number, for each suite.
        states: Upper limit of the states that are learned from; they are drawn at random.

    `candidates` are drawn for each state; `steps` counts states learned from, with repeats, and `runs` are played side
    by side. The other settings are those of `ppo-pool`.

    Attributes:
        stretch: States in a row that it learns from together: 1, or 0 for whole episodes.
    """

    version = 1
    stretch: ClassVar[int] = 1
    smoke: ClassVar[Mapping[str, Any]] = {
        **tiny(batch_size=16), "candidates": 8, "network": [8], "episodes": 8, "states": 60, "behaviour": "portfolio",
    }  # fmt: skip

    behaviour: str = TUNED
    episodes: int = TUNED
    states: int = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self.episodes, self.states = whole("episodes", self.episodes, 1), whole("states", self.states, 1)
        if self.reward != "regret_drop":
            raise InvalidValueError(f"`reward` must be 'regret_drop' for stored episodes, got {self.reward!r}.")
        if self.start is not None:
            raise InvalidValueError(f"`start` must be None for {self.name!r}, got {self.start!r}: it is of 'ppo-pool'.")
        self._data: tuple[Played, ...] = ()

    # ------------------------------------------------------------------ of the algorithm
    @abstractmethod
    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons, fresh."""

    # ------------------------------------------------------------------ training
    def train_on(
        self,
        episodes: Episodes,
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
        folder: Path | None = None,
        progress: Progress = lambda done, total, what: None,
    ) -> list[list[float]]:
        """Learn from stored episodes; the meta-train tasks of their suite are the earlier tasks of a run.

        Returns:
            States learned from and mean normalised regret on the validation tasks, at the start and at the end of each
            segment.

        Raises:
            InvalidValueError: They are not full evaluations of rows of one pool from a cold start.
        """
        named = {episodes.suite.task(name) for name in episodes.tasks}
        tasks = [*episodes.suite.tasks("train")]
        tasks += sorted(named - set(tasks), key=lambda t: t.name)
        self._data = (played_of(episodes, tasks),)
        if self._given["budget"] is None:  # that of the data
            self._given["budget"] = int(episodes.spec.get("budget") or self._data[0].at.shape[1])
        own = seeding.key("data", int(rng.integers(2**63)), self._data[0].digest())  # a seed of its own for other data
        try:
            return self.train_in(
                folder, tasks, np.random.default_rng(int(own)), validation=validation, steps=steps, progress=progress
            )
        finally:
            self._data = ()

    def learner(self, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> Learner:
        """Return the algorithm on the data, else on episodes of the behaviour."""
        import torch

        rng, parts = np.random.default_rng(seed), list[Lessons]()
        groups = [list(env.kernel.batch.tasks) for env in envs]
        for i, tasks in enumerate(groups):
            played = self._data[i] if self._data else self.played(tasks, int(seeding.key(seed, i)), rng)
            shape = (self.states // len(groups), self.stretch, self.candidates)
            parts.append(lessons_of(played, prior_of(tasks), shape, self.budget, rng))
        torch.manual_seed(seed)
        return self.student(together(parts))

    def played(self, tasks: Sequence[Task], seed: int, rng: np.random.Generator) -> Played:
        """Return episodes of the behaviour on meta-train tasks."""
        which = rng.permutation(np.arange(self.episodes) % len(tasks)).tolist()
        return rolled(make_optimizer(self.behaviour), tasks, which, self.budget, seed)

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run, in any search space, of full evaluations.

        Raises:
            StateError: Neither trained nor loaded.
        """
        self._needed(self._actor, "reset")
        self._run, self._rng = PoolRun(replace(context, fidelities=context.fidelities[-1:]), rng), rng
        self._run.purse = Purse(context)


def prior_of(tasks: Sequence[Task]) -> PoolPrior:
    """Return tasks as knowledge about the rows of their pool."""
    pool = tasks[0].pool
    assert pool is not None
    return PoolPrior.of(evaluations(tasks), pool, scale_of(tasks), tasks[0].space)
