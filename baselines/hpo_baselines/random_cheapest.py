"""The control of random search that looks at the clock: the cheaper a configuration, the sooner it comes."""

from __future__ import annotations

from collections.abc import Iterator

from hpo_baselines._models.log_cost import check_exponent
from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._runs.cheap_first import cheap_first
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import COST


@OPTIMIZERS.register("random-cheapest", family="no-transfer", trainable=False, asked="ahead")
class RandomCheapest(Planned):
    """Random search that draws a configuration with a chance in inverse proportion to its cost on earlier tasks.

    So as much of a budget in cost is spent on dear configurations as on cheap ones, where random search spends most of
    it on the dear; and none is left out for ever, as it would be by taking the cheapest of each few, since what is dear
    may be good. The cost is the exponential of the mean over earlier tasks of the logarithm of cost, each task's
    centred. Scores of earlier tasks are not looked at. Without costs it is `random`.

    In a pool, the configurations come in ascending order of cost times waiting time, which is, for the i-th of the m
    configurations of `random`, ``1/m + 1/(m - 1) + .. + 1/(m - i + 1)``, as expected of the i-th of m exponential
    clocks: a weighted draw without replacement that has the luck of `random`. In another space, of each 64 that are
    drawn the first in this order is tried.

    **Reference**: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012,
    https://jmlr.org/papers/v13/bergstra12a.html; the weighted draw as in Efraimidis and Spirakis, "Weighted random
    sampling with a reservoir", Information Processing Letters 97, 2006.

    **Differs from the paper**: the weights, by cost.

    Args:
        cost_exponent: Of the cost; 0 is `random`.
    """

    version = 1

    def __init__(self, cost_exponent: float = 1.0) -> None:
        self.cost_exponent = cost_exponent

    @property
    def remembers(self) -> tuple[str, ...]:
        """Costs, unless they have no power."""
        return (COST,) if self.cost_exponent else ()

    def plan(self, run: Run) -> Iterator[Choice]:
        """Yield the configurations of the run's instance, cheaper ones sooner."""
        check_exponent(self.cost_exponent)
        return cheap_first(run, run.stream, self.cost_exponent)
