"""One run of a policy over candidates and fidelities without an env."""

from __future__ import annotations

import numpy as np

from hpo_agents._policy.over_pools import Purse
from hpo_agents._time.expert import Expert, Mind, expert_of
from hpo_agents._time.features import TimeFeatures
from hpo_agents._time.ladder import RUNGS, rungs_of
from hpo_gym.base import Ints
from hpo_gym.optimize import Context
from hpo_gym.problem import Pool, Query, Trial, payable, pool_of


class TimeRun:
    """The trials of one run, and its candidates: the pool's rows known to earlier tasks, else their points.

    Args:
        context: With a prior.
        expert: Made from the prior.
    """

    def __init__(self, context: Context, expert: Expert) -> None:
        self.context, self.expert = context, expert
        self.mind = Mind(expert)
        self.pool: Pool = expert.memory.pool
        kept = expert.memory.kept
        given = None if context.available is None else np.array(context.available, bool)
        good = given if given is None or kept is None else given[kept]
        self.rows: Ints = np.flatnonzero(self.pool.first(good) & context.space.legal(self.pool.x))
        self.purse = Purse(context)

    def features(self) -> TimeFeatures | None:
        """Return the features of the run's actions; None if nothing is left to spend."""
        context, left = self.context, self.purse.left()
        if left is None:
            return None
        return TimeFeatures(self.mind, left, context.budget, context.continues, context.unit is not None)

    def query(self, action: int) -> Query | None:
        """Return the query of an action; None: to stop."""
        if action == len(self.rows) * RUNGS:
            return None
        fidelities = self.expert.ladder.fidelities
        row, slot = int(self.rows[action // RUNGS]), action % RUNGS - (RUNGS - len(fidelities))
        return Query(self.context.space.from_unit(self.pool.x[row]), fidelities[slot])

    def tell(self, trial: Trial) -> None:
        """Add a trial; of a fidelity between two rungs, as of the lower one."""
        x = self.context.space.to_unit(trial.config)
        row = self.pool.row(x)
        if row < 0:
            row = int(self.pool.nearest(x[None])[0])
        slot = max(payable(self.expert.ladder.fidelities, trial.fidelity), 0)
        self.mind.tell(x, row, slot, trial.score)
        self.purse.pay(trial)


def run_of(context: Context, lower: bool = True) -> TimeRun | None:
    """Return a run on a context; None if nothing is known about earlier tasks."""
    prior = tuple(context.prior)
    pool = None if context.pool is None else pool_of(context.space, context.pool)
    expert = expert_of(context.space, prior, pool, rungs_of(prior, context.fidelities) if lower else (1.0,))
    return None if expert is None else TimeRun(context, expert)
