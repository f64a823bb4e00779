"""Shared parts of agents that score one candidate after another, and so act on any pool."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_agents._candidates.chosen import shared_pool
from hpo_agents._policy.agent import PolicyAgent, suite_of
from hpo_agents._policy.settings import TUNED
from hpo_agents._policy.training import Actor, Judge, Learner, Tensors, chosen
from hpo_gym.base import InvalidValueError, StateError
from hpo_gym.env import HPOVectorEnv, Part
from hpo_gym.optimize import Context
from hpo_gym.problem import SPENT, Task, Trial, over

_SCORER = "features_extractor.scorer."


class Purse:
    """The rest of a run's budget; the initial design is free.

    Attributes:
        spent: In the unit of the context's budget.
    """

    def __init__(self, context: Context) -> None:
        self.context, self.spent = context, 0.0
        self._asked = False

    def left(self) -> float | None:
        """Return the rest for the next choice; None if it is too little for one."""
        self._asked = True
        left = self.context.budget - self.spent
        least = self.context.fidelities[0] if self.context.unit is None else SPENT
        return None if over(left, least) else left

    def pay(self, trial: Trial) -> None:
        """Take the cost of a trial."""
        self.spent += self.context.charge(trial) if self._asked else 0.0


class PoolsRun(Protocol):
    """One run without an env."""

    def tell(self, trial: Trial) -> None:
        """Add a trial."""


R = TypeVar("R", bound=PoolsRun)


@dataclass(eq=False, repr=False, kw_only=True)
class PoolsAgent(PolicyAgent, Generic[R]):
    """An agent with one scorer for every candidate, trained on one or several suites with shared pools.

    Args:
        sharpness: Factor of the logits at first.
        reward: A registered reward.

    The other settings are those of `PolicyAgent`; `network` has one width.

    Attributes:
        judges: Least number of runs that judge a policy on each suite: in as many instances of each of its validation
            tasks.
    """

    judges: ClassVar[int] = 1

    sharpness: float = TUNED
    reward: Part = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self._run: R | None = None
        if not self.sharpness > 0 or len(self.network) != 1:
            raise InvalidValueError(
                f"`sharpness > 0` and one width in `network` must hold, got {(self.sharpness, self.network)}."
            )

    # ------------------------------------------------------------------ of the agent
    @abstractmethod
    def view(self, tasks: Sequence[Task]) -> Callable[[], dict[str, Any]]:
        """Return the view of runs on tasks of a suite: a maker of an env's arguments, for each env anew."""

    @abstractmethod
    def learner(self, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> Learner:
        """Return the algorithm on the envs of several suites, fresh."""

    @abstractmethod
    def judged(self, actor: Actor, env: HPOVectorEnv, seed: int) -> float:
        """Return the mean regret of a policy on the validation tasks of a suite; `seed` is that of the training."""

    @abstractmethod
    def scorer(self) -> torch.nn.Module:
        """Return the network, fresh."""

    @abstractmethod
    def actor_of(self, scorer: Any) -> Actor:
        """Return the network as a policy."""

    # ------------------------------------------------------------------ training
    def prepare(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> None:
        """Refuse tasks without a pool shared in their suite, and validation tasks of other suites."""
        for name, group in by_suite(tasks).items():
            if shared_pool(group) is None:
                raise InvalidValueError(f"A pool policy is trained on tables with one pool, {name!r} has none.")
        strange = sorted({t.suite for t in validation} - {t.suite for t in tasks})
        if strange:
            raise InvalidValueError(f"Validation tasks must be of the suites trained on, got some of {strange}.")

    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on an env for each suite, and the judge of `validation`, with equal weights of all
        suites."""
        held_out, envs, held = by_suite(validation), [], []
        for name, group in by_suite(tasks).items():
            others, view = held_out.get(name, []), self.view(group)
            suite = suite_of(group, others, group[0].space)
            envs.append(HPOVectorEnv(self.runs, suite, reward=self.reward, autoreset_mode="SAME_STEP", **view()))
            if others:
                instances = -(-self.judges // len(others))
                held.append(HPOVectorEnv(len(others) * instances, suite, split="val", **view()))
        learner = self.learner(envs, seed % 2**31, logs)
        if not held:
            return learner, None
        return learner, lambda actor: float(np.mean([self.judged(actor, env, seed) for env in held]))

    def make_learner(self, env: HPOVectorEnv, seed: int, logs: Path | None) -> Learner:
        """Return the algorithm on one env."""
        return self.learner([env], seed, logs)

    def make_actor(self, weights: Tensors) -> Actor:
        """Return the policy of the weights."""
        scorer = self.scorer()
        scorer.load_state_dict({k.removeprefix(_SCORER): v for k, v in weights.items() if k.startswith(_SCORER)})
        return self.actor_of(scorer)

    def _learned(self, weights: Tensors) -> None:
        super()._learned({k: v for k, v in weights.items() if k.startswith(_SCORER)})  # the critic is not needed

    # ------------------------------------------------------------------ acting
    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        self._begun().tell(trial)

    def _begun(self) -> R:
        if self._run is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._run

    def _best(self, logits: NDArray[np.float64], rng: np.random.Generator) -> int:
        """Return the action in one run."""
        return int(chosen(logits[None], None, None if self.greedy else rng)[0])


class ScorerActor(Actor):
    """A scorer as a policy in an env: its first answer to `features` and `there` are the logits."""

    def __init__(self, scorer: Any) -> None:
        self.scorer = scorer

    def act(self, obs: Any, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        features, there = torch.as_tensor(obs["features"]), torch.as_tensor(obs["there"]) > 0
        return chosen(self.scorer(features, there)[0].numpy().astype(np.float64), masks, rng)


def by_suite(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    """Tasks by the name of their suite."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        found.setdefault(task.suite, []).append(task)
    return found
