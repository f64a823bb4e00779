"""The observer `blind`: a control that sees what it did, and nothing of what came of it."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Flat
from hpo_gym.env.observers._own import Limits, own_limits, show_own
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores


@OBSERVERS.register("blind")
class Blind(Flat):
    """Box ``(2 + 2 d,)``: share of the budget spent, whether nothing was tried, the last configuration, its last move.

    The configuration is in [-1, 1] (before the first trial the default one), the move its change from the trial before.
    No score is shown: what a policy that sees more adds to one that sees this is the worth of feedback.
    """

    def __init__(self, context: bool = False, served: ServedScores | None = None) -> None:
        super().__init__(context, served)
        self.blank = False

    def limits(self, contexts: Contexts) -> Limits:
        return own_limits(contexts)

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        out = np.zeros((runs.n, 2 + 2 * contexts.space.d), np.float32)
        show_own(contexts, runs, out)
        return self.finish(contexts, runs, out)
