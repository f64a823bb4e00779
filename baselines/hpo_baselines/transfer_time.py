"""An ensemble of empirical-Bayes processes and the task mixture, with all that was measured of earlier tasks."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._runs.baseline import Run
from hpo_baselines.ebgp import NOISE, SHRINKAGE
from hpo_baselines.task_mixture import check_temperature
from hpo_gym.errors import InvalidValueError
from hpo_gym.optimizer import OPTIMIZERS, Context
from hpo_gym.transfer.acquisition import weighted_gain
from hpo_gym.transfer.incremental import IncrementalPosterior, Matern, RowProcess
from hpo_gym.transfer.memory import Memory, memory_of
from hpo_gym.transfer.mixture import TEMPERATURE
from hpo_gym.transfer.posterior import TaskPrior
from hpo_gym.transfer.prior import Place
from hpo_gym.transfer.trees import ExtraTrees

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

EXPONENT = 1.5  # of the cost, where the budget is in cost
PROCESSES = ("matern", "trees", "exp")
_FIRST = 0.3  # a standard deviation of the prior mean is worth so many logarithms of cost, in the first trial
_LEAST = 1e-4  # added to the mixture's expected improvement; tasks of less weight are left out of it
_SHRINKAGES = {"matern": SHRINKAGE, "trees": 0.6, "exp": 0.25}
_POINTS = 2000  # of more, there is no kernel of trees
_STEEP = 1.5  # by which power of e a score grows along the usual range of a task
_MOST = 20.0
_LOST = -1e6  # value of rows that a cut pool has not kept


@OPTIMIZERS.register("transfer-time", family="transfer", trainable=False)
class TransferTime(ModelBased):
    """As `transfer-mix`, with an ensemble of processes that remember test scores and lower fidelities of the earlier
    tasks too, and less the cost of a configuration where the budget is in cost.

    A value is the mean over processes of the logarithm of expected improvement, plus the logarithm of the mixture's
    (plus 1e-4), less `cost_exponent` times the mean over earlier tasks of the logarithm of the configuration's cost,
    each task's centred. The first trial has the best prior mean less .3 times that term. What `Evaluations.further` has
    of an earlier task counts as another task, with a weight.

    The processes are those of `ebgp`: ``"matern"``; ``"trees"``, whose stationary part is the share of 60 extra trees,
    grown on all earlier tables at once, in whose leaf two configurations meet (up to 2,000 points); ``"exp"``, whose
    scores grow by e^1.5 along the usual range of a task. A pool of more than 1,000 rows whose earlier tables lack more
    than a twentieth of the scores is cut to 1,000; its other rows come after these. Without a prior: random search.

    **Reference**: none that states it so; the parts are `ebgp` and `task-mixture`; the kernel as in Geurts, Ernst and
    Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006; improvement per cost as in Snoek, Larochelle and
    Adams, "Practical Bayesian optimization of machine learning algorithms", NeurIPS 2012.

    **Differs from the paper**: there is none.

    Args:
        cost_exponent: Of the cost; None: 1.5 where the run's budget is in cost, else 0. Costs that are not known count
            as the mean of their task.
        test_weight, fidelity_weight: Weights of test scores, and of the next lower fidelity of at most a half; 0: they
            are not remembered.
        processes: Which of the three; None: all, but no trees where earlier tasks have further measurements.
        noise: As in `ebgp`.
        temperature: As in `task-mixture`.
    """

    version = 1
    believes = True

    def __init__(
        self,
        cost_exponent: float | None = None,
        test_weight: float = 1.0,
        fidelity_weight: float = 0.5,
        processes: Sequence[str] | None = None,
        noise: float = NOISE,
        temperature: float = TEMPERATURE,
    ) -> None:
        self.cost_exponent, self.test_weight, self.fidelity_weight = cost_exponent, test_weight, fidelity_weight
        self.processes, self.noise, self.temperature = processes, noise, temperature

    def begin(self, run: Run) -> Model | None:
        self._check()
        memory = memory_of(run.space, tuple(run.context.prior), run.pool, self.test_weight, self.fidelity_weight)
        if memory is None:
            return None
        names = None if self.processes is None else tuple(self.processes)
        return TimeModel(
            run, memory, ensemble_of(memory, names, self.noise), self._exponent(run.context), self.temperature
        )

    def _exponent(self, context: Context) -> float:
        if self.cost_exponent is not None:
            return float(self.cost_exponent)
        return 0.0 if context.unit is None else EXPONENT

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


@functools.lru_cache(maxsize=8)
def ensemble_of(memory: Memory, names: tuple[str, ...] | None, noise: float) -> tuple[tuple[bool, RowProcess], ...]:
    """Processes of a memory, made once for all runs, and whether they see scores by `Steep`."""
    if names is None:
        names = PROCESSES if len(memory.y) == memory.tasks else ("matern", "exp")
    if len(memory.pool.x) > _POINTS and set(names) != {"trees"}:
        names = tuple(name for name in names if name != "trees")
    return tuple((name == "exp", _process(memory, name, noise)) for name in names)


def _process(memory: Memory, name: str, noise: float) -> RowProcess:
    x = memory.pool.x
    prior = TaskPrior.of(steep_of(memory)(memory.y) if name == "exp" else memory.y, memory.weight)
    kernel = ExtraTrees(x, prior.residual) if name == "trees" else Matern(x)
    return RowProcess(x, prior, kernel, _SHRINKAGES[name], noise)


class Steep:
    """Scores that grow by e^1.5 along the usual range of a task, so that differences near the top count most.

    Args:
        top, span: Mean over tasks of the best score, and of the range.
    """

    def __init__(self, top: float, span: float) -> None:
        self._top, self._rate = top, _STEEP / span if span > 0 else 0.0

    def __call__(self, y: Floats) -> Floats:
        return np.exp(np.clip((y - self._top) * self._rate, -_MOST, _MOST))


@functools.lru_cache(maxsize=8)
def steep_of(memory: Memory) -> Steep:
    """The transform of a memory's scores."""
    share, high, low = memory.weight / memory.weight.sum(), memory.y.max(1), memory.y.min(1)
    return Steep(float(share @ high), float(share @ (high - low)))


