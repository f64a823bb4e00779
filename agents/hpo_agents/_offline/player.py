"""`ScorerPlayer`: a scorer of candidates as a player of many runs at once, for more data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_agents._offline.lessons import seen_in
from hpo_agents._pool.network import Scorer
from hpo_agents._pool.prior import PoolPrior
from hpo_gym.base import Ints
from hpo_gym.env import Runs
from hpo_gym.optimize import Context
from hpo_gym.problem import pooled

_MOST = 1024  # rows of a larger pool that are drawn for each choice


class ScorerPlayer:
    """Chooses the open row with the highest logit, of a larger pool among 1,024 drawn ones.

    Args:
        scorer: The policy.
        prior: Earlier tasks, at the rows of the pool; each run knows those of other families.
        budget: Trials.
    """

    def __init__(self, scorer: Scorer, prior: PoolPrior, budget: int) -> None:
        self.scorer, self.prior, self.budget = scorer, prior, budget

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin new runs."""
        self._rngs, m = rngs, len(self.prior.x)
        self._open = np.array([np.ones(m, bool) if c.available is None else c.available for c in contexts], bool)

    def ask_batch(self, runs: Runs) -> tuple[NDArray[np.int64], None]:
        """Return the next row of each run; -1 where none is left."""
        at, exists, n = np.maximum(runs.ordered(runs.at), 0), runs.exists(), runs.n
        run, slot = np.nonzero(exists)
        self._open[run, at[run, slot]] = False
        rows = np.stack([self._drawn(i) for i in range(n)])
        families = [pooled(runs.batch).tasks[j].family for j in runs.task]
        features = seen_in(self.prior, families, (at, runs.scores(), exists), self.budget, rows)
        there = np.take_along_axis(self._open, rows, 1)
        with torch.no_grad():
            logits = self.scorer(torch.as_tensor(features), torch.as_tensor(there))[0].numpy()
        best = np.where(there, logits, -np.inf).argmax(1)
        return np.where(there.any(1), rows[np.arange(n), best], -1), None

    def _drawn(self, i: int) -> Ints:
        m = self._open.shape[1]
        return np.arange(m) if m <= _MOST else self._rngs[i].choice(m, _MOST, replace=False)
