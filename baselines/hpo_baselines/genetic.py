"""A genetic algorithm on mixed and conditional spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Baseline, Choice, Run, claim_nearest
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Hyperparameter, Points, SearchSpace

_ATTEMPTS = 4  # children bred anew while they are repeats or forbidden


@OPTIMIZERS.register("ga", family="evolutionary", trainable=False)
@dataclass(eq=False, repr=False)
class GeneticAlgorithm(Baseline):
    """A (mu + lambda) genetic algorithm: the best `mu` of all trials so far are the parents of the next `lambda`.

    The first `mu` trials are the given points and random ones. A child has two parents, each the best of
    three drawn. Column by column it takes after either; a metric column by simulated binary crossover. Each active
    column then mutates, one of them on average: a metric column by a Gaussian step (an integer or ordinal by at least
    one value), a categorical to another choice. A column that a parent does not use comes from the other, or is drawn
    where neither does. A child that was tried before is bred anew, up to three times; then the run takes a
    random configuration, in a pool the nearest row that was not tried.

    **Reference**: Eiben and Smith, "Introduction to Evolutionary Computing", 2nd ed., 2015, chapters 4 and 5; crossover
    from Deb and Agrawal, "Simulated binary crossover for continuous search space", Complex Systems 9, 1995.

    **Differs from the paper**: mutation reflects at neither bound, it is cut off there; the crossover makes one child,
    not two; no configuration is tried twice.

    Args:
        population: `mu`. None: a quarter of the budget, from 2 to 20.
        offspring: `lambda`.
        eta: Distribution index of the crossover; larger is nearer to a parent.
        sd: Standard deviation of a mutation, as a share of the range.
        tournament: How many are drawn for a parent; 1 is no selection among the `mu`.
        crossover: Share of the children that have two parents; the others are mutants of one.
        mutation: Columns of a child that mutate, on average.
    """

    version = 3

    population: int | None = None
    offspring: int = 1
    eta: float = 5.0
    sd: float = 0.15
    tournament: int = 3
    crossover: float = 1.0
    mutation: float = 1.0

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim first trials at random, later ones by breeding, all runs of one space together."""
        self.check()
        out: list[Choice | None] = [None] * len(runs)
        spaces: dict[SearchSpace, list[int]] = {}
        for i, run in enumerate(runs):
            if len(run.score) < self.mu(run):
                out[i] = run.uniform()
            else:
                spaces.setdefault(run.space, []).append(i)
        for space, members in spaces.items():
            for i, choice in zip(members, self._breed(space, [runs[i] for i in members]), strict=True):
                out[i] = choice
        return out

    def check(self) -> None:
        """Refuse impossible options."""
        if (1 if self.population is None else self.population) < 1 or self.offspring < 1 or self.sd < 0 or self.eta < 0:
            raise InvalidValueError(
                "`population >= 1`, `offspring >= 1`, `sd >= 0` and `eta >= 0` must hold, got "
                f"({self.population=}, {self.offspring=}, {self.sd=}, {self.eta=})."
            )
        if self.tournament < 1 or not 0.0 <= self.crossover <= 1.0 or not self.mutation >= 0.0:
            raise InvalidValueError(
                "`tournament >= 1`, `0 <= crossover <= 1` and `mutation >= 0` must hold, got "
                f"({self.tournament=}, {self.crossover=}, {self.mutation=})."
            )

    def mu(self, run: Run) -> int:
        """Members of the run's population."""
        return self.population or int(np.clip(run.context.budget // 4, 2, 20))

    def _breed(self, space: SearchSpace, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim a child for each run."""
        out: list[Choice | None] = [None] * len(runs)
        ranked = [self._ranked(run) for run in runs]
        todo = [i for i, run in enumerate(runs) if run.pool is None or run.open.any()]
        child = np.empty((len(runs), space.d))
        for _ in range(_ATTEMPTS):
            if not todo:
                return out
            child[todo] = self._children(space, [runs[i] for i in todo], [ranked[i] for i in todo])
            for i, fine in zip(todo, space.legal(child[todo]).tolist(), strict=True):
                out[i] = runs[i].take_exact(child[i]) if fine else None
            todo = [i for i in todo if out[i] is None]
        for i, choice in zip(todo, claim_nearest([runs[i] for i in todo], child[todo]), strict=True):
            out[i] = choice
        return out

    def _ranked(self, run: Run) -> list[int]:
        """Return the parents, best first: the best `mu` of the trials up to the last whole generation."""
        mu = self.mu(run)
        reported = mu + (len(run.score) - mu) // self.offspring * self.offspring
        order: list[int] = np.argsort(
            -np.array(run.score[:reported]), kind="stable"
        ).tolist()  # of equals, the earliest
        return order[:mu]

    def _children(self, space: SearchSpace, runs: Sequence[Run], ranked: Sequence[Sequence[int]]) -> Points:
        """Return one child of each run, ``(n, d)``, canonical; a run's draws are a block of its own."""
        d, drawn = space.d, 2 * self.tournament
        u = np.stack([run.rng.random(drawn + 5 * d + (self.crossover < 1.0)) for run in runs])
        z = np.stack([run.rng.standard_normal(d) for run in runs])
        ranks = (u[:, :drawn] * np.array([[len(r)] for r in ranked])).astype(np.int64)
        parents = ranks.reshape(-1, 2, self.tournament).min(2)
        if self.crossover < 1.0:
            parents[:, 1] = np.where(u[:, -1] < self.crossover, parents[:, 1], parents[:, 0])
        first, second = parents.T.tolist()
        a = np.array([run.x[r[i]] for run, r, i in zip(runs, ranked, first, strict=True)])
        b = np.array([run.x[r[i]] for run, r, i in zip(runs, ranked, second, strict=True)])
        side, spread, rate, other, fresh = np.moveaxis(u[:, drawn : drawn + 5 * d].reshape(-1, 5, d), 1, 0)
        x = _cross(space, a, b, (side, spread, fresh), self.eta)
        mutates = rate < self.mutation / np.maximum(space.active(x).sum(1, keepdims=True), 1)
        return space.snap(_mutate(space, x, mutates, self.sd * z, other))


def _cross(space: SearchSpace, a: Points, b: Points, draws: tuple[Floats, Floats, Floats], eta: float) -> Points:
    """Mix parents column by column, by draws of sides and spreads; columns inactive in both are fresh draws."""
    side, spread, fresh = draws
    in_a, in_b = space.active(a), space.active(b)
    from_b = np.where(in_a & in_b, side < 0.5, in_b)
    near, far = np.where(from_b, b, a), np.where(from_b, a, b)
    power = 1.0 / (eta + 1.0)
    beta = np.where(spread < 0.5, (2.0 * spread) ** power, (0.5 / (1.0 - spread)) ** power)  # Deb and Agrawal's eq. 9
    metric = in_a & in_b & np.array([h.metric for h in space.hyperparameters])
    x = np.where(metric, 0.5 * ((1.0 + beta) * near + (1.0 - beta) * far), near)
    return space.snap(np.clip(np.where(in_a | in_b, x, fresh), 0.0, 1.0))


def _mutate(space: SearchSpace, x: Points, mutates: NDArray[np.bool_], step: Floats, other: Floats) -> Points:
    """Change the columns that mutate, ``(n, d)``."""
    x = x.copy()
    for j, h in enumerate(space.hyperparameters):
        who = np.flatnonzero(mutates[:, j])
        if who.size and h.size > 1:
            x[who, j] = mutated(h, x[who, j], step[who, j], other[who, j])
    return x


def mutated(h: Hyperparameter, u: Floats, step: Floats, other: Floats) -> Floats:
    """Other values of one column, ``(n,)``: metric ones by `step`, a categorical by the draw `other` in [0, 1)."""
    moved = np.clip(u + step, 0.0, 1.0)
    if h.kind == "float":
        return moved
    before = h.numbers(u)
    if h.kind == "categorical":
        return h.units((before + 1 + np.floor(other * (h.size - 1))) % h.size)
    after = h.numbers(moved)
    way = np.where(step < 0, -1.0, 1.0)
    way = np.where((before + way < h.low) | (before + way > h.high), -way, way)
    return h.units(np.where(after == before, before + way, after))
