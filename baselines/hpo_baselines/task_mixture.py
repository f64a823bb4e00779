"""A mixture of the meta-train tasks as hypotheses."""

from __future__ import annotations

from hpo_baselines._models.acquisition import weighted_gain
from hpo_baselines._models.meta_table import MetaTable, table_of
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.order_weights import TEMPERATURE, discordant_share, order_weights
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

_MEAN = 1e-6  # weight of the mean score, which decides where no improvement is expected


@OPTIMIZERS.register("task-mixture", family="transfer", trainable=False)
class TaskMixture(ModelBased):
    """The run's task is taken for one of the earlier ones, the more likely the better their order agrees.

    A task of `context.prior` has the weight ``exp(-share / temperature)``, where `share` is that of the pairs of trials
    on whose order it disagrees with the run; a tie is an order of its own. The next configuration has the highest
    expected improvement over the trials so far, in scores scaled to [0, 1] by each task's own range; a millionth of the
    mean score decides between equals. The first has the best mean score. A point that is no row of `MetaTable` has
    the scores of the nearest one. Without a prior: random search.

    **Reference**: none that states it so; it is Bayesian inference over a finite set of tasks, with a pseudo-likelihood
    by discordant pairs as in Wistuba, Schilling and Schmidt-Thieme, Machine Learning 107, 2018.

    **Differs from the paper**: there is none.

    Args:
        temperature: Share of discordant pairs that lowers a task's weight to 1 / e.
    """

    version = 1

    def __init__(self, temperature: float = TEMPERATURE) -> None:
        self.temperature = temperature

    def begin(self, run: Run) -> Model | None:
        check_temperature(self.temperature)
        table = table_of(run)
        return None if table is None else MixtureModel(run, table, self.temperature)


class MixtureModel(Model):
    """Expected improvement under the mixture."""

    def __init__(self, run: Run, table: MetaTable, temperature: float = TEMPERATURE) -> None:
        super().__init__(run, table.pool)
        self._z, self._mean, self._temperature = table.z, table.z_mean, temperature

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        if not len(y):
            return lambda at: self._mean[at.row]
        there = self._z[:, seen.row]
        share, best = discordant_share(there[None], y[None]), there.max(1)
        weight = order_weights(share, temperature=self._temperature)[0]

        def value(at: Place) -> Floats:
            return weighted_gain(self._z[:, at.row], best, weight) + _MEAN * self._mean[at.row]

        return value


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not positive."""
    if not temperature > 0:
        raise InvalidValueError(f"`temperature > 0` must hold, got {temperature}; the nearest is any above 0.")
