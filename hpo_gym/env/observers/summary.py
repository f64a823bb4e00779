"""The observer `summary`: incumbent, last trial, and how far the run is."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import MAX, OBSERVERS
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@OBSERVERS.register("summary")
class Summary(Flat):
    """Box ``(2 d + 5,)``: incumbent, last configuration, their scores, shares of budget left, trials, stagnation.

    The last two are the trials so far over the horizon, and the incumbent's age over the trials so far.
    """

    keeps = ("incumbent_at",)

    def limits(self, contexts: Contexts) -> Limits:
        return [(-1, 1, 2 * contexts.space.d), (-MAX, MAX, 2), (0, 1, 3)]

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        d = contexts.space.d
        out = np.zeros((runs.n, 2 * d + 5), np.float32)
        out[:, 2 * d + 2] = runs.left
        if not runs.fresh:
            out[:, :d] = runs.incumbent_x() * 2.0 - 1.0
            out[:, d : 2 * d] = runs.last_x() * 2.0 - 1.0
            out[:, 2 * d] = self.serve(contexts, runs, runs.best)
            out[:, 2 * d + 1] = self.serve(contexts, runs, runs.last)
            t = np.maximum(np.broadcast_to(runs.t, runs.n), 1)
            out[:, 2 * d + 3] = t / contexts.horizon
            out[:, 2 * d + 4] = (t - 1 - runs.incumbent()) / t
        return self.finish(contexts, runs, out)
