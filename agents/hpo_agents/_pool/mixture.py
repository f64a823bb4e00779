"""Earlier tasks as hypotheses: tasks with the same order of trials as the run predict its improvements."""

from __future__ import annotations

import numpy as np

from hpo_agents._pool.prior import PoolPrior
from hpo_baselines._transfer.order_weights import discordant_share, order_weights
from hpo_gym.base import Ints, Mask, Singles

_FLOOR = 1e-4  # added to the expected improvement, so that it can lower a candidate's value but not rule it out


class Mixture:
    """Weights of the earlier tasks of `n` runs on a pool, and the expected improvement under them.

    The weights are `order_weights` with one more pair. Improvement is over the task's own best score of the trials, as
    a share of its range.

    **Reference**: the baseline `task-mixture`; discordant pairs as in Wistuba, Schilling and Schmidt-Thieme, "Scalable
    Gaussian process-based transfer surrogates for hyperparameter optimization", Machine Learning 107, 2018.

    Args:
        prior: Earlier tasks.
        weight: 1 for the tasks that a run may know, else 0, ``(n, k)``.
        rows: Rows of the runs' trials ``(n, t)``; any row where there is no trial.
        y: Their scores ``(n, t)``, on the scale of the prior.
        there: Mask of the trials, ``(n, t)``.
    """

    def __init__(self, prior: PoolPrior, weight: Singles, rows: Ints, y: Singles, there: Mask) -> None:
        self.prior = prior
        self.begun: Mask = np.asarray(there.any(1) & (weight.sum(1) > 0))
        scores = prior.y[:, rows].transpose(1, 0, 2)  # (n, k, t)
        known: Mask = np.broadcast_to(there[:, None], scores.shape)
        if prior.known is not None:
            known = np.asarray(known & prior.known[:, rows].transpose(1, 0, 2))
        self.weight = order_weights(discordant_share(scores, y, known=known, pairs=1.0), may=weight > 0)
        best = np.where(known, scores, -np.inf).max(2, initial=-np.inf)
        self.best = np.where(np.isfinite(best), best, prior.lowest).astype(np.float32)

    def log_gain(self, rows: Ints) -> Singles:
        """Logarithm of the expected improvement of candidates, rows ``(n, c)``; 0 for a run without a trial
        or an earlier task."""
        prior = self.prior
        gain = np.maximum(prior.y[:, rows].transpose(1, 0, 2) - self.best[:, :, None], 0.0)
        if prior.known is not None:
            gain *= prior.known[:, rows].transpose(1, 0, 2)
        weight = (self.weight / prior.spread).astype(np.float32)
        found = np.log((weight[:, None] @ gain)[:, 0] + _FLOOR)
        return np.asarray(np.where(self.begun[:, None], found, 0.0), np.float32)
