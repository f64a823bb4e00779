"""One run of a pool policy without an env: its available rows, and their features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_agents._pool.features import PoolFeatures
from hpo_agents._pool.posterior import PoolPosterior
from hpo_agents._pool.prior import PoolPrior
from hpo_baselines._transfer.earlier import shared_points
from hpo_baselines._transfer.surrogate import candidates_of
from hpo_gym.base import Ints
from hpo_gym.optimize import Context
from hpo_gym.problem import SPENT, Evaluations, Points, Query, Scale, Trial, horizon, known, over, score_scale

_SAMPLED = 1024  # candidates where there is neither a pool nor an earlier task


class Purse:
    """The rest of a run's budget; the initial design is free.

    Attributes:
        spent: In the unit of the context's budget.
    """

    def __init__(self, context: Context) -> None:
        self.context, self.spent = context, 0.0
        self._asked = False

    def left(self) -> float | None:
        """Return the rest for the next choice; None if it is too little for one."""
        self._asked = True
        left = self.context.budget - self.spent
        least = self.context.fidelities[0] if self.context.unit is None else SPENT
        return None if over(left, least) else left

    def pay(self, trial: Trial) -> None:
        """Take the cost of a trial."""
        self.spent += self.context.charge(trial) if self._asked else 0.0


class PoolRun:
    """The trials of one run, and its candidates: the pool, else the points of the earlier tasks, the same for all or
    the best of each, else random ones."""

    def __init__(self, context: Context, rng: np.random.Generator) -> None:
        self.context, space = context, context.space
        prior = known(space, context.prior)
        self.x = _candidates(context, prior, rng)
        self.open = np.ones(len(self.x), bool) if context.available is None else np.array(context.available, bool)
        scale = Scale(*score_scale(prior)) if prior else None
        self.scaled = scale is not None
        self.prior = PoolPrior.of(prior, self.x, scale or Scale(), space)
        self.rows: list[int] = []
        self.trials: list[Trial] = []
        self.purse = Purse(context)

    def open_rows(self) -> Ints:
        """Rows that can be chosen; none where the budget is spent."""
        return np.zeros(0, np.int64) if self.purse.left() is None else np.flatnonzero(self.open)

    def query(self, row: int) -> Query:
        """Return the query of a row."""
        return Query(self.context.space.from_unit(self.prior.x[row]))

    def tell(self, trial: Trial) -> None:
        """Add a trial; its configuration becomes a row where it is none."""
        x = self.context.space.to_unit(trial.config)
        same = np.flatnonzero(np.isclose(self.prior.x, x, rtol=0, atol=1e-6).all(1))
        row = int(same[0]) if same.size else self._add(x)
        self.open[same if same.size else row] = False
        self.rows.append(row)
        self.trials.append(trial)
        self.purse.pay(trial)

    def _add(self, x: Points) -> int:
        """Add a row unknown to the earlier tasks."""
        self.prior, self.open = self.prior.with_row(x), np.append(self.open, False)
        return len(self.prior.x) - 1

    def features(self) -> PoolFeatures:
        """Return the features of the run."""
        most = max(horizon(self.context.budget, self.context.fidelities), len(self.rows), 1)
        score = np.array([t.score for t in self.trials], np.float64)
        prior = self.prior
        if not self.scaled and len(score):
            with np.errstate(over="ignore", invalid="ignore"):
                mean, sd = np.mean(score), np.std(score)
            fine = np.isfinite(mean) and np.isfinite(sd) and sd > 1e-12 * (1 + abs(mean))
            own = Scale(float(mean), float(sd)) if fine else Scale(float(np.median(score)), 1.0)
            prior = prior.rescaled(own)
        rows, scores, there = np.zeros((1, most), np.int64), np.zeros((1, most)), np.zeros((1, most), bool)
        rows[0, : len(score)], scores[0, : len(score)], there[0, : len(score)] = self.rows, score, True
        left = np.array([max(1.0 - self.purse.spent / self.context.budget, 0.0)], np.float32)
        process = PoolPosterior(prior, np.ones((1, len(prior.families)), bool), rows, scores, there)
        return PoolFeatures(process, left, most)


def _candidates(context: Context, prior: Sequence[Evaluations], rng: np.random.Generator) -> Points:
    if context.pool is not None:
        return np.asarray(context.pool)
    if prior:
        shared = shared_points(context.space, prior) is not None
        return prior[0].x if shared else candidates_of(context.space, prior)
    return np.unique(context.space.sample(rng, _SAMPLED), axis=0)
