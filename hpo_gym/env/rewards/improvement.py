"""The rewards `improvement` and `normalized_improvement`: how far a trial lifts the incumbent."""

from __future__ import annotations

from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.rewards._gain import gain_of, gain_of_one
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("improvement")
class Improvement(Reward):
    """The trial's improvement of the incumbent, in the score's unit.

    The incumbent is counted from the mean score of meta-train, so that the first trial has its worth, and the sum over
    an episode is the last incumbent above that mean. A rise of fidelity is no improvement.
    """

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return gain_of(contexts, runs)

    def one(self, contexts: Contexts, runs: Runs) -> float:
        return gain_of_one(contexts, runs)


@REWARDS.register("normalized_improvement")
class NormalizedImprovement(Reward):
    """`improvement` in standard deviations of meta-train."""

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return gain_of(contexts, runs) / contexts.scale.sd

    def one(self, contexts: Contexts, runs: Runs) -> float:
        return float(gain_of_one(contexts, runs) / contexts.scale.sd)
