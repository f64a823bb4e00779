"""An empirical-Bayes Gaussian process: prior mean and covariance are those of the meta-train tasks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.gaussian_process import matern52
from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased, Place
from hpo_baselines._runs.baseline import Run
from hpo_gym.errors import InvalidValueError
from hpo_gym.optimizer import OPTIMIZERS
from hpo_gym.space import Points
from hpo_gym.transfer.acquisition import expected_improvement

Floats = NDArray[np.float64]

SHRINKAGE, NOISE = 0.4, 0.05
_SCALES = np.linspace(-1.6, 1.6, 7)  # of the task's scale, in standard deviations of its logarithm
_LEAST = 1e-300  # expected improvement below it counts as it


@OPTIMIZERS.register("ebgp", family="transfer", trainable=False)
class EmpiricalBayesGP(ModelBased):
    """Expected improvement of a Gaussian process over configurations, whose prior is learned from the earlier tasks.

    The tasks of `context.prior` are standardised. Their mean is the prior mean; their covariance, shrunk towards a
    Matern-5/2 kernel with a tenth of white noise, is the prior covariance. A new task's own mean is normal and its
    scale log-normal, by the statistics of the earlier tasks; the mean is integrated out in closed form, the scale over
    seven points, each weighted by the likelihood of the trials. The first trial has the best prior mean. A
    point that is no row of `MetaTable` has the prior of the nearest one, and a Matern correlation of its own. Without a
    prior: random search.

    **Reference**: Wang, Kim and Kaelbling, "Regret bounds for meta Bayesian optimization with an unknown Gaussian
    process prior", NeurIPS 2018, https://arxiv.org/abs/1811.09558; the shrinkage after Ledoit and Wolf, "A
    well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate Analysis 88, 2004.

    **Differs from the paper**: the covariance is shrunk and the task's mean and scale are unknown; expected improvement
    instead of an upper confidence bound; the shrinkage is a setting, not estimated.

    Args:
        shrinkage: Share of the kernel in the prior covariance.
        noise: Variance of a trial's noise, as a share of the task's variance.
    """

    version = 1

    def __init__(self, shrinkage: float = SHRINKAGE, noise: float = NOISE) -> None:
        self.shrinkage, self.noise = shrinkage, noise

    def begin(self, run: Run) -> Model | None:
        check_prior(self.shrinkage, self.noise)
        table = table_of(run)
        return None if table is None else EBModel(run, table, self.shrinkage, self.noise)


@dataclass(frozen=True, eq=False)
class TaskPrior:
    """What the tasks of a table tell of a new one.

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


@functools.lru_cache(maxsize=4)
def task_prior(table: MetaTable) -> TaskPrior:
    """The prior of a table, made once for all runs."""
    means, sds = table.y.mean(1), table.y.std(1) + 1e-6
    z = (table.y - means[:, None]) / sds[:, None]
    mean = z.mean(0)
    z -= mean
    z /= np.sqrt(len(z))
    logs = np.log(sds)
    scales = np.exp(logs.mean() + max(float(logs.std()), 0.3) * _SCALES)
    variance = np.einsum("km,km->m", z, z)
    return TaskPrior(mean, z, variance, float(means.mean()), float(means.var()), scales, -0.5 * _SCALES**2)


class EBModel(Model):
    """The posterior of a run, and its logarithm of expected improvement."""

    def __init__(self, run: Run, table: MetaTable, shrinkage: float = SHRINKAGE, noise: float = NOISE) -> None:
        super().__init__(run, table.pool)
        self.prior = task_prior(table)
        self._keep, self._noise = 1.0 - shrinkage, noise
        self._kernel = shrinkage * float(self.prior.variance.mean())

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return lambda at: 2.0 * self.prior.mean[at.row]
        return Posterior(self, seen, y).log_acquisition

    def covariance(self, a: Place, b: Place, same: NDArray[np.bool_]) -> Floats:
        """Prior covariance of standardised scores at two sets of points, ``(n, c)``; `same` ones share white noise."""
        out = self._keep * (self.prior.residual[:, a.row].T @ self.prior.residual[:, b.row])
        out += self._kernel * (0.9 * self._correlation(a.x, b.x) + 0.1 * same)
        return np.asarray(out)

    def variance(self, at: Place) -> Floats:
        """Prior variance of standardised scores, ``(c,)``."""
        return np.asarray(self._keep * self.prior.variance[at.row] + self._kernel)

    def noisy(self, seen: Place) -> Floats:
        """Covariance of the trials, noise included, ``(n, n)``."""
        same = seen.row[:, None] == seen.row if seen.exact else np.eye(len(seen.x), dtype=bool)  # type: ignore[index]
        return self.covariance(seen, seen, same) + (self._noise + 1e-8) * np.eye(len(seen.x))

    @staticmethod
    def _correlation(a: Points, b: Points) -> Floats:
        return matern52(a, b, 0.5 * np.sqrt(a.shape[1]))


class Posterior:
    """The posterior given trials, for each scale of the task; the task's mean is integrated out.

    With ``K`` the trials' covariance without the task's mean, of variance ``v``, every term of the covariance
    ``K + v 1 1'`` follows from one Cholesky root of ``K``.
    """

    def __init__(self, model: EBModel, seen: Place, y: Floats) -> None:
        from scipy.linalg import solve_triangular

        prior = model.prior
        self._model, self._seen, self._best = model, seen, float(y.max())
        self._root = np.linalg.cholesky(model.noisy(seen))
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
        self._weight = weight / weight.sum()

    def log_acquisition(self, at: Place) -> Floats:
        """The logarithm of expected improvement under all scales, ``(c,)``."""
        from scipy.linalg import solve_triangular

        model, seen = self._model, self._seen
        prior = model.prior
        cross = model.covariance(seen, at, _same(seen, at, len(prior.mean)))
        b = solve_triangular(self._root, cross, lower=True, check_finite=False)
        left = model.variance(at) - np.einsum("nc,nc->c", b, b)
        reach = 1.0 - self._one @ b
        ahead = self._half.T @ b  # (7, c)
        total = np.zeros(len(at.x))
        for s, weight, mean, offset, loose in zip(
            prior.scales, self._weight, ahead, self._offset, self._loose, strict=True
        ):
            if weight > 0:
                mu = prior.centre + s * (prior.mean[at.row] + mean + offset * reach)
                sd = s * np.sqrt(np.maximum(left + loose * reach * reach, 1e-8))
                total += weight * expected_improvement(mu, sd, self._best)
        return np.log(np.maximum(total, _LEAST))


def _same(seen: Place, at: Place, m: int) -> NDArray[np.bool_]:
    """Which points of two sets are one row of the table, ``(n, c)``."""
    rows = np.arange(m)[at.row]
    if not (seen.exact and at.exact):
        return np.zeros((len(seen.x), len(rows)), bool)
    return np.asarray(np.asarray(seen.row)[:, None] == rows)


def check_prior(shrinkage: float, noise: float) -> None:
    """Refuse a shrinkage or a noise that leaves no covariance."""
    if not 0.0 <= shrinkage <= 1.0 or not noise > 0:
        raise InvalidValueError(
            f"`0 <= shrinkage <= 1` and `noise > 0` must hold, got ({shrinkage=}, {noise=}); the nearest are "
            f"({min(max(shrinkage, 0.0), 1.0)}, {noise if noise > 0 else 'any above 0'})."
        )
