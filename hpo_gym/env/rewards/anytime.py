"""The rewards `anytime` and `auc`: an improvement, for as long as it lasts."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.env.rewards import REWARDS, OracleReward, Reward, Rewards
from hpo_gym.env.rewards._gain import gain_of, gain_of_one
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("anytime")
class Anytime(Reward):
    """`normalized_improvement` times the share of the budget that is left when the trial begins.

    The sum over an episode is the mean over its trials of the incumbent above the mean of meta-train, in standard
    deviations of validation scores. A task whose scores are all below that mean pays nothing: on the training split
    take `auc`.
    """

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        return gain_of(contexts, runs) / contexts.scale.sd * left_before(runs)

    def one(self, contexts: Contexts, runs: Runs) -> float:
        gain = gain_of_one(contexts, runs)
        return float(gain / contexts.scale.sd * left_before_one(runs)) if gain else 0.0


@REWARDS.register("auc")
class Auc(OracleReward):
    """`regret_drop` times the share of the budget that is left when the trial begins.

    The sum over an episode is 1 less the area under its curve of normalised regret (AUC), by the validation score:
    comparisons judge the same incumbents by the test score, where a suite has one. For training splits only.
    """

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        drop = oracle.regret(runs.task, runs.reached_before) - oracle.regret(runs.task, runs.reached)
        return np.asarray(drop * left_before(runs))

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        if runs.best is runs.previous:
            return 0.0
        task = runs.task.item(0)
        now = oracle.regret_of(task, runs.reached.item(0))
        return float((oracle.regret_of(task, runs.reached_before.item(0)) - now) * left_before_one(runs))


def left_before(runs: Runs) -> Floats:
    """Return the share of the budget that was left before the last trial of each run, ``(n,)``."""
    return np.asarray(runs.left + runs.last_share)


def left_before_one(runs: Runs) -> float:
    """Return `left_before` of the only run, whose trials take 1 each."""
    return runs.left_of_one() + 1.0 / runs.budget