class TimeModel(Model):
    """The ensemble and the mixture of a run, which learn trial by trial."""

    def __init__(
        self, run: Run, memory: Memory, ensemble: Sequence[tuple[bool, RowProcess]], exponent: float, temperature: float
    ) -> None:
        super().__init__(run, memory.pool if memory.kept is None else run.pool)
        self._memory, self._exponent, self._temperature = memory, exponent, temperature
        self._posteriors = [(steep, IncrementalPosterior(process)) for steep, process in ensemble]
        self._steep = steep_of(memory)
        k = len(memory.y)
        self._wrong, self._best = np.zeros(k), np.full(k, -np.inf, np.float32)
        self._rows: list[int] = []

    def fit(self, seen: Place, y: Floats) -> Acquisition:
        assert self.pool is not None
        rows = np.arange(len(self.pool.x))[seen.row]
        for i in range(len(self._rows), len(y)):
            self._learn(seen.x[i], int(rows[i]), y[: i + 1])
        value = self._value if len(y) else self._first
        return value if self._memory.kept is None else lambda at: self._of_cut(value, at)

    def _learn(self, x: Floats, row: int, y: Floats) -> None:
        memory = self._memory
        row = self._place(x, row)
        exact = bool((memory.pool.x[row] == x).all())
        steep = float(self._steep(y[-1:])[0])
        for rises, posterior in self._posteriors:
            posterior.add(x, row, exact, steep if rises else float(y[-1]))
        there = memory.z[:, row]
        if self._rows:
            order = np.sign(there[:, None] - memory.z[:, self._rows])
            self._wrong += (order != np.sign(y[-1] - y[:-1])).sum(1)
        self._best = np.maximum(self._best, there)
        self._rows.append(row)

    def _place(self, x: Floats, row: int) -> int:
        """The row of the memory that a point is, or the nearest."""
        kept = self._memory.kept
        if kept is None:
            return row
        place = int(np.searchsorted(kept, row))
        if place < len(kept) and kept[place] == row:
            return place
        return int(self._memory.pool.nearest(x[None])[0])

    def _first(self, at: Place) -> Floats:
        mean = self._posteriors[0][1].process.prior.mean[at.row]
        return np.asarray(mean - _FIRST * self._exponent * self._memory.log_cost[at.row])

    def _value(self, at: Place) -> Floats:
        memory = self._memory
        total = np.mean([posterior.log_acquisition(at) for _, posterior in self._posteriors], axis=0)
        weight = self.weights()
        who = np.flatnonzero(weight > _LEAST)
        z = memory.z[who] if isinstance(at.row, slice) else memory.z[np.ix_(who, at.row)]
        gain = weighted_gain(z, self._best[who], weight[who])
        return np.asarray(total + np.log(gain + _LEAST) - self._exponent * memory.log_cost[at.row])

    def weights(self) -> Floats:
        """Of the measurements in the mixture, ``(k,)``."""
        t = len(self._rows)
        share = self._wrong / max(t * (t - 1) / 2, 1.0)
        likely = self._memory.weight * np.exp((share.min() - share) / self._temperature)
        return np.asarray(likely / likely.sum())

    def _of_cut(self, value: Acquisition, at: Place) -> Floats:
        """Values of rows of the whole pool: those that were not kept come after all others, by their mean."""
        memory = self._memory
        assert memory.kept is not None
        assert memory.rest is not None
        out = _LOST + memory.rest
        out[memory.kept] = value(Place(memory.pool.x, slice(None)))
        return out[at.row]
