"""The reward `ahead`: how much a trial moves its run ahead of random search."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Ints
from hpo_gym.env.rewards import REWARDS, OracleReward, Rewards
from hpo_gym.env.rewards.anytime import left_before, left_before_one
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("ahead")
class Ahead(OracleReward):
    """`auc`, plus by how much the trial changes what random trials would still gain in the rest of the budget.

    The sum over an episode is the expected area under the curve of random search, less that of the run: 0 is level with
    random search. It pays validation scores, also where comparisons judge by the test score. A trial no better than a
    random one pays 0 in the mean, on easy and on hard tasks, early and late, so that what an action is worth shows
    through after few episodes. (Potential-based shaping, Ng et al., "Policy invariance under reward transformations",
    1999; the potential is the exact value of random search on the task. With discount 1 the best policy is that of
    `auc`; with a lower one it may be another.)
    For training splits only.
    """

    needs_random = True

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        task, left, began = runs.task, runs.left, left_before(runs)
        after, before = oracle.regret(task, runs.reached), oracle.regret(task, runs.reached_before)
        rest = oracle.luck(task, after, _trials(contexts, left))
        was = oracle.luck(task, before, _trials(contexts, began))
        return np.asarray((before - after) * began + (rest - was) / contexts.budget)

    def judge_one(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> float:
        task, left, began = runs.task.item(0), runs.left_of_one(), left_before_one(runs)
        after = oracle.regret_of(task, runs.reached.item(0))
        before = after if runs.best is runs.previous else oracle.regret_of(task, runs.reached_before.item(0))
        rest, was = oracle.luck_of(task, after, round(left * contexts.budget), before, round(began * contexts.budget))
        return (before - after) * began + (rest - was) / contexts.budget

    def rest(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        """Return minus what random trials would still have gained, which a stop loses."""
        luck = oracle.luck(runs.task, oracle.regret(runs.task, runs.reached), _trials(contexts, runs.left))
        return -luck / contexts.budget


def _trials(contexts: Contexts, left: Floats | float) -> Ints:
    """Return the full evaluations that a share of the budget pays for, rounded."""
    return np.rint(np.asarray(left) * contexts.budget).astype(np.int64)
