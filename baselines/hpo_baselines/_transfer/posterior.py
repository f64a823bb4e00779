"""A Gaussian process over configurations with a prior from the scores of earlier tasks (empirical Bayes), of one run.

The covariance is that of the tasks' scores and a stationary part; its shrinkage towards that part is a setting. The new
task's own mean and scale are integrated out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hpo_baselines._models.acquisition import expected_improvement
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats, Mask
from hpo_gym.problem import Points

Correlation = Callable[[Points, Points], Floats]
"""Maps points ``(n, d)`` and ``(c, d)`` to ``(n, c)``."""

_SCALES = np.linspace(-1.6, 1.6, 7)  # of the task's scale, in standard deviations of its logarithm
_WHITE = 0.1  # share of white noise in the stationary part
_LEAST = 1e-300  # expected improvement below it counts as it


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
