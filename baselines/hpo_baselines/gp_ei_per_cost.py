"""Bayesian optimization that looks at the clock: expected improvement per cost."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.log_cost import LogCost, check_exponent
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_ei import GPModel, check_n_init
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import COST


@OPTIMIZERS.register("gp-ei-per-cost", family="no-transfer", trainable=False)
class GPPerCost(ModelBased):
    """`gp-ei` with expected improvement divided by the cost that a second Gaussian process predicts.

    That process (`LogCost`) is one of the logarithms of the run's own costs; if `Context.prior` has costs, their mean
    centred logarithm over earlier tasks is its prior mean. It ignores scores of the earlier tasks. The first trials are
    random, like those of `gp-ei`. If nothing tells the costs of configurations apart, it is `gp-ei`.

    **Reference**: Snoek, Larochelle and Adams, "Practical Bayesian optimization of machine learning algorithms",
    NeurIPS 2012, section 3.2, https://arxiv.org/abs/1206.2944

    **Differs from the paper**: the prior mean of the cost; the cost has a power; and the differences of `gp-ei`.

    Args:
        n_init, one_hot: As in `gp-ei`.
        cost_exponent: Of the cost; 0 is `gp-ei`.
    """

    version = 1
    believes = True
    priced = True

    def __init__(self, n_init: int | None = None, one_hot: bool = True, cost_exponent: float = 1.0) -> None:
        self.n_init, self.one_hot, self.cost_exponent = n_init, one_hot, cost_exponent

    @property
    def remembers(self) -> tuple[str, ...]:
        """Costs, unless they have no power."""
        return (COST,) if self.cost_exponent else ()

    def begin(self, run: Run) -> Model:
        check_n_init(self.n_init)
        check_exponent(self.cost_exponent)
        process = GPModel(run, self.n_init, one_hot=self.one_hot)
        return _PerCost(run, process, LogCost(run, one_hot=self.one_hot), self.cost_exponent)


class _PerCost(Model):
    def __init__(self, run: Run, process: GPModel, cost: LogCost, exponent: float) -> None:
        super().__init__(run)
        self._process, self._cost, self._exponent = process, cost, exponent

    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        gain = self._process.fit(seen, y)
        if gain is None or not self._exponent:
            return gain
        cost = self._cost.fit(seen, np.array(self.run.cost))
        if cost is None:
            return gain
        return lambda at: gain(at) - self._exponent * cost(at)
