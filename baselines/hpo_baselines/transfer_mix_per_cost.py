"""The control of transfer that looks at the clock: `transfer-mix` per cost."""

from __future__ import annotations

from hpo_baselines._models.log_cost import check_exponent
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.costs import log_cost_of
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import FIRST
from hpo_baselines.transfer_mix import TransferMix
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import COST

EXPONENT = 1.0


@OPTIMIZERS.register("transfer-mix-per-cost", family="transfer", trainable=False)
class TransferMixPerCost(ModelBased):
    """`transfer-mix`, less `cost_exponent` times the mean logarithm of a configuration's cost on earlier tasks.

    Each task's logarithms are centred. The first trial has the best prior mean of `ebgp`, in standard deviations, less
    .3 times that term. Without costs it is `transfer-mix`. Without a prior: random search.

    **Reference**: as `transfer-mix`; improvement per cost as in Snoek, Larochelle and Adams, "Practical Bayesian
    optimization of machine learning algorithms", NeurIPS 2012.

    **Differs from the paper**: there is none.

    Args:
        cost_exponent: Of the cost; 0 is `transfer-mix`.
    """

    version = 1
    believes = True

    def __init__(self, cost_exponent: float = EXPONENT) -> None:
        self.cost_exponent = cost_exponent

    @property
    def remembers(self) -> tuple[str, ...]:
        """Costs, unless they have no power."""
        return (COST,) if self.cost_exponent else ()

    def begin(self, run: Run) -> Model | None:
        check_exponent(self.cost_exponent)
        mix = TransferMix().begin(run)
        return None if mix is None else _LessCost(run, mix, self.cost_exponent)


class _LessCost(Model):
    def __init__(self, run: Run, mix: Model, exponent: float) -> None:
        super().__init__(run, mix.pool)
        assert mix.pool is not None
        self._mix = mix
        self._less = exponent * log_cost_of(run.space, tuple(run.context.prior), mix.pool)

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        value = self._mix.fit(seen, y)
        assert value is not None
        times = 1.0 if len(y) else 2.0 * FIRST  # the first value of `ebgp` is twice the mean
        return lambda at: value(at) - times * self._less[at.row]
