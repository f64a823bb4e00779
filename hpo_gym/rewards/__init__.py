"""Rewards: named, stateless, batch-first functions of contexts and runs, called after each trial."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import InvalidValueError, StateError
from hpo_gym.registry import Registry
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.oracle import Oracle
from hpo_gym.state.runs import Runs
from hpo_gym.task import Task

Rewards = NDArray[np.float64]
Judge = Callable[[Contexts, Runs], Rewards]

REWARDS: Registry[Reward] = Registry("reward")


class Reward(ABC):
    """What a trial is worth to an agent.

    Attributes:
        training_only: Whether it is refused outside the training split, as an `OracleReward` is.
    """

    training_only = False

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``."""


class OracleReward(Reward):
    """A reward that is handed the oracle, and so is refused outside the training split."""

    training_only = True

    @abstractmethod
    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``."""

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        raise StateError(f"{type(self).__name__} needs the oracle: `judge_of(reward, tasks)` hands it over.")


def judge_of(reward: Reward, tasks: Sequence[Task]) -> Judge:
    """A reward on tasks, with their oracle if it is an `OracleReward`: nobody else is handed one."""
    return functools.partial(reward.judge, oracle=Oracle.of(tasks)) if isinstance(reward, OracleReward) else reward


@REWARDS.register("score")
class Score(Reward):
    """The validation score of the trial (the default)."""

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return runs.last.astype(np.float64)


@REWARDS.register("improvement")
class Improvement(Reward):
    """How far the trial lifts the incumbent, in the score's unit.

    The incumbent is counted from the mean score of meta-train, so that the first trial has its worth, and the sum over
    an episode is what the last incumbent stands above that mean. A rise of fidelity is no improvement.
    """

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return _gain(contexts, runs)


@REWARDS.register("normalized_improvement")
class NormalizedImprovement(Reward):
    """`improvement` in standard deviations of meta-train."""

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return _gain(contexts, runs) / contexts.scale.sd


@REWARDS.register("regret")
class Regret(OracleReward):
    """Minus the normalised regret of the incumbent, in [-1, 0]; for training splits only."""

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return -oracle.regret(runs.task, runs.best)


@REWARDS.register("regret_drop")
class RegretDrop(OracleReward):
    """By how much the trial lowers the normalised regret, 1 before the first; for training splits only.

    The sum over an episode is 1 less the last regret.
    """

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return oracle.regret(runs.task, runs.previous) - oracle.regret(runs.task, runs.best)


@REWARDS.register("log_regret")
class LogRegret(OracleReward):
    """Minus log10 of the normalised regret + 1e-3, in [-0.0005, 3]; for training splits only."""

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return np.asarray(-np.log10(oracle.regret(runs.task, runs.best) + 1e-3))


@REWARDS.register("cost_aware")
class CostAware(Reward):
    """`normalized_improvement` less the cost of the trial, in mean costs of meta-train, times `weight`.

    Args:
        weight: Standard deviations of score that one mean evaluation is worth.
    """

    def __init__(self, weight: float = 0.05) -> None:
        if not 0.0 <= weight < np.inf:
            raise InvalidValueError(f"`0 <= weight < inf` must hold, got {weight}; the nearest is {max(weight, 0.0)}.")
        self.weight = weight

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        cost, _ = runs.last_outcome()
        return np.asarray(_gain(contexts, runs) / contexts.scale.sd - self.weight * cost / contexts.scale.cost)


def _gain(contexts: Contexts, runs: Runs) -> Rewards:
    floor = contexts.scale.mean
    gain = np.maximum(runs.best, floor) - np.maximum(runs.previous, floor)
    if runs.fidelity is not None:  # else an incumbent never falls
        gain = np.maximum(gain, 0.0)
    return np.asarray(gain, np.float64)
