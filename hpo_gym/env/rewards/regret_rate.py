"""The reward `regret_rate`: the regret that a run stood at while its trial went on, so that the return is an AUC."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.env.rewards import REWARDS, OracleReward, Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("regret_rate")
class RegretRate(OracleReward):
    """Minus the normalised regret of the incumbent before the trial, times the share of the budget that the trial took.

    In [-1, 0]. Before the first trial the regret is that of a random configuration, its mean over the rows of the task;
    while all have failed it is 1. A stop, and the last trial that there is room for, also take what is left of the
    budget, at the regret reached. So the return is minus the mean regret over the budget: over what was spent with
    a budget in cost, else over evaluations. For training splits only.
    """

    needs_random = True

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        assert oracle.random is not None
        before = np.where(runs.t <= 1, oracle.random[runs.task], oracle.regret(runs.task, runs.reached_before))
        out = -before * runs.last_share
        if contexts.in_cost:
            full = np.broadcast_to(np.asarray(runs.t >= contexts.horizon), runs.n)
            if full.any():
                out = np.where(full, out + self.rest(contexts, runs, oracle), out)
        return np.asarray(out)

    def rest(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        return np.asarray(-_standing(runs, oracle) * runs.left)


def _standing(runs: Runs, oracle: Oracle) -> Floats:
    """Return the current regret of each run, ``(n,)``."""
    assert oracle.random is not None
    return np.where(runs.untried(), oracle.random[runs.task], oracle.regret(runs.task, runs.reached))
