"""The reward `anytime`: an improvement, for as long as it lasts."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.rewards._gain import gain_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("anytime")
class Anytime(Reward):
    """`normalized_improvement` times the share of the budget that is left when the trial begins.

    The sum over an episode is the mean over its trials of the incumbent above the mean of meta-train, in standard
    deviations: what the area under the regret curve measures, up to the task's best.
    """

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return gain_of(contexts, runs) / contexts.scale.sd * (np.asarray(runs.left) + runs.last_share)
