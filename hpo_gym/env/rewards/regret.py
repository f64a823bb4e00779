"""The rewards of the training split, by the incumbent's normalised regret: `regret`, `regret_drop`, `log_regret`."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.rewards import REWARDS, OracleReward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("regret")
class Regret(OracleReward):
    """Minus the normalised regret of the incumbent, in [-1, 0].

    For training splits only.
    """

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return -oracle.regret(runs.task, runs.reached)

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        return -oracle.regret_of(runs.task.item(0), runs.reached.item(0))


@REWARDS.register("regret_drop")
class RegretDrop(OracleReward):
    """By how much the trial lowers the normalised regret, which is 1 before the first.

    The sum over an episode is 1 less the last regret. For training splits only.
    """

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return oracle.regret(runs.task, runs.reached_before) - oracle.regret(runs.task, runs.reached)

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        task = runs.task.item(0)
        now = oracle.regret_of(task, runs.reached.item(0))
        before = now if runs.best is runs.previous else oracle.regret_of(task, runs.reached_before.item(0))
        return before - now


@REWARDS.register("log_regret")
class LogRegret(OracleReward):
    """Minus log10 of the normalised regret + 1e-3, in [-0.0005, 3].

    For training splits only.
    """

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return np.asarray(-np.log10(oracle.regret(runs.task, runs.reached) + 1e-3))

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        return float(-np.log10(oracle.regret_of(runs.task.item(0), runs.reached.item(0)) + 1e-3))
