"""The reward `cost_aware`: what a trial gained, less what it cost."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import InvalidValueError
from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.rewards._gain import gain_of, gain_of_one
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


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
        return np.asarray(gain_of(contexts, runs) / contexts.scale.sd - self.weight * cost / contexts.scale.cost)

    def one(self, contexts: Contexts, runs: Runs) -> float:
        cost = runs.last_cost()
        return float(gain_of_one(contexts, runs) / contexts.scale.sd - self.weight * cost / contexts.scale.cost)
