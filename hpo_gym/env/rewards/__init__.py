"""Rewards: named, stateless, batch-first functions of contexts and runs, called after each trial; one file each."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Registry, StateError
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Task

Rewards = NDArray[np.float64]
Judge = Callable[[Contexts, Runs], Rewards]
JudgeOne = Callable[[Contexts, Runs], float]

REWARDS: Registry[Reward] = Registry("reward", ("hpo_gym.env.rewards",), variable="REWARDS")


class Reward(ABC):
    """The reward of a trial.

    Attributes:
        training_only: Whether it is refused outside the training split, like an `OracleReward`.
        dim: Number of objectives of a vector reward; 0 for a number.
    """

    training_only = False
    dim = 0

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``, or ``(n, dim)``."""

    def one(self, contexts: Contexts, runs: Runs) -> float:
        """Reward of the last trial of the only run: the same number as a call gives."""
        return float(self(contexts, runs).item())


class OracleReward(Reward):
    """A reward that is handed the oracle, and so is refused outside the training split."""

    training_only = True
    needs_random = False

    @abstractmethod
    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``."""

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        """Reward of the last trial of the only run: the same number as `judge` gives."""
        return float(self.judge(contexts, runs, oracle).item())

    def rest(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        """Reward of the action that stops each run, a fresh ``(n,)``: nothing, as of most."""
        return np.zeros(runs.n)

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        raise StateError(f"{type(self).__name__} needs the oracle: `judge_of(reward, tasks)` hands it over.")


class _Handed:
    """A method of a reward that is handed the oracle; a pickle has the tasks, and makes the oracle anew."""

    def __init__(self, reward: OracleReward, method: str, tasks: Sequence[Task]) -> None:
        self._made_of = reward, method, tuple(tasks)
        self._method, self._oracle = getattr(reward, method), _oracle(tuple(tasks), reward.needs_random)

    def __call__(self, contexts: Contexts, runs: Runs) -> Any:
        return self._method(contexts, runs, self._oracle)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Handed, self._made_of

    def __deepcopy__(self, memo: dict[int, object]) -> _Handed:
        return self  # a reward has no state


@functools.lru_cache(maxsize=4)
def _oracle(tasks: tuple[Task, ...], random: bool) -> Oracle:
    return Oracle.of(tasks, random=random)


def judge_of(reward: Reward, tasks: Sequence[Task]) -> Judge:
    """Return a reward on tasks, with their oracle if it is an `OracleReward`; no other gets one."""
    if isinstance(reward, OracleReward):
        return _Handed(reward, "judge", tasks)
    return reward.__call__


def rest_of(reward: Reward, tasks: Sequence[Task]) -> Judge | None:
    """Return the reward of the action that stops a run; None if it defines none."""
    if not isinstance(reward, OracleReward) or type(reward).rest is OracleReward.rest:
        return None
    return _Handed(reward, "rest", tasks)


def judge_one_of(reward: Reward, tasks: Sequence[Task]) -> JudgeOne:
    """Return `judge_of` for one run."""
    if isinstance(reward, OracleReward):
        return _Handed(reward, "judge_one", tasks)
    return reward.one
