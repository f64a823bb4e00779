"""An action is a candidate at a fidelity, or to stop."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike

from hpo_agents._time.ladder import RUNGS
from hpo_gym.base import Ints, Mask
from hpo_gym.env import Codec, Contexts, Proposal, Runs, choices_of
from hpo_gym.problem import payable, pooled


class RungCodec(Codec):
    """``Discrete(3 c + 1)``: of `c` rows drawn for each episode three rungs of the first, then of the second, and so
    on; the last action stops. A row at a rung above its last one continues its training. With fewer rungs, the lower
    ones are masked.

    Args:
        candidates: `c`.
        rungs: Up to three fidelities, ascending; the last one is 1.
    """

    fidelity = stop = pool = True

    def __init__(self, candidates: int, rungs: Sequence[float]) -> None:
        self.candidates, self.rungs = candidates, np.asarray(rungs, np.float64)

    def space(self, contexts: Contexts) -> gym.Space[np.int64]:
        return gym.spaces.Discrete(self.candidates * RUNGS + 1)

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        s, last = len(self.rungs), self.candidates * RUNGS
        choice = choices_of(actions, runs.n, last + 1)
        stop = choice == last
        place = np.where(stop, 0, choice)
        rows = contexts.rows(runs.task, runs.instance)[np.arange(runs.n), place // RUNGS]
        slot = np.maximum(place % RUNGS - (RUNGS - s), 0)
        return Proposal(rows, self.rungs[slot], stop)

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """Return rungs above the last one of each row, and the stop."""
        batch, s = pooled(runs.batch), len(self.rungs)
        rows = contexts.rows(runs.task, runs.instance)
        there = np.arange(self.candidates) < batch.measured.sum(1)[runs.task][:, None]  # the rest repeats
        reached = reached_of(runs, self.rungs.tolist(), rows)
        slot = np.arange(RUNGS) - (RUNGS - s)
        good = there[:, :, None] & (slot >= 0) & (reached[:, :, None] < slot)
        return np.concatenate([good.reshape(runs.n, -1), np.ones((runs.n, 1), bool)], 1)


def reached_of(runs: Runs, rungs: Sequence[float], rows: Ints) -> Ints:
    """Return the highest tried rung of each of some rows ``(n, c)``; -1: none."""
    out = np.full(rows.shape, -1, np.int64)
    exists = runs.exists()
    if not exists.any():
        return out
    at = runs.ordered(runs.at)
    share = runs.ordered(runs["fidelity"])
    for i in range(runs.n):
        t = np.flatnonzero(exists[i])
        if not t.size:
            continue
        slot = np.array([payable(rungs, f) for f in share[i, t].tolist()])
        same = at[i, t][:, None] == rows[i]
        out[i] = np.where(same, slot[:, None], -1).max(0)
    return out
