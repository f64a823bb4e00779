"""Successive halving."""

from __future__ import annotations

from collections.abc import Iterator

from hpo_baselines._runs.brackets import brackets, check_eta
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("successive-halving", family="multi-fidelity", trainable=False, asked="in turn")
class SuccessiveHalving(MultiFidelity):
    """Many random configurations at a low fidelity; the best of `eta` go on at `eta` times the fidelity, up to 1.

    The rungs are the fidelities of the task nearest to 1, 1 / eta, 1 / eta^2, .. and a bracket starts with
    ``eta^s_max`` configurations, so that one of them is evaluated in full. Brackets follow each other until the budget
    is spent. Where there is one fidelity only, this is random search. How a run ends,
    and what is different in cost: `MultiFidelity`.

    **Reference**: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
    AISTATS 2016; with the factor `eta` as in Li et al., "Hyperband", JMLR 18, 2018, section 3.

    **Differs from the paper**: brackets are repeated with new configurations, where the paper has one bracket that uses
    the whole budget (`configurations` makes it so); a rung evaluates anew, at full cost, what it continues, as all
    trials here do unless they continue trainings; the last bracket is cut to what the budget pays for.

    Args:
        eta: Of so many configurations one goes on.
        configurations: Number that a bracket starts with. None: ``eta^s_max``.
    """

    version = 2

    def __init__(self, eta: int = 3, configurations: int | None = None) -> None:
        self.eta, self.configurations = eta, configurations

    def check(self) -> None:
        """Refuse settings out of range."""
        check_eta(self.eta)
        if self.configurations is not None and self.configurations < 1:
            raise InvalidValueError(
                f"`configurations >= 1` must hold, or None, got {self.configurations}; the nearest is 1."
            )

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Yield the same bracket again and again."""
        return brackets(run, self.eta, FidelityRun.uniform, lambda s: [(s, self.configurations or self.eta**s)])
