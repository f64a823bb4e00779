"""A policy's features of candidates: numbers with the same meaning in every search space.

They come from a Gaussian process, conditioned on the run's scores, with mean and covariance between rows of the pool
from the meta-train tasks (an empirical Bayes prior), plus a small stationary part, so that it works without earlier
tasks too; and from the meta-train tasks as hypotheses (`Mixture`).
"""

from __future__ import annotations

import numpy as np

from hpo_agents._pool.mixture import Mixture
from hpo_agents._pool.posterior import PoolPosterior
from hpo_baselines._models.acquisition import floored_log_improvement
from hpo_gym.base import Ints, Singles

FEATURES = (
    "base", "tried", "prior mean", "prior sd", "mean", "sd", "to incumbent", "to nearest", "left", "trials",
    "improvement", "mixture",
)  # fmt: skip
"""`base` is `improvement`, the log of expected improvement under the process, plus `mixture`, that under the mixture
of earlier tasks."""

_LEAST = 1e-3  # standard deviation


class PoolFeatures:
    """Features of the rows of a pool for `n` runs.

    Args:
        process: The posterior given their trials.
        left: Share of the budget left, ``(n,)``.
        most: Upper limit of a run's trials.
    """

    def __init__(self, process: PoolPosterior, left: Singles, most: int) -> None:
        self.process = process
        self.mixture = Mixture(process.prior, process.weight, process.rows, process.y, process.there)
        self.left, self.done = left, process.there.sum(1) / max(most, 1)

    def at(self, rows: Ints) -> Singles:
        """`FEATURES` of candidates, rows ``(n, c)``: ``(n, c, 12)``."""
        process, best = self.process, self.process.best[:, None]
        found = process.predict(rows)
        out = np.zeros((*rows.shape, len(FEATURES)), np.float32)
        sd = np.sqrt(np.maximum(found.variance, _LEAST**2))
        out[:, :, 10] = floored_log_improvement(found.mean, sd, best)
        out[:, :, 11] = self.mixture.log_gain(rows)
        out[:, :, 0] = out[:, :, 10] + out[:, :, 11]
        out[:, :, 1] = ((rows[:, :, None] == process.rows[:, None]) & process.there[:, None]).any(2)
        out[:, :, 2] = found.prior_mean - best
        out[:, :, 3] = np.sqrt(found.prior_variance)
        out[:, :, 4] = found.mean - best
        out[:, :, 5] = sd
        out[:, :, 6:8] = self._distances(found.distance)
        out[:, :, 8] = self.left[:, None]
        out[:, :, 9] = self.done[:, None]
        return out

    def _distances(self, distance: Singles) -> Singles:
        """Return distances to the incumbent and to the nearest trial ``(n, c, 2)``, from those to the trials ``(n, c,
        t)``; 1 without any.
        """
        n, c, t = distance.shape
        if not t:
            return np.ones((n, c, 2), np.float32)
        there = self.process.there
        reached = np.where(there[:, None], distance, 1.0)
        incumbent = np.where(there, self.process.y, -np.inf).argmax(1)
        return np.stack([reached[np.arange(n), :, incumbent], reached.min(2)], 2)
