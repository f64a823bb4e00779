"""The observer `last`: the last trial and the incumbent's score."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import MAX, OBSERVERS
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


@OBSERVERS.register("last")
class Last(Flat):
    """Box ``(d + 3,)``: last configuration, its score, the incumbent's score, share of budget left (the default).

    Before the first trial all but the share are 0.
    """

    fused = True

    def limits(self, contexts: Contexts) -> Limits:
        return [(-1, 1, contexts.space.d), (-MAX, MAX, 2), (0, 1, 1)]

    def one(self, contexts: Contexts, runs: Runs) -> Singles:
        out, d = runs.row, runs.d
        if out is None or self.context or not (runs.single and self.served.plain):
            return super().one(contexts, runs)  # type: ignore[no-any-return]
        out[d + 1] = runs.best.item(0)
        out[d + 2] = runs.left_of_one()
        return out

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        d = runs.d
        out = runs.block
        if out is None:
            if runs.fresh:
                out = np.zeros((runs.n, d + 3), np.float32)
                out[:, d + 2] = 1.0
                return self.finish(contexts, runs, out)
            out = runs.last_signed(2)
        if runs.single and self.served.plain:
            out[:, d + 1] = runs.best
        else:
            out[:, d] = self.serve(contexts, runs, runs.last)
            out[:, d + 1] = self.serve(contexts, runs, runs.best)
        left = runs.left
        if isinstance(left, float):
            out[:, d + 2].fill(left)
        else:
            out[:, d + 2] = left
        return self.finish(contexts, runs, out) if self.context else out
