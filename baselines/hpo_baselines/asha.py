"""Asynchronous successive halving."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hpo_baselines._runs.brackets import check_eta
from hpo_baselines._runs.multi_fidelity import Ask, FidelityRun, MultiFidelity, Tried
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("asha", family="multi-fidelity", trainable=False, asked="ahead")
class ASHA(MultiFidelity):
    """Successive halving that waits for no rung to fill: a configuration in the best of `eta` of its rung continues at
    once.

    At each ask, from the highest rung but one down: the best configuration that is among the ``floor(n / eta)`` best of
    the `n` at that rung, and that has not continued, is proposed for the next rung. Without any, a new random
    configuration starts at the lowest. The rungs are the fidelities of the task nearest to 1, 1 / eta, 1 / eta^2, ..
    With one fidelity only, this is random search. For the end of a run, and budgets in cost, see `MultiFidelity`.

    **Reference**: Li, Jamieson, Rostamizadeh, Gonina, Ben-Tzur, Hardt, Recht and Talwalkar, "A system for massively
    parallel hyperparameter tuning", MLSys 2020, Algorithm 2, https://arxiv.org/abs/1810.05934

    **Differs from the paper**: one worker; a rung evaluates its survivors anew, at full cost, as all trials here do
    unless they continue trainings; the paper uses eta = 4.

    Args:
        eta: One of so many configurations continues.
        skip: Number of the lowest rungs to leave out: the paper's early-stopping rate s.
    """

    version = 2

    def __init__(self, eta: int = 3, skip: int = 0) -> None:
        self.eta, self.skip = eta, skip

    def check(self) -> None:
        """Refuse settings out of range."""
        check_eta(self.eta)
        if self.skip < 0:
            raise InvalidValueError(f"`skip >= 0` must hold, got {self.skip}; the nearest is 0.")

    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Promote a configuration if possible; else start a new one, while any is left."""
        ladder = run.ladder(self.eta)
        ladder = ladder[min(self.skip, len(ladder) - 1) :]
        while (ask := self._promotion(run, ladder) or self._start(run, ladder)) is not None:
            yield ask

    def _promotion(self, run: FidelityRun, ladder: Sequence[int]) -> Ask | None:
        for level, above in reversed(list(itertools.pairwise(ladder))):
            best = promotable(run.rung(level), level, self.eta)
            if best is not None and best.choice is not None:
                return best.choice, above
        return None

    @staticmethod
    def _start(run: FidelityRun, ladder: Sequence[int]) -> Ask | None:
        choice = run.uniform()
        return None if choice is None else (choice, run.start(choice, ladder))


def promotable(rung: Sequence[tuple[Tried, float]], level: int, eta: int) -> Tried | None:
    """Return the best of a rung that is among its best of `eta` and has not continued; of equals, the earliest.

    Args:
        rung: Configurations and their scores.
    """
    ranked = sorted(rung, key=lambda reported: -reported[1])[: len(rung) // eta]
    return next((one for one, _ in ranked if one.level == level and one.choice is not None), None)
