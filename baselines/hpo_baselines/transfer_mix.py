"""A product of two transfer methods: the empirical-Bayes process and the task mixture."""

from __future__ import annotations

from hpo_baselines._models.meta_table import MetaTable
from hpo_baselines._models.product import Product, ProductOfExperts
from hpo_baselines._runs.baseline import Run
from hpo_baselines.ebgp import EBModel
from hpo_baselines.task_mixture import MixtureModel
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("transfer-mix", family="transfer", trainable=False)
class TransferMix(ProductOfExperts):
    """`ebgp` and `task-mixture` together: the sum of the logarithms of their expected improvements.

    The mixture's improvement has 1e-4 added, so that it can lower a configuration's value, but not rule it out. The
    first trial is that of `ebgp`. Without a prior: random search.

    **Reference**: none that states it so; the parts are `ebgp` and `task-mixture`, combined as a product of experts
    (Hinton, "Training products of experts by minimizing contrastive divergence", Neural Computation 14, 2002).

    **Differs from the paper**: there is none.

    Args:
        shrinkage, noise: As in `ebgp`.
        temperature: As in `task-mixture`.
    """

    version = 1

    def alone(self, run: Run) -> None:
        return None

    def product(self, run: Run, table: MetaTable) -> Product:
        process = EBModel(run, table, self.shrinkage, self.noise)
        found = Product(run, table, process, MixtureModel(run, table, self.temperature))
        found.shared = self._shared
        return found
