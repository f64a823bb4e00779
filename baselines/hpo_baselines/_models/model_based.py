"""`ModelBased`: baselines that score candidates by a model of the run, and try the best."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from hpo_baselines._models.acquisition import best_of
from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats, tame
from hpo_gym.optimize import Context
from hpo_gym.problem import Belief, Points, Pool, SearchSpace
from hpo_gym.system import one_blas_thread

_MOST = 16_384  # untried rows that are scored; of more, so many are drawn anew at each choice
_SAMPLED = 1024  # candidates of a space without a pool, unless the model brings its own
_LOCAL = 64  # candidates near the best trials, and near the best candidates in each round of refinement
_PARENTS = 4
_STEPS = (0.1, 0.03, 0.01)  # of the trials' neighbours, then of each round
_FADES = 10.0  # a belief counts in full at a tenth of the budget
_PAIRS = 5.0  # pairs of trials that are taken to say nothing for or against it
_TRIES = 1000  # candidates that were tried before, until the run takes a random one


Acquisition = Callable[[Place], Floats]
"""The value of candidates ``(c, d)``, ``(c,)``; more is better."""


class Model(ABC):
    """The model behind one run's choices; it may remember, but draws from the run's generator only.

    Args:
        run: The run.
        pool: The points of the model's table: the run's pool, or its own points for a space without one.
    """

    def __init__(self, run: Run, pool: Pool | None = None) -> None:
        self.run, self.pool = run, run.pool if pool is None else pool

    @abstractmethod
    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        """Return the acquisition function after trials at `seen` with scores ``(n,)``; None for a random choice."""


class ModelBased(Baseline):
    """A baseline that claims the candidate with the best acquisition value.

    In a pool (and in a small finite space) the candidates are the untried rows; of more than 16,384, so many drawn anew
    at each choice. In another space they are the points of the model's table, or 1,024 random ones, and neighbours of
    the best trials; then, twice, neighbours of the best candidates, in smaller steps. Equal values are drawn from.

    **Belief**: where `Context.belief` is, its density to the power of ``trust * budget / (10 n)`` weighs the value of
    trial `n`, so that it fades as trials come in (Hvarfner et al., "piBO: Augmenting acquisition functions with user
    beliefs for Bayesian optimization", ICLR 2022, https://arxiv.org/abs/2204.11051). Our `trust`, Kendall's tau of
    densities and scores so far, at least 0 and shrunk by five pairs, lets go of a belief that the trials disagree with.
    Of choices that would be random, every other one is drawn by the density. Only where the value is a logarithm: the
    class says so by `believes`.
    """

    believes: ClassVar[bool] = False
    _studies: dict[Run, Study]

    @abstractmethod
    def begin(self, run: Run) -> Model | None:
        """Return the model of a run, made at its first choice; None: its choices are random."""

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        super().reset_batch(contexts, rngs)
        self._studies = {}

    @one_blas_thread("scipy.linalg")
    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the best candidate of each run by its own model."""
        return [self._next(run) for run in runs]

    def _next(self, run: Run) -> Choice | None:
        if run not in self._studies:
            self._studies[run] = Study(run, self.begin(run), run.context.belief if self.believes else None)
        return self._studies[run].next()


@dataclass(eq=False)
class Study:
    """A run, its model, and the rows that its trials have in the model's table."""

    run: Run
    model: Model | None
    belief: Belief | None = None
    rows: list[int] = field(default_factory=list)

    def next(self) -> Choice | None:
        run, model = self.run, self.model
        if model is None or (run.pool is not None and not run.open.any()):
            return run.uniform()
        acquisition = model.fit(self._seen(model), tame(np.array(run.score)))
        if self.belief is not None:
            acquisition = _weighed(acquisition, self.belief, run)
        if acquisition is None:
            return run.uniform()
        if run.pool is not None:
            return self._best_row(run.pool, acquisition)
        return self._best_point(model, acquisition)

    def _seen(self, model: Model) -> Place:
        x = np.array(self.run.x).reshape(-1, self.run.space.d)
        exact = self.run.pool is not None
        if model.pool is not None:
            self.rows += rows_of(model.pool, x[len(self.rows) :])
        return Place(x, np.array(self.rows, np.int64), exact)

    def _best_row(self, pool: Pool, acquisition: Acquisition) -> Choice | None:
        run = self.run
        rows = np.flatnonzero(run.open)
        if len(rows) > _MOST:
            rows = np.sort(run.rng.choice(rows, _MOST, replace=False))
        if len(pool.x) <= _MOST:
            value = acquisition(Place(pool.x, slice(None)))[rows]
        else:
            value = acquisition(Place(pool.x[rows], rows))
        return run.take(int(rows[best_of(value, run.rng)]))

    def _best_point(self, model: Model, acquisition: Acquisition) -> Choice | None:
        run = self.run
        if model.pool is None:
            x = run.space.sample(run.rng, _SAMPLED)
            value = acquisition(_near(None, x))
        else:
            x = model.pool.x[run.space.legal(model.pool.x)]
            rows = np.flatnonzero(run.space.legal(model.pool.x))
            value = acquisition(Place(x, rows))
        order = np.argsort(-np.array(run.score), kind="stable")[:_PARENTS]
        parents = np.array([run.x[i] for i in order]).reshape(-1, run.space.d)
        for step in _STEPS:
            more = neighbours(run.space, parents, run.rng, step)
            if len(more):
                x, value = np.concatenate([x, more]), np.concatenate([value, acquisition(_near(model.pool, more))])
            parents = x[np.argsort(-value, kind="stable")[:_PARENTS]]
        for _ in range(min(_TRIES, len(x))):
            best = best_of(value, run.rng)
            choice = run.take(x[best])
            if choice is not None:
                return choice
            value[best] = -np.inf
        return run.uniform()


def _weighed(acquisition: Acquisition | None, belief: Belief, run: Run) -> Acquisition | None:
    """Return the logarithm of a value with that of the density, as far as it is trusted; see `ModelBased`."""
    n = len(run.score)
    if acquisition is None:  # the largest of log weights with Gumbel noise is a draw by the weights
        draw = n % 2 == 0
        return (lambda at: belief.log_density(at.x) + run.rng.gumbel(size=len(at.x))) if draw else None
    if not n:
        return acquisition
    power = _trust(belief.log_density(np.array(run.x)), np.array(run.score)) * run.context.budget / (_FADES * (n + 1))
    return lambda at: acquisition(at) + power * belief.log_density(at.x)


def _trust(density: Floats, score: Floats) -> float:
    """In [0, 1]: how well the order of the trials by density agrees with that by score (Kendall's tau, shrunk)."""
    order = np.sign(density[:, None] - density) * np.sign(score[:, None] - score)
    agree, differ = (order > 0).sum() / 2, (order < 0).sum() / 2
    return float(max((agree - differ) / (agree + differ + _PAIRS), 0.0))


def rows_of(pool: Pool, x: Points) -> list[int]:
    """Return the rows of canonical points ``(c, d)``; of a point outside the pool, the nearest."""
    rows = [pool.row(point) for point in x]
    lost = [i for i, row in enumerate(rows) if row < 0]
    if lost:
        for i, row in zip(lost, pool.nearest(x[lost], np.ones(len(pool.x), bool)).tolist(), strict=True):
            rows[i] = row
    return rows


def neighbours(space: SearchSpace, x: Points, rng: np.random.Generator, step: float) -> Points:
    """Return legal points near `x` ``(p, d)``, canonical: `_LOCAL` drawn, without forbidden ones.

    Metric columns take a Gaussian step, a categorical another value with a chance of one in `d`.
    """
    if not len(x):
        return x
    base = x[np.arange(_LOCAL) % len(x)]
    metric = np.array([h.metric for h in space.hyperparameters])
    moved = np.clip(base + step * rng.standard_normal(base.shape), 0.0, 1.0)
    other, fresh = rng.random(base.shape), rng.random(base.shape)
    near = space.snap(np.where(metric, moved, np.where(other < 1.0 / space.d, fresh, base)))
    return near[space.legal(near)]


def _near(pool: Pool | None, x: Points) -> Place:
    rows = np.zeros(len(x), np.int64) if pool is None else np.array(rows_of(pool, x), np.int64)
    return Place(x, rows, exact=False)
