"""An empirical-Bayes Gaussian process: prior mean and covariance come from the meta-train tasks."""

from __future__ import annotations

import functools

import numpy as np

from hpo_baselines._models.gaussian_process import matern52
from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.posterior import TaskPosterior, TaskPrior, TaskProcess
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points

SHRINKAGE, NOISE = 0.4, 0.05


@OPTIMIZERS.register("ebgp", family="transfer", trainable=False)
class EmpiricalBayesGP(ModelBased):
    """Expected improvement of a Gaussian process over configurations with a prior learned from the earlier tasks.

    The tasks of `context.prior` are standardised. Their mean is the prior mean; their covariance, shrunk towards a
    Matern-5/2 kernel with a tenth of white noise, is the prior covariance. A new task's own mean is normal and its
    scale log-normal, by the statistics of the earlier tasks; the mean is integrated out in closed form, the scale over
    seven points, each weighted by the likelihood of the trials. The first trial has the best prior mean. A point
    outside
    `MetaTable` has the prior of the nearest row, and a Matern correlation of its own. Without a prior: random search.

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
    believes = True

    def __init__(self, shrinkage: float = SHRINKAGE, noise: float = NOISE) -> None:
        self.shrinkage, self.noise = shrinkage, noise

    def begin(self, run: Run) -> Model | None:
        check_prior(self.shrinkage, self.noise)
        table = table_of(run)
        return None if table is None else EBModel(run, table, self.shrinkage, self.noise)


class EBModel(Model):
    """The process of a run, and its logarithm of expected improvement; `prior` is that of the table by default."""

    def __init__(
        self,
        run: Run,
        table: MetaTable,
        shrinkage: float = SHRINKAGE,
        noise: float = NOISE,
        prior: TaskPrior | None = None,
    ) -> None:
        super().__init__(run, table.pool)
        self._process = TaskProcess(prior or task_prior(table), _correlation, shrinkage, noise)

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return lambda at: 2.0 * self._process.prior.mean[at.row]
        return TaskPosterior(self._process, seen, y).log_acquisition


@functools.lru_cache(maxsize=4)
def task_prior(table: MetaTable) -> TaskPrior:
    """Return the prior of a table, made once for all runs."""
    return TaskPrior.of(table.y)


def _correlation(a: Points, b: Points) -> Floats:
    return matern52(a, b, 0.5 * np.sqrt(a.shape[1]))


def check_prior(shrinkage: float, noise: float) -> None:
    """Refuse a shrinkage or a noise that leaves no covariance."""
    if not 0.0 <= shrinkage <= 1.0 or not noise > 0:
        raise InvalidValueError(
            f"`0 <= shrinkage <= 1` and `noise > 0` must hold, got ({shrinkage=}, {noise=}); the nearest are "
            f"({min(max(shrinkage, 0.0), 1.0)}, {noise if noise > 0 else 'any above 0'})."
        )
