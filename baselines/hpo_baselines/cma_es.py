"""CMA-ES with margin, by the library `cmaes`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, Tried, anywhere, best_reported, evaluated
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace

_MANY = 100  # an integer of more values is a continuous column
_STALE = 2  # generations in a row without a new configuration, until a restart


@OPTIMIZERS.register("cma-es", family="evolutionary", extra="bo", trainable=False, asked="in turn")
class CovarianceMatrixAdaptation(Baseline):
    """CMA-ES in the unit cube: with margin where columns are discrete, with a distribution over each categorical.

    The first mean is the best given point, else the middle of the cube. A generation is told by ranks. A sample that
    was tried before counts with the score it had; one that a forbidden clause rules out is the worst. Where the
    strategy stops, it starts again from a random mean with twice the population; where two generations bring nothing
    new, after a random configuration. In a pool, a sample that is no row has the score of the nearest one that is left.

    **Reference**: Hansen, "The CMA evolution strategy: a tutorial", 2016, https://arxiv.org/abs/1604.00772; restarts of
    Auger and Hansen, CEC 2005; Hamano et al., "CMA-ES with margin", GECCO 2022, https://arxiv.org/abs/2205.13482, and
    "CatCMA with margin", GECCO 2025, https://arxiv.org/abs/2504.07884; as `CMAwM` and `CatCMAwM` of `cmaes`
    (https://github.com/CyberAgentAILab/cmaes). For hyperparameters: Loshchilov and Hutter, 2016.

    **Differs from the paper**: integers of a logarithmic range, or of more than 100 values, are continuous columns
    that are rounded; inactive hyperparameters are sampled with the others and have no effect.

    Args:
        population: Samples of a generation, at least 4. None: 4 + 3 log(d), of the columns that can change.
        sd: First standard deviation, as a share of the range.
    """

    version = 3

    def __init__(self, population: int | None = None, sd: float = 0.3) -> None:
        self.population, self.sd = population, sd

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next sample of each run."""
        if (self.population is not None and self.population < 4) or not 0 < self.sd <= 1:
            raise InvalidValueError(
                f"`population >= 4` and `0 < sd <= 1` must hold, got ({self.population=}, {self.sd=}); the nearest are "
                f"({max(self.population or 4, 4)}, {float(np.clip(self.sd, 0.01, 1))})."
            )
        return [run.follow(self._plan) if run.pool is None or run.open.any() else None for run in runs]

    def _plan(self, run: Run) -> Plan[None]:
        tried = Tried(run)
        mean = best_reported(run)[0] if run.score else np.full(run.space.d, 0.5)
        size = self.population
        while columns_of(run.space).tuned:
            strategy, stale = Strategy(run, mean, self.sd, size), 0
            while not strategy.stopped and stale < _STALE:
                before = len(run.score)
                yield from _generation(run, tried, strategy)
                stale = 0 if len(run.score) > before else stale + 1
            if stale:
                yield from evaluated(run, anywhere(run))
            else:
                size = max(strategy.size, min(2 * strategy.size, int(run.context.budget)))
            mean = run.rng.random(run.space.d)


def _generation(run: Run, tried: Tried, strategy: Strategy) -> Plan[None]:
    """Sample and evaluate a generation, and adapt to it."""
    samples, scores = [], []
    for _ in range(strategy.size):
        x, sample = strategy.ask()
        x = run.space.snap(x[None])[0]
        (score,) = tried.scores(x[None])
        if score is None and run.space.legal(x[None])[0]:
            reported = yield from evaluated(run, x)
            score = reported[1] if reported is not None else None
        samples.append(sample)
        scores.append(-np.inf if score is None else score)
    strategy.tell(samples, scores)


class Columns:
    """Columns of a space by their way of sampling.

    Attributes:
        smooth: Continuous columns.
        stepped: Ordered values in equal steps.
        nominal: Categoricals.
        tuned: All of them.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.smooth: list[int] = []
        self.stepped: list[int] = []
        self.nominal: list[int] = []
        for j, h in enumerate(space.hyperparameters):
            if h.kind == "categorical":
                self.nominal.append(j)
            elif h.kind == "ordinal" or (h.kind == "int" and not h.log and 1 < h.size <= _MANY):
                self.stepped.append(j)
            elif h.size > 1:
                self.smooth.append(j)
        self.tuned = self.smooth + self.stepped + self.nominal
        self.sizes = np.array([h.size for h in space.hyperparameters])


@functools.lru_cache(maxsize=32)
def columns_of(space: SearchSpace) -> Columns:
    """Return the `Columns` of a space."""
    return Columns(space)


class Strategy:
    """`CMAwM` of `cmaes`, or `CatCMAwM` where there are categoricals, over the unit cube of a run's space.

    Args:
        mean: First mean, ``(d,)``.
        size: Samples of a generation; None: the library's default.

    Attributes:
        stopped: Whether it has converged, or failed numerically.
    """

    def __init__(self, run: Run, mean: Points, sd: float, size: int | None) -> None:
        self.columns = c = columns_of(run.space)
        seed = int(run.rng.integers(2**31))
        metric = c.smooth + c.stepped
        low = np.where(np.isin(metric, c.stepped), 0.5 / c.sizes[metric], 0.0)
        centre = np.clip(mean[metric], low, 1.0 - low)
        with np.errstate(all="ignore"):
            made = _categorical(c, centre, sd, size, seed) if c.nominal else _metric(c, centre, sd, size, seed)
        self._strategy: Any = made
        self.size: int = made.population_size
        self.stopped = False

    def ask(self) -> tuple[Points, Any]:
        """Return a point of the cube ``(d,)``, and its sample."""
        c, x = self.columns, np.full(len(self.columns.sizes), 0.5)
        with np.errstate(all="ignore"):
            sample = self._strategy.ask()
        if c.nominal:
            parts = [(c.smooth, sample.x), (c.stepped, sample.z)]
            x[c.nominal] = (sample.c.argmax(1) + 0.5) / c.sizes[c.nominal]
        else:
            shown, sample = sample
            parts = [(c.smooth + c.stepped, shown)]
        for columns, values in parts:
            if columns:
                x[columns] = values
        return np.clip(x, 0.0, 1.0), sample

    def tell(self, samples: Sequence[Any], scores: Sequence[float]) -> None:
        """Adapt to a generation; of equal scores, the earlier counts as better."""
        ranks = np.argsort(np.argsort(-np.array(scores), kind="stable"), kind="stable")
        with np.errstate(all="ignore"):
            self._strategy.tell(list(zip(samples, ranks.astype(float).tolist(), strict=True)))
            metric = self.columns.smooth or self.columns.stepped
            self.stopped = bool(metric) and bool(self._strategy.should_stop())


def _metric(c: Columns, mean: Points, sd: float, size: int | None, seed: int) -> Any:
    from cmaes import CMAwM

    columns = c.smooth + c.stepped
    steps = np.where(np.isin(columns, c.stepped), 1.0 / c.sizes[columns], 0.0)
    return CMAwM(mean, sd, np.stack([steps / 2, 1.0 - steps / 2], 1), steps, seed=seed, population_size=size)


def _categorical(c: Columns, mean: Points, sd: float, size: int | None, seed: int) -> Any:
    from cmaes import CatCMAwM

    return CatCMAwM(
        x_space=[[0.0, 1.0]] * len(c.smooth) or None,
        z_space=[((np.arange(n) + 0.5) / n).tolist() for n in c.sizes[c.stepped].astype(int)] or None,
        c_space=c.sizes[c.nominal].astype(int).tolist(),
        population_size=size,
        mean=mean,
        sigma=sd,
        cov=np.eye(len(mean)),
        seed=seed,
    )
