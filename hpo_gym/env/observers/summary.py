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

    fused = True
    keeps = ("incumbent_at", "incumbent_trial")

    def limits(self, contexts: Contexts) -> Limits:
        return [(-1, 1, 2 * contexts.space.d), (-MAX, MAX, 2), (0, 1, 3)]

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        d = contexts.space.d
        if runs.fresh:
            out = np.zeros((runs.n, 2 * d + 5), np.float32)
            out[:, 2 * d + 2] = runs.left
            return self.finish(contexts, runs, out)
        out = np.empty((runs.n, 2 * d + 5), np.float32)
        out[:, :d] = runs.signed(runs.task, runs["incumbent_at"])
        out[:, d : 2 * d] = runs.last_signed(2)[:, :d]
        out[:, 2 * d] = self.serve(contexts, runs, runs.best)
        out[:, 2 * d + 1] = self.serve(contexts, runs, runs.last)
        out[:, 2 * d + 2] = runs.left
        t = np.maximum(runs.t, 1)
        out[:, 2 * d + 3] = t / contexts.horizon
        out[:, 2 * d + 4] = (t - 1 - runs["incumbent_trial"]) / t
        return self.finish(contexts, runs, out)
