"""The observer `history`: every trial in one row of numbers."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import MAX, OBSERVERS
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@OBSERVERS.register("history")
class HistoryObserver(Flat):
    """Box ``(h (d + 2),)``: every trial in order as configuration, score and fidelity; 0 where there is none yet."""

    fused = True
    keeps = ("history",)

    def limits(self, contexts: Contexts) -> Limits:
        return [(-1, 1, contexts.space.d), (-MAX, MAX, 1), (0, 1, 1)] * contexts.horizon

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        history = runs["history"]
        out = history.copy()
        if not self.served.plain and not runs.fresh:
            there = history[:, :, -1] > 0
            served = self.serve(contexts, runs, runs.scores())
            out[:, :, -2] = np.where(there, served, 0.0)
        elif not runs.single:
            np.clip(out[:, :, -2], -MAX, MAX, out=out[:, :, -2])
        return self.finish(contexts, runs, out.reshape(runs.n, -1))
