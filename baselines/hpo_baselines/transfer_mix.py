"""A product of two transfer methods: the empirical-Bayes process and the task mixture."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.order_weights import TEMPERATURE
from hpo_baselines.ebgp import NOISE, SHRINKAGE, EBModel, check_prior
from hpo_baselines.task_mixture import MixtureModel, check_temperature
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS, Context

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
    _shared: Shared | None = None

    def __init__(self, shrinkage: float = SHRINKAGE, noise: float = NOISE, temperature: float = TEMPERATURE) -> None:
        self.shrinkage, self.noise, self.temperature = shrinkage, noise, temperature

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._shared = Shared()

    def begin(self, run: Run) -> Model | None:
        check_prior(self.shrinkage, self.noise)
        check_temperature(self.temperature)
        table = table_of(run)
        if table is None:
            return None
        process = EBModel(run, table, self.shrinkage, self.noise)
        return Product(run, table, process, MixtureModel(run, table, self.temperature), self._shared)


class Product(Model):
    """The product of a process of earlier tasks and the mixture.

    Values depend on the table and the trials alone: runs with equal trials, such as the replicates of a task, have
    those of the table's points in common in `shared`.
    """

    def __init__(
        self, run: Run, table: MetaTable, process: EBModel, mixture: MixtureModel, shared: Shared | None
    ) -> None:
        super().__init__(run, table.pool)
        self._table, self._process, self._mixture, self._shared = table, process, mixture, shared

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return self._process.fit(seen, y)
        if self._shared is None:
            return self._product(seen, y)
        return self._shared.of((self._table, seen.x.tobytes(), y.tobytes()), lambda: self._product(seen, y))

    def _product(self, seen: Place, y: Floats) -> Acquisition:
        process, mixture = self._process.fit(seen, y), self._mixture.fit(seen, y)
        return lambda at: np.asarray(process(at) + np.log(mixture(at) + _LEAST))


class Shared:
    """The last values of all points of a table, with the table and the trials that they are of."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._values: Floats | None = None

    def of(self, key: tuple[object, ...], fit: Callable[[], Acquisition]) -> Acquisition:
        """Return an acquisition that is fitted, once, where it is asked for other values than these."""
        fit = functools.cache(fit)

        def value(at: Place) -> Floats:
            if not isinstance(at.row, slice) or at.row != slice(None):
                return fit()(at)
            if self._values is None or key != self._key:
                self._key, self._values = key, fit()(at)
                self._values.flags.writeable = False
            return self._values

        return value
