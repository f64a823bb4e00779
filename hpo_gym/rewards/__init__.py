"""Rewards: named, stateless, batch-first functions of contexts and runs, called after each trial."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import InvalidValueError
from hpo_gym.registry import Registry
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs
from hpo_gym.transfer.regret import relative_regret

Rewards = NDArray[np.float64]

REWARDS: Registry[Reward] = Registry("reward")


class Reward(ABC):
    """What a trial is worth to an agent.

    Attributes:
        training_only: Whether it reads the oracle, and so is refused outside the training split.
    """

    training_only = False

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``."""


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
class Regret(Reward):
    """Minus the normalised regret of the incumbent, in [-1, 0]; for training splits only."""

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return -normalised(contexts, runs)


@REWARDS.register("regret_drop")
class RegretDrop(Reward):
    """By how much the trial lowers the normalised regret, 1 before the first; for training splits only.

    The sum over an episode is 1 less the last regret.
    """

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return normalised(contexts, runs, runs.previous) - normalised(contexts, runs)


@REWARDS.register("log_regret")
class LogRegret(Reward):
    """Minus log10 of the normalised regret + 1e-3, in [-0.0005, 3]; for training splits only."""

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return np.asarray(-np.log10(normalised(contexts, runs) + 1e-3))


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


def normalised(contexts: Contexts, runs: Runs, scores: NDArray[np.floating] | None = None) -> Rewards:
    """Normalised regret of the incumbents, or of `scores`: 0 at the task's best, 1 at its worst, ``(n,)``."""
    best, worst = contexts.best[runs.task], contexts.worst[runs.task]
    return relative_regret(runs.best if scores is None else scores, best, worst)


def _gain(contexts: Contexts, runs: Runs) -> Rewards:
    floor = contexts.scale.mean
    gain = np.maximum(runs.best, floor) - np.maximum(runs.previous, floor)
    if runs.fidelity is not None:  # else an incumbent never falls
        gain = np.maximum(gain, 0.0)
    return np.asarray(gain, np.float64)
