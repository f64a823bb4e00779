"""The observer `blind`: a control that sees what it did, and nothing of what came of it."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._own import Own
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@OBSERVERS.register("blind")
class Blind(Own):
    """Box ``(2 + 2 d,)``: share of the budget spent, whether nothing was tried, the last configuration, its last move.

    The configuration is in [-1, 1] (before the first trial the default one), the move its change from the trial before.
    No score is shown: what a policy that sees more adds to one that sees this is the worth of feedback.
    """

    def seen(self, contexts: Contexts, runs: Runs) -> Singles:
        return np.empty((runs.n, 0), np.float32)
