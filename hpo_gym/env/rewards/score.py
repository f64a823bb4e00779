"""The reward `score`: the validation score."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.rewards import REWARDS, Reward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs

_F64 = np.dtype(np.float64)


@REWARDS.register("score")
class Score(Reward):
    """The validation score of the trial (the default)."""

    def one(self, contexts: Contexts, runs: Runs) -> float:
        return runs.last.item(0)  # type: ignore[no-any-return]

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return runs.last.astype(_F64)
