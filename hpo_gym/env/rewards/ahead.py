"""The reward `ahead`: how much a trial moves its run ahead of random search."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Ints
from hpo_gym.env.rewards import REWARDS, OracleReward, Rewards
from hpo_gym.env.rewards.anytime import Auc
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs


@REWARDS.register("ahead")
class Ahead(OracleReward):
    """`auc`, plus by how much the trial changes what random trials would still gain in the rest of the budget.

    The sum over an episode is the expected area under the curve of random search, less that of the run: 0 is level with
    random search. A trial no better than a random one pays 0 in the mean, on easy and on hard tasks, early and late,
    so that what an action is worth shows through after few episodes. (Potential-based shaping, Ng et al., "Policy
    invariance under reward transformations", 1999; the potential is the exact value of random search on the task.)
    For training splits only.
    """

    needs_random = True
    _auc = Auc()

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        rest = oracle.luck(runs.task, oracle.regret(runs.task, runs.reached), _trials(contexts, runs.left))
        before = oracle.luck(
            runs.task,
            oracle.regret(runs.task, runs.reached_before),
            _trials(contexts, runs.left + runs.last_share),
        )
        return self._auc.judge(contexts, runs, oracle) + (rest - before) / contexts.budget

    def rest(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Rewards:
        """Return minus what random trials would still have gained, which a stop loses."""
        luck = oracle.luck(runs.task, oracle.regret(runs.task, runs.reached), _trials(contexts, runs.left))
        return -luck / contexts.budget


def _trials(contexts: Contexts, left: Floats | float) -> Ints:
    """Return the full evaluations that a share of the budget pays for, rounded."""
    return np.rint(np.asarray(left) * contexts.budget).astype(np.int64)
