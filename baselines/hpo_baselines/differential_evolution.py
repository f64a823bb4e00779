"""Differential evolution on mixed and conditional spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Run
from hpo_baselines._runs.population import Population, quarter
from hpo_baselines._runs.relaxed import relax
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace


@OPTIMIZERS.register("de", family="evolutionary", trainable=False)
class DifferentialEvolution(Population):
    """Differential evolution, rand/1/bin, one member after the other.

    The first trials, the initial design and random ones, are the members. In turn each is the target: a mutant is one
    other member plus `scale` times the difference of two more, all distinct; columns outside the unit cube are redrawn.
    The child takes each column from the mutant with probability `crossover`, and one of the target's active columns
    always. It replaces the target unless it is worse, at once. A discrete value is a random place in its share of the
    column, the same for all members involved, and an inactive hyperparameter a random value.

    **Reference**: Storn and Price, "Differential evolution", Journal of Global Optimization 11, 1997; for
    hyperparameters Awad, Mallik and Hutter, "Differential evolution for neural architecture search", 2020, and "DEHB",
    IJCAI 2021, https://arxiv.org/abs/2105.09821: this is its full-fidelity part, with its constants.

    **Differs from the paper**: a member is the evaluated configuration (of a pool, the row), not the vector behind it;
    no configuration is tried twice; the population follows the budget (the papers have 20).

    Args:
        population: Members, at least 4. None: a quarter of the budget, from 4 to 20.
        scale: F.
        crossover: CR.
    """

    version = 3

    def __init__(self, population: int | None = None, scale: float = 0.5, crossover: float = 0.5) -> None:
        self.population, self.scale, self.crossover = population, scale, crossover

    def size(self, run: Run) -> int:
        """Members of the run's population."""
        few = self.population is not None and self.population < 4
        if few or not 0 < self.scale <= 2 or not 0 <= self.crossover <= 1:
            near = (
                4 if few else self.population,
                float(np.clip(self.scale, 0.01, 2)),
                float(np.clip(self.crossover, 0, 1)),
            )
            raise InvalidValueError(
                "`population >= 4`, `0 < scale <= 2` and `0 <= crossover <= 1` must hold, got "
                f"({self.population=}, {self.scale=}, {self.crossover=}); the nearest are {near}."
            )
        return self.population or quarter(run, 4)

    def children(self, space: SearchSpace, runs: Sequence[Run]) -> Points:
        """Return one child of each run; a run's draws are a block of its own."""
        chosen = [self._drawn(run) for run in runs]
        x = np.array([[run.x[t] for t in trials] for run, trials in zip(runs, chosen, strict=True)])  # (n, 4, d)
        place, cross, fresh, forced = np.moveaxis(np.stack([run.rng.random((4, space.d)) for run in runs]), 1, 0)
        vectors = relax(space, x.reshape(-1, space.d), np.repeat(place, 4, axis=0)).reshape(x.shape)
        target, base, plus, minus = np.moveaxis(vectors, 1, 0)
        mutant = mutated(base, plus, minus, self.scale, fresh)
        always = np.where(space.active(x[:, 0]), forced, -1.0).argmax(1)
        return space.snap(crossed(target, mutant, cross, always, self.crossover))

    def _drawn(self, run: Run) -> list[int]:
        """Return the trials that are target, base, and the two of the difference."""
        size = self.size(run)
        members = survivors(run.score, size)
        target = len(run.score) % size
        others = members[:target] + members[target + 1 :]
        return [members[target], *(others[i] for i in run.rng.permutation(size - 1)[:3].tolist())]


def survivors(score: Sequence[float], size: int) -> list[int]:
    """Return the trial that is each member after all trials; trial `t` was the child of member ``t % size``."""
    members = list(range(size))
    for t in range(size, len(score)):
        if score[t] >= score[members[t % size]]:
            members[t % size] = t
    return members


def mutated(base: Points, plus: Points, minus: Points, scale: float, fresh: Floats) -> Points:
    """Return the mutants ``(n, d)``, with `fresh` columns outside the unit cube."""
    v = base + scale * (plus - minus)
    return np.where((v < 0.0) | (v > 1.0), fresh, v)


def crossed(target: Points, mutant: Points, u: Floats, always: NDArray[np.int64], rate: float) -> Points:
    """Binomial crossover: the mutant's columns where `u` is below the rate and at `always` ``(n,)``."""
    return np.where((u < rate) | (np.arange(target.shape[1]) == always[:, None]), mutant, target)
