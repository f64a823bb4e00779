"""Baselines by a product of experts: the empirical-Bayes process, the task mixture, and perhaps the run's process."""

from __future__ import annotations

import functools
from abc import abstractmethod
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
from hpo_gym.optimize import Context

_LEAST = 1e-4  # added to the mixture's expected improvement


class ProductOfExperts(ModelBased):
    """A baseline that adds the logarithms of its experts' expected improvements.

    Args:
        shrinkage, noise: As in `ebgp`.
        temperature: As in `task-mixture`.
    """

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
        return self.alone(run) if table is None else self.product(run, table)

    @abstractmethod
    def alone(self, run: Run) -> Model | None:
        """Return the model of a run without earlier tasks; None: its choices are random."""

    @abstractmethod
    def product(self, run: Run, table: MetaTable) -> Product:
        """Return the experts of a run."""


class Product(Model):
    """The product of a process of earlier tasks, the mixture, and perhaps a process of the run's `own` trials.

    Without `own`, values depend on the table and the trials alone: runs with equal trials, such as the replicates of a
    task, have those of the table's points in common in `shared`.
    """

    shared: Shared | None = None

    def __init__(
        self, run: Run, table: MetaTable, process: EBModel, mixture: MixtureModel, own: Model | None = None
    ) -> None:
        super().__init__(run, table.pool)
        self._table, self._process, self._mixture, self._own = table, process, mixture, own

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return self._process.fit(seen, y)
        if self.shared is None:
            return self._product(seen, y)
        return self.shared.of((self._table, seen.x.tobytes(), y.tobytes()), lambda: self._product(seen, y))

    def _product(self, seen: Place, y: Floats) -> Acquisition:
        process = self._process.fit(seen, y)
        mixture, own = self._mixture.fit(seen, y), None if self._own is None else self._own.fit(seen, y)

        def value(at: Place) -> Floats:
            both = process(at) + np.log(mixture(at) + _LEAST)
            return np.asarray(both if own is None else both + own(at))

        return value


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
