"""A product of two transfer methods: the empirical-Bayes process and the task mixture."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.order_weights import TEMPERATURE
from hpo_baselines.ebgp import NOISE, SHRINKAGE, EBModel, check_prior
from hpo_baselines.task_mixture import MixtureModel, check_temperature
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS

_LEAST = 1e-4  # added to the mixture's expected improvement


@OPTIMIZERS.register("transfer-mix", family="transfer", trainable=False)
class TransferMix(ModelBased):
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
    believes = True

    def __init__(self, shrinkage: float = SHRINKAGE, noise: float = NOISE, temperature: float = TEMPERATURE) -> None:
        self.shrinkage, self.noise, self.temperature = shrinkage, noise, temperature

    def begin(self, run: Run) -> Model | None:
        check_prior(self.shrinkage, self.noise)
        check_temperature(self.temperature)
        table = table_of(run)
        if table is None:
            return None
        process = EBModel(run, table, self.shrinkage, self.noise)
        return Product(run, table, process, MixtureModel(run, table, self.temperature))


class Product(Model):
    """The product of a process of earlier tasks, the mixture, and perhaps a process of the run's `own` trials."""

    def __init__(
        self, run: Run, table: MetaTable, process: EBModel, mixture: MixtureModel, own: Model | None = None
    ) -> None:
        super().__init__(run, table.pool)
        self._process, self._mixture, self._own = process, mixture, own

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        process = self._process.fit(seen, y)
        if not len(y):
            return process
        mixture, own = self._mixture.fit(seen, y), None if self._own is None else self._own.fit(seen, y)

        def value(at: Place) -> Floats:
            both = process(at) + np.log(mixture(at) + _LEAST)
            return np.asarray(both if own is None else both + own(at))

        return value
