"""Hyperband."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpo_baselines._runs.brackets import bracket, brackets, check_eta
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("hyperband", family="multi-fidelity", trainable=False, asked="in turn")
class Hyperband(MultiFidelity):
    """Successive halving from several first fidelities, the lowest first: many configurations cheaply, then fewer.

    Bracket s = s_max, .., 0 starts ``floor((s_max + 1) / (s + 1)) eta^s`` random configurations at the fidelity of the
    task nearest to eta^-s (in the logarithm); each bracket costs about ``s_max + 1`` full evaluations. Rounds follow
    each other until the budget is spent. With one fidelity only, this is random search. For the end of a run, and
    budgets in cost, see `MultiFidelity`.

    **Reference**: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: a novel bandit-based approach to
    hyperparameter optimization", JMLR 18, 2018, https://jmlr.org/papers/v18/16-558.html

    **Differs from the paper**: a rung evaluates its survivors anew, at full cost, as all trials here do unless they
    continue trainings; the last bracket is cut to the affordable size. Numbers of configurations are those of the
    paper's Table 1; its Algorithm 1 rounds otherwise.

    Args:
        eta: One of so many configurations continues.
    """

    version = 2

    def __init__(self, eta: int = 3) -> None:
        self.eta = eta

    def check(self) -> None:
        """Refuse settings out of range."""
        check_eta(self.eta)

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Round after round of random configurations."""
        return brackets(run, self.eta, FidelityRun.uniform, lambda s_max: round_of(s_max, self.eta))


def round_of(s_max: int, eta: int) -> Sequence[tuple[int, int]]:
    """Return the brackets of one round: `s`, and the initial number of configurations."""
    return [(s, bracket(s, s_max, eta)) for s in range(s_max, -1, -1)]
