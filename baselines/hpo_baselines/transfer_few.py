"""`transfer-mix` for few earlier tasks: the run's own process has a voice, and one or two tasks are no law."""

from __future__ import annotations

import functools

from hpo_baselines._models.meta_table import MetaTable
from hpo_baselines._models.model_based import Model
from hpo_baselines._models.product import Product, ProductOfExperts
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.posterior import TaskPrior
from hpo_baselines.ebgp import EBModel
from hpo_baselines.gp_ei import GPModel
from hpo_baselines.task_mixture import MixtureModel
from hpo_gym.optimize import OPTIMIZERS

_OWN = 2  # trials before the run's own process has a voice


@OPTIMIZERS.register("transfer-few", family="transfer", trainable=False)
class TransferFew(ProductOfExperts):
    """`transfer-mix` and `gp-ei` together, for one to eight earlier tasks.

    The logarithm of `gp-ei`'s expected improvement joins those of `ebgp` and `task-mixture` from the third trial on.
    One or two tasks count beside the usual (`TaskPrior.of_few`): alone, one would have no covariance at all, and
    `transfer-mix` would follow it blindly. The first trial has the best prior mean. Without a prior: `gp-ei`.

    **Reference**: none that states it so; a product of experts as `transfer-mix`; the prior of the covariance as in
    Gelman et al., "Bayesian data analysis", third edition, 2013, section 3.6.

    **Differs from the paper**: the counts and usual deviations are settings of ours.

    Args:
        shrinkage, noise: As in `ebgp`.
        temperature: As in `task-mixture`.
    """

    version = 1

    def alone(self, run: Run) -> Model:
        return GPModel(run)

    def product(self, run: Run, table: MetaTable) -> Product:
        process = EBModel(run, table, self.shrinkage, self.noise, few_prior(table))
        return Product(run, table, process, MixtureModel(run, table, self.temperature), GPModel(run, _OWN))


@functools.lru_cache(maxsize=4)
def few_prior(table: MetaTable) -> TaskPrior:
    """Return the prior of a table of few tasks, made once for all runs."""
    return TaskPrior.of_few(table.y)
