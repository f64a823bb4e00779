"""A Gaussian process over configurations with a prior from the scores of earlier tasks (empirical Bayes), in two forms.

Both add the covariance of the tasks' scores and a stationary part. Their numbers differ, so neither replaces the other.
`TaskProcess` covers one run, in float64 and by a Cholesky root; the shrinkage of the covariance towards the stationary
part is a setting, and the new task's own mean and scale are integrated out. `PoolPosterior` covers many runs at once,
in float32 and by an inverse, as in the shipped policies' training; scores are on the scale of meta-train, a run may
know some of the tasks only, gaps are left out, and the stationary part is small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Mask, Singles
from hpo_gym.optimize.transfer.acquisition import expected_improvement
from hpo_gym.optimize.transfer.pool_prior import BOUND, PoolPrior
from hpo_gym.problem import Place, Points

Correlation = Callable[[Points, Points], Floats]
"""Maps points ``(n, d)`` and ``(c, d)`` to ``(n, c)``."""

_SCALES = np.linspace(-1.6, 1.6, 7)  # of the task's scale, in standard deviations of its logarithm
_WHITE = 0.1  # share of white noise in the stationary part
_LEAST = 1e-300  # expected improvement below it counts as it

_NOISE = 0.02  # variance of a score, in variances of meta-train
_LOCAL = 0.05  # variance of the stationary part; 1 without earlier tasks
_LENGTH = 0.15  # its length scale: mean absolute difference of columns in the unit cube
_HOPE = 2.0  # standard deviations


# ---------------------------------------------------------------------- one run, of a task of unknown mean and scale
@dataclass(frozen=True, eq=False)
class TaskPrior:
    """Statistics of a table's tasks, as the prior of a new one.

    Attributes:
        mean: Of standardised scores, ``(m,)``.
        residual: Standardised scores less their mean, over the root of `k`: their products are covariances, ``(k, m)``.
        variance: ``(m,)``.
        centre, spread: Mean and variance of the tasks' means.
        scales, log_weights: Support and prior of a task's scale, each ``(7,)``.
    """

    mean: Floats
    residual: Floats
    variance: Floats
    centre: float
    spread: float
    scales: Floats
    log_weights: Floats

    @classmethod
    def of(cls, y: Floats, weight: Floats | None = None) -> TaskPrior:
        """Return the prior from scores ``(k, m)``, all finite, with weights ``(k,)`` of the tasks, or equal ones."""
        if weight is not None:
            return cls._weighted(y, weight / weight.sum())
        means, sds = y.mean(1), y.std(1) + 1e-6
        z = (y - means[:, None]) / sds[:, None]
        mean = z.mean(0)
        z -= mean
        z /= np.sqrt(len(z))
        logs = np.log(sds)
        scales = np.exp(logs.mean() + max(float(logs.std()), 0.3) * _SCALES)
        variance = np.einsum("km,km->m", z, z)
        return cls(mean, z, variance, float(means.mean()), float(means.var()), scales, -0.5 * _SCALES**2)

    def blank(self) -> TaskPrior:
        """Return a prior of the same mean and scale for the task as a whole, with all points alike."""
        m = len(self.mean)
        return replace(self, mean=np.zeros(m), residual=np.zeros((0, m)), variance=np.ones(m))

    def mirrored(self) -> TaskPrior:
        """Return a prior with good and bad exchanged: that of scores with the wrong sign."""
        return replace(self, mean=-self.mean)

    @classmethod
    def _weighted(cls, y: Floats, share: Floats) -> TaskPrior:
        means, sds = y.mean(1), y.std(1) + 1e-6
        z = (y - means[:, None]) / sds[:, None]
        mean = share @ z
        z = (z - mean) * np.sqrt(share)[:, None]
        logs, centre = np.log(sds), float(share @ means)
        usual = share @ logs
        scales = np.exp(usual + max(float(np.sqrt(share @ (logs - usual) ** 2)), 0.3) * _SCALES)
        variance, spread = np.einsum("km,km->m", z, z), float(share @ (means - centre) ** 2)
        return cls(mean, z, variance, centre, spread, scales, -0.5 * _SCALES**2)


class TaskProcess:
    """The prior of a new task's standardised scores.

    Args:
        prior: Statistics of earlier tasks.
        correlation: Of the stationary part.
        shrinkage: Share of the stationary part; a tenth of it is white noise.
        noise: Variance of a trial's noise, as a share of the task's variance.
    """

    def __init__(self, prior: TaskPrior, correlation: Correlation, shrinkage: float, noise: float) -> None:
        self.prior, self._correlation = prior, correlation
        self._keep, self._noise = 1.0 - shrinkage, noise
        self._kernel = shrinkage * float(prior.variance.mean())

    def covariance(self, a: Place, b: Place) -> Floats:
        """Between two sets of points, ``(n, c)``."""
        out = self._keep * (self.prior.residual[:, a.row].T @ self.prior.residual[:, b.row])
        out += self._kernel * ((1.0 - _WHITE) * self._correlation(a.x, b.x) + _WHITE * self._same(a, b))
        return np.asarray(out)

    def variance(self, at: Place) -> Floats:
        """At points, ``(c,)``."""
        return np.asarray(self._keep * self.prior.variance[at.row] + self._kernel)

    def noisy(self, seen: Place) -> Floats:
        """Covariance of the trials, noise included, ``(n, n)``."""
        return self.covariance(seen, seen) + (self._noise + 1e-8) * np.eye(len(seen.x))

    def _same(self, a: Place, b: Place) -> Mask:
        """Return the pairs of points in one row of the table, with common white noise, ``(n, c)``."""
        if not (a.exact and b.exact):
            return np.eye(len(a.x), dtype=bool) if a is b else np.zeros((len(a.x), len(b.x)), bool)
        rows = np.arange(len(self.prior.mean))
        return np.asarray(rows[a.row][:, None] == rows[b.row])


class TaskPosterior:
    """The posterior given trials, for each scale of the task; the task's mean is integrated out.

    With ``K`` the trials' covariance without the task's mean, of variance ``v``, every term of the covariance
    ``K + v 1 1'`` follows from one Cholesky root of ``K``.
    """

    def __init__(self, process: TaskProcess, seen: Place, y: Floats) -> None:
        from scipy.linalg import solve_triangular

        prior = process.prior
        self._process, self._seen, self._best = process, seen, float(y.max())
        self._root = np.linalg.cholesky(process.noisy(seen))
        residual = (y[:, None] - prior.centre) / prior.scales - prior.mean[seen.row, None]  # (n, 7)
        self._one = solve_triangular(self._root, np.ones(len(y)), lower=True)
        self._half = solve_triangular(self._root, residual, lower=True)
        spread = prior.spread / prior.scales**2
        grown = 1.0 + spread * (self._one @ self._one)
        shared = self._one @ self._half
        self._loose = spread / grown  # posterior variance of the task's mean
        self._offset = self._loose * shared  # and its posterior mean
        fit = (self._half**2).sum(0) - self._offset * shared
        root = np.log(np.diag(self._root)).sum() + 0.5 * np.log(grown)
        evidence = prior.log_weights - 0.5 * fit - root - len(y) * np.log(prior.scales)
        weight = np.exp(evidence - evidence.max())
        self.weight = weight / weight.sum()

    def moments(self, at: Place) -> tuple[Floats, Floats]:
        """Means and standard deviations of scores without noise, for each scale, each ``(7, c)``."""
        from scipy.linalg import solve_triangular

        prior = self._process.prior
        b = solve_triangular(self._root, self._process.covariance(self._seen, at), lower=True, check_finite=False)
        left = self._process.variance(at) - np.einsum("nc,nc->c", b, b)
        reach = 1.0 - self._one @ b
        ahead = prior.mean[at.row] + self._half.T @ b + self._offset[:, None] * reach
        variance = np.maximum(left + self._loose[:, None] * reach * reach, 1e-8)
        return prior.centre + prior.scales[:, None] * ahead, prior.scales[:, None] * np.sqrt(variance)

    def log_acquisition(self, at: Place) -> Floats:
        """Return the logarithm of expected improvement under all scales, ``(c,)``."""
        total = np.zeros(len(at.x))
        for weight, mean, sd in zip(self.weight, *self.moments(at), strict=True):
            if weight > 0:
                total += weight * expected_improvement(mean, sd, self._best)
        return np.log(np.maximum(total, _LEAST))


# ---------------------------------------------------------------------- many runs, on the scale of meta-train
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
