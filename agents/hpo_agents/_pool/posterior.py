"""A Gaussian process over a pool with a prior from the scores of earlier tasks (empirical Bayes), of many runs at once.

It is in float32 and by an inverse, as in the shipped policies' training: scores are on the scale of meta-train, a run
may know some of the tasks only, gaps are left out, and the stationary part is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_agents._pool.prior import BOUND, PoolPrior
from hpo_gym.base import Ints, Mask, Singles

_NOISE = 0.02  # variance of a score, in variances of meta-train
_LOCAL = 0.05  # variance of the stationary part; 1 without earlier tasks
_LENGTH = 0.15  # its length scale: mean absolute difference of columns in the unit cube
_HOPE = 2.0  # standard deviations


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction for candidates.

    Attributes:
        prior_mean, prior_variance, mean, variance: Of their scores, before and after the trials, each ``(n, c)``.
        distance: To the trials, the mean absolute difference of columns, ``(n, c, t)``.
    """

    prior_mean: Singles
    prior_variance: Singles
    mean: Singles
    variance: Singles
    distance: Singles


class PoolPosterior:
    """The posterior of `n` runs at the rows of a pool.

    Args:
        prior: Earlier tasks.
        strangers: Tasks that each run may know, ``(n, k)``.
        rows: Rows of the runs' trials ``(n, h)``; any row where there is no trial.
        score: Their scores ``(n, h)``.
        exists: Mask of the trials, ``(n, h)``.

    Attributes:
        weight: 1 for the tasks that a run may know, else 0, ``(n, k)``.
        rows, there, y, x: Rows of the first `t` trials, their mask, their scores on the scale of the prior, each
            ``(n, t)``, and their points ``(n, t, d)``; `t` is the longest run's number.
        best: The best score, on the scale of the prior, ``(n,)``; before the first trial, low enough that the mean over
            earlier tasks decides.
    """

    def __init__(
        self, prior: PoolPrior, strangers: Mask, rows: Ints, score: NDArray[np.floating], exists: Mask
    ) -> None:
        self.prior, self.weight = prior, strangers.astype(np.float32)
        self._share = self.weight / np.sqrt(np.maximum(self.weight.sum(1), 1.0))[:, None]
        self._local = _LOCAL if len(prior.families) else 1.0
        used = int(exists.sum(1).max(initial=0))
        self.rows, self.there = np.where(exists, rows, 0)[:, :used], exists[:, :used]
        with np.errstate(over="ignore"):
            served = np.clip((score[:, :used] - prior.scale.mean) / prior.scale.sd, -BOUND, BOUND)
        self.y = np.where(self.there, served, 0.0).astype(np.float32)
        self.x = prior.x[self.rows].astype(np.float32)
        self._condition()
        best = np.where(self.there, self.y, -np.inf).max(1, initial=-np.inf)
        self.best = np.where(self.there.any(1), best, self._hope()).astype(np.float32)

    def _condition(self) -> None:
        n, t = self.rows.shape
        mean, self._z = self._prior(self.rows)
        cov = self._covariance(self._z, self._distance(self.x))
        both = self.there[:, :, None] & self.there[:, None, :]
        cov = np.where(both, cov, 0.0) + np.eye(t, dtype=np.float32) * np.where(self.there, _NOISE, 1.0)[:, :, None]
        self._inverse = (
            np.linalg.inv(cov.astype(np.float64)).astype(np.float32) if t else np.zeros((n, 0, 0), np.float32)
        )
        self._weights = (self._inverse @ np.where(self.there, self.y - mean, 0.0)[:, :, None])[:, :, 0]

    def _hope(self) -> NDArray[np.floating]:
        n = len(self.rows)
        if not len(self.prior.families):
            return np.full(n, -_HOPE)
        everywhere = np.arange(len(self.prior.x))
        return np.array([self._mean(everywhere[None], i)[0].max() for i in range(n)]) - _HOPE

    def _mean(self, rows: Ints, run: int | None = None) -> Singles:
        """Mean of rows ``(n, c)`` over a run's earlier tasks; 0 where none knows them."""
        weight = self.weight if run is None else self.weight[run : run + 1]
        y, known = self.prior.y[:, rows], self.prior.known
        total = np.einsum("nk,knc->nc", weight, y)
        if known is None:
            return np.asarray(total / np.maximum(weight.sum(1), 1.0)[:, None])
        count = np.einsum("nk,knc->nc", weight, known[:, rows].astype(np.float32))
        return np.asarray(total / np.maximum(count, 1.0))

    def _prior(self, rows: Ints) -> tuple[Singles, Singles]:
        """Return the mean of rows ``(n, c)`` over a run's earlier tasks, and each task's difference from it ``(n, k,
        c)``."""
        mean = self._mean(rows)
        z = (self.prior.y[:, rows].transpose(1, 0, 2) - mean[:, None]) * self._share[:, :, None]
        if self.prior.known is not None:
            z *= self.prior.known[:, rows].transpose(1, 0, 2)
        return mean, z

    def _distance(self, x: Singles) -> Singles:
        """Return distances of points ``(n, c, d)`` to the trials, ``(n, c, t)``."""
        return np.asarray(np.abs(x[:, :, None] - self.x[:, None]).mean(3))

    def _covariance(self, z: Singles, distance: Singles) -> Singles:
        """Between rows and the trials, ``(n, c, t)``."""
        return np.asarray(z.transpose(0, 2, 1) @ self._z + self._local * np.exp(-distance / _LENGTH), np.float32)

    def predict(self, rows: Ints) -> Prediction:
        """Return the prediction for candidates, rows ``(n, c)``."""
        mean, z = self._prior(rows)
        variance = np.square(z).sum(1) + self._local
        distance = self._distance(self.prior.x[rows].astype(np.float32))
        if not self.rows.shape[1]:
            return Prediction(mean, variance, mean, variance, distance)
        cov = np.where(self.there[:, None], self._covariance(z, distance), 0.0)
        after = mean + (cov @ self._weights[:, :, None])[:, :, 0]
        return Prediction(mean, variance, after, variance - ((cov @ self._inverse) * cov).sum(2), distance)
