"""The reward `final`: how far a trial lifts the current score, so that where a run ends counts."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("final")
class Final(Reward):
    """The score minus that of the trial before it, in standard deviations of meta-train.

    The first trial is counted from the mean score of meta-train, so the sum is the last, not the best, score above it.
    """

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        before = runs.score_before(contexts.scale.mean)
        return np.asarray((runs.last - before) / contexts.scale.sd)

    def one(self, contexts: Contexts, runs: Runs) -> float:
        scale = contexts.scale
        return float((runs.last.item(0) - runs.score_before_one(scale.mean)) / scale.sd)
