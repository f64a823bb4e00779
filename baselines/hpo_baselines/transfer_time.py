"""An ensemble of empirical-Bayes processes and the task mixture, with all that was measured of earlier tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_baselines._models.doubt import Doubt
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import EXPONENT, NOISE, PROCESSES, SHRINKAGE, Ensemble, members_of
from hpo_baselines._transfer.incremental import IncrementalPosterior
from hpo_baselines._transfer.memory import Memory, memory_of
from hpo_baselines._transfer.order_weights import TEMPERATURE
from hpo_baselines._transfer.trust import consistent
from hpo_baselines.gp_ei_per_cost import GPPerCost
from hpo_baselines.task_mixture import check_temperature
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import COST, FIDELITY, TEST, Points

_LOST = -1e6  # value of rows that a cut pool has not kept


@OPTIMIZERS.register("transfer-time", family="transfer", trainable=False)
@dataclass(eq=False, repr=False)
class TransferTime(ModelBased):
    """`transfer-mix` with an ensemble of processes that also remember test scores and lower fidelities of the earlier
    tasks, less the cost of a configuration if the budget is in cost.

    A value is the mean over processes of the logarithm of expected improvement, plus the logarithm of the mixture's
    (plus 1e-4), less `cost_exponent` times the mean over earlier tasks of the logarithm of the configuration's cost,
    each task's centred. The first trial has the best prior mean less .3 times that term. A measurement in
    `Evaluations.further` of an earlier task counts as another task, with a weight.

    The processes are those of `ebgp`: ``"matern"``; ``"trees"``, with the share of 60 extra trees, grown on all earlier
    tables at once, that have two configurations in one leaf (up to 2,000 points) for its stationary part; ``"exp"``,
    with scores that grow by e^1.5 along the usual range of a task. A pool of more than 1,000 rows with more than a
    twentieth of its earlier scores missing is cut to 1,000; its other rows come after these.

    Earlier tasks can mislead. If a run's own trials contradict them (`Doubt`), the process of `gp-ei` takes their
    place, or one with good and bad exchanged: each with the weight of its evidence from the trials, and with down to
    two thirds of
    `cost_exponent`. If they do not predict each other (`consistent`), or there are none, the run is one of `gp-ei`, or
    of
    `gp-ei-per-cost` if its budget is in cost.

    **Reference**: none that states it so; the parts are `ebgp` and `task-mixture`; the kernel as in Geurts, Ernst and
    Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006; improvement per cost as in Snoek, Larochelle and
    Adams, "Practical Bayesian optimization of machine learning algorithms", NeurIPS 2012.

    **Differs from the paper**: there is none.

    Args:
        cost_exponent: Of the cost; None: for a budget in cost, 1.5, or 1 with costs predicted by `gp-ei-per-cost`; else
            0. Unknown costs count as the mean of their task.
        test_weight, fidelity_weight: Weights of test scores, and of the next lower fidelity of at most a half; 0 leaves
            them out.
        processes: Some of the three; None: all, but no trees if earlier tasks have further measurements.
        noise: As in `ebgp`.
        temperature: As in `task-mixture`.
        doubts: Whether to test if earlier tasks mislead; False: they are trusted.
    """

    version = 2
    believes = True
    priced = True

    cost_exponent: float | None = None
    test_weight: float = 1.0
    fidelity_weight: float = 0.5
    processes: Sequence[str] | None = None
    noise: float = NOISE
    temperature: float = TEMPERATURE
    doubts: bool = True

    @property
    def remembers(self) -> tuple[str, ...]:
        """Return the measurements with a weight."""
        weights = {TEST: self.test_weight, FIDELITY: self.fidelity_weight, COST: self.cost_exponent}
        return tuple(kind for kind, weight in weights.items() if weight != 0)

    def begin(self, run: Run) -> Model | None:
        self._check()
        memory = memory_of(run.space, tuple(run.context.prior), run.pool, self.test_weight, self.fidelity_weight)
        if memory is None or (self.doubts and not consistent(memory, SHRINKAGE, self.noise)):
            return GPPerCost(cost_exponent=self._exponent(run.context, 1.0)).begin(run)
        names = None if self.processes is None else tuple(self.processes)
        ensemble = Ensemble(memory, members_of(memory, names, self.noise), self.temperature)
        right = (ensemble.of("matern") or self._believing(memory)) if self.doubts else None
        return TimeModel(run, ensemble, self._exponent(run.context), right)

    def _believing(self, memory: Memory) -> IncrementalPosterior:
        return IncrementalPosterior(members_of(memory, ("matern",), self.noise)[0].process)

    def _exponent(self, context: Context, usual: float = EXPONENT) -> float:
        if self.cost_exponent is not None:
            return float(self.cost_exponent)
        return 0.0 if context.unit is None else usual

    def _check(self) -> None:
        check_temperature(self.temperature)
        if not self.noise > 0:
            raise InvalidValueError(f"`noise > 0` must hold, got {self.noise}; the nearest is any above 0.")
        for name in ("cost_exponent", "test_weight", "fidelity_weight"):
            value = getattr(self, name)
            if value is not None and not (value >= 0 and np.isfinite(value)):
                raise InvalidValueError(f"`0 <= {name} < inf` must hold, got {value}; the nearest is 0.")
        wrong = [name for name in self.processes or () if name not in PROCESSES]
        if wrong or (self.processes is not None and not len(self.processes)):
            raise InvalidValueError(
                f"`processes` must name one of {', '.join(PROCESSES)} or more, got {list(self.processes or ())}."
            )


class TimeModel(Model):
    """The ensemble of a run, and the doubts about it.

    Args:
        run: The run.
        ensemble: Without a trial.
        exponent: Of the cost.
        right: The process that is doubted; one of the ensemble need not learn twice. None: there are no doubts.
    """

    def __init__(self, run: Run, ensemble: Ensemble, exponent: float, right: IncrementalPosterior | None) -> None:
        memory = ensemble.memory
        super().__init__(run, memory.pool if memory.kept is None else run.pool)
        self.ensemble, self._memory, self._exponent = ensemble, memory, exponent
        self.doubt = None if right is None else Doubt(run, right)
        self._apart = None if right in ensemble.posteriors else right

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        assert self.pool is not None
        rows = np.arange(len(self.pool.x))[seen.row]
        for i in range(len(self.ensemble.rows), len(y)):
            self._learn(seen.x[i], self._place(seen.x[i], int(rows[i])), float(y[i]))
        if len(y) and self.doubt is not None:
            self.doubt.fit(seen, y)
        return self._value if self._memory.kept is None else self._of_cut

    def _learn(self, x: Points, row: int, y: float) -> None:
        self.ensemble.learn(x, row, y)
        exact = bool((self._memory.pool.x[row] == x).all())
        for more in (self._apart, self.doubt):
            if more is not None:
                more.add(x, row, exact, y)

    def _place(self, x: Points, row: int) -> int:
        """Return the row of the memory at a point, or the nearest."""
        kept = self._memory.kept
        if kept is None:
            return row
        place = int(np.searchsorted(kept, row))
        if place < len(kept) and kept[place] == row:
            return place
        return int(self._memory.pool.nearest(x[None])[0])

    def _value(self, at: Place) -> Floats:
        ensemble = self.ensemble
        if self.doubt is None or not ensemble.rows:
            return ensemble.value(at, self._exponent)
        reported = self.doubt.value(at, ensemble.value(at, 0.0))
        exponent = self._exponent * (2.0 + self.doubt.weights[0]) / 3.0
        return np.asarray(reported - exponent * self._memory.log_cost[at.row])

    def _of_cut(self, at: Place) -> Floats:
        """Values of rows of the whole pool: those that were not kept come after all others, by their mean."""
        memory = self._memory
        assert memory.kept is not None
        assert memory.rest is not None
        out = _LOST + memory.rest
        out[memory.kept] = self._value(Place(memory.pool.x, slice(None)))
        return out[at.row]
