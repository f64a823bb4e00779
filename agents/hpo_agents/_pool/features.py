"""What a policy sees of candidates: numbers that mean the same in every search space.

They come from a Gaussian process, conditioned on the run's scores, whose mean and covariance between rows of the pool
are those of the meta-train tasks (an empirical Bayes prior), plus a small stationary part, so that it works without
earlier tasks too; and from the meta-train tasks as hypotheses (`pool_mixture`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_agents._pool.mixture import Mixture
from hpo_agents._pool.prior import BOUND, F32, Mask, Prior
from hpo_gym.task import Ints
from hpo_gym.transfer.acquisition import floored_log_improvement

FEATURES = (
    "base", "tried", "prior mean", "prior sd", "mean", "sd", "to incumbent", "to nearest", "left", "trials",
    "improvement", "mixture",
)  # fmt: skip
"""`base` is `improvement`, the log of expected improvement under the process, plus `mixture`, that under the mixture
of earlier tasks."""

_NOISE = 0.02  # variance of a score, in variances of meta-train
_LOCAL = 0.05  # variance of the stationary part; 1 without earlier tasks
_LENGTH = 0.15  # its length scale: mean absolute difference of columns in the unit cube
_LEAST = 1e-3  # standard deviation
_HOPE = 2.0  # standard deviations


class Posterior:
    """What `n` runs know of the rows of a pool.

    Args:
        prior: Earlier tasks.
        strangers: Which of them each run may know, ``(n, k)``.
        rows: Rows of the runs' trials ``(n, h)``; any where there is none.
        score: Their scores ``(n, h)``.
        exists: Which are there, ``(n, h)``.
        left: Share of the budget left, ``(n,)``.
    """

    def __init__(
        self, prior: Prior, strangers: Mask, rows: Ints, score: NDArray[np.floating], exists: Mask, left: F32
    ) -> None:
        self.prior, self.weight = prior, strangers.astype(np.float32)
        self.n = len(strangers)
        self._share = self.weight / np.sqrt(np.maximum(self.weight.sum(1), 1.0))[:, None]
        self.left, self.exists = left, exists
        used = int(exists.sum(1).max(initial=0))
        self.rows, self.there = np.where(exists, rows, 0)[:, :used], exists[:, :used]
        with np.errstate(over="ignore"):
            served = np.clip((score[:, :used] - prior.scale.mean) / prior.scale.sd, -BOUND, BOUND)
        self.y = np.where(self.there, served, 0.0).astype(np.float32)
        self.t = exists.sum(1)
        self._condition()
        self.mixture = Mixture(prior, self.weight, self.rows, self.y, self.there)

    def _condition(self) -> None:
        n, t = self.rows.shape
        self.mean_t, self.z_t = self._prior(self.rows)
        self.x_t = self.prior.x[self.rows].astype(np.float32)
        cov = self._covariance(self.z_t, self.x_t)
        both = self.there[:, :, None] & self.there[:, None, :]
        cov = np.where(both, cov, 0.0) + np.eye(t, dtype=np.float32) * np.where(self.there, _NOISE, 1.0)[:, :, None]
        self.inverse = (
            np.linalg.inv(cov.astype(np.float64)).astype(np.float32) if t else np.zeros((n, 0, 0), np.float32)
        )
        self.weights = (self.inverse @ np.where(self.there, self.y - self.mean_t, 0.0)[:, :, None])[:, :, 0]
        best = np.where(self.there, self.y, -np.inf).max(1, initial=-np.inf)
        self.best = np.where(self.t > 0, best, self._hope()).astype(np.float32)
        place = np.where(self.there, self.y, -np.inf).argmax(1) if t else np.zeros(n, np.int64)
        self.x_best = self.x_t[np.arange(n), place] if t else None

    def _hope(self) -> NDArray[np.floating]:
        """What the first trial is measured by: so low that the mean over earlier tasks decides."""
        if not len(self.prior.families):
            return np.full(self.n, -_HOPE)
        everywhere = np.arange(len(self.prior.x))
        return np.array([self._mean(everywhere[None], i)[0].max() for i in range(self.n)]) - _HOPE

    def _mean(self, rows: Ints, run: int | None = None) -> F32:
        """Mean of rows ``(n, c)`` over a run's earlier tasks; 0 where none knows them."""
        weight = self.weight if run is None else self.weight[run : run + 1]
        y, known = self.prior.y[:, rows], self.prior.known
        total = np.einsum("nk,knc->nc", weight, y)
        if known is None:
            return np.asarray(total / np.maximum(weight.sum(1), 1.0)[:, None])
        count = np.einsum("nk,knc->nc", weight, known[:, rows].astype(np.float32))
        return np.asarray(total / np.maximum(count, 1.0))

    def _prior(self, rows: Ints) -> tuple[F32, F32]:
        """Mean of rows ``(n, c)`` over a run's earlier tasks, and what each task differs from it ``(n, k, c)``."""
        mean = self._mean(rows)
        z = (self.prior.y[:, rows].transpose(1, 0, 2) - mean[:, None]) * self._share[:, :, None]
        if self.prior.known is not None:
            z *= self.prior.known[:, rows].transpose(1, 0, 2)
        return mean, z

    def _covariance(self, z: F32, x: F32) -> F32:
        """Between rows ``(n, c)`` and the trials, ``(n, c, t)``."""
        distance = np.abs(x[:, :, None] - self.x_t[:, None]).mean(3)
        local = _LOCAL if len(self.prior.families) else 1.0
        return np.asarray(z.transpose(0, 2, 1) @ self.z_t + local * np.exp(-distance / _LENGTH), np.float32)

    def features(self, rows: Ints) -> F32:
        """`FEATURES` of candidates, rows ``(n, c)``: ``(n, c, 12)``."""
        out = np.zeros((*rows.shape, len(FEATURES)), np.float32)
        mean_0, z = self._prior(rows)
        local = _LOCAL if len(self.prior.families) else 1.0
        variance_0 = np.square(z).sum(1) + local
        x = self.prior.x[rows].astype(np.float32)
        mean, variance = mean_0, variance_0
        out[:, :, 6:8] = 1.0
        if self.rows.shape[1]:
            cov = np.where(self.there[:, None], self._covariance(z, x), 0.0)
            mean = mean_0 + (cov @ self.weights[:, :, None])[:, :, 0]
            variance = variance_0 - ((cov @ self.inverse) * cov).sum(2)
            distance = np.abs(x[:, :, None] - self.x_t[:, None]).mean(3)
            out[:, :, 7] = np.where(self.there[:, None], distance, 1.0).min(2)
            assert self.x_best is not None
            begun = self.t[:, None] > 0
            out[:, :, 6] = np.where(begun, np.abs(x - self.x_best[:, None]).mean(2), 1.0)
            out[:, :, 1] = ((rows[:, :, None] == self.rows[:, None]) & self.there[:, None]).any(2)
        sd = np.sqrt(np.maximum(variance, _LEAST**2))
        out[:, :, 10] = floored_log_improvement(mean, sd, self.best[:, None])
        out[:, :, 11] = self.mixture.log_gain(rows)
        out[:, :, 0] = out[:, :, 10] + out[:, :, 11]
        out[:, :, 2] = mean_0 - self.best[:, None]
        out[:, :, 3] = np.sqrt(variance_0)
        out[:, :, 4] = mean - self.best[:, None]
        out[:, :, 5] = sd
        out[:, :, 8] = self.left[:, None]
        out[:, :, 9] = self.t[:, None] / max(self.exists.shape[1], 1)
        return out
