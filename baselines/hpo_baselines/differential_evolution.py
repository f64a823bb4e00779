"""Differential evolution on mixed and conditional spaces."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Baseline, Choice, Run, claim_nearest
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace

_ATTEMPTS = 4  # children bred anew while they are repeats or forbidden


@OPTIMIZERS.register("de", family="evolutionary", trainable=False)
class DifferentialEvolution(Baseline):
    """Differential evolution, rand/1/bin, one member after the other.

    The first trials, the initial design and random ones, are the members. In turn each is the target: a mutant is one
    other member plus `scale` times the difference of two more, all distinct; columns outside the unit cube are redrawn.
    The child takes each column from the mutant with probability `crossover`, and one of the target's active columns
    always. It replaces the target unless it is worse, at once. A discrete value is a random place in its share of the
    column, the same for all members involved, and an inactive hyperparameter a random value. A repeated child is bred
    anew, up to three times; then the run takes a random configuration, in a pool the nearest untried row.

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

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim first trials at random, later ones by breeding."""
        out: list[Choice | None] = [None] * len(runs)
        spaces: dict[SearchSpace, list[int]] = {}
        for i, run in enumerate(runs):
            if len(run.score) < self.size(run):
                out[i] = run.uniform()
            elif run.pool is None or run.open.any():
                spaces.setdefault(run.space, []).append(i)
        for space, members in spaces.items():
            for i, choice in zip(members, self._breed(space, [runs[i] for i in members]), strict=True):
                out[i] = choice
        return out

    def _breed(self, space: SearchSpace, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim a child for each run."""
        out: list[Choice | None] = [None] * len(runs)
        child = np.empty((len(runs), space.d))
        todo, stray = list(range(len(runs))), list[int]()
        for _ in range(_ATTEMPTS):
            if not todo:
                break
            child[todo] = self.children(space, [runs[i] for i in todo])
            again = []
            for i, fine in zip(todo, space.legal(child[todo]).tolist(), strict=True):
                if runs[i].pool is not None and not _is_row(runs[i], child[i]):
                    stray.append(i)
                else:
                    out[i] = runs[i].take_exact(child[i]) if fine else None
                    again += [i] if out[i] is None else []
            todo = again
        stray += todo
        for i, choice in zip(stray, claim_nearest([runs[i] for i in stray], child[stray]), strict=True):
            out[i] = choice
        return out

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
        return self.population or int(np.clip(run.context.budget // 4, 4, 20))

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


def _is_row(run: Run, x: Points) -> bool:
    row = run.exact(x)
    return row >= 0 and bool(run.available[row])


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


def relax(space: SearchSpace, x: Points, u: Floats) -> Points:
    """Move canonical points ``(n, d)`` inside the shares of their values, without changing configurations.

    A float stays. Another value goes to place `u` of its share, and an inactive hyperparameter to `u` itself. So points
    with one `u` differ as their configurations do, and `snap` of a sum of such points is not biased to either side.

    Args:
        u: In [0, 1), ``(n, d)``, or broadcast to it.
    """
    u = np.broadcast_to(u, x.shape)
    width, logarithmic = _widths(space)
    out = x + width * (u - 0.5)
    for j in logarithmic:
        h = space.hyperparameters[j]
        v = h.numbers(x[:, j])
        low, high = h.units(v - 0.5), h.units(v + 0.5)
        out[:, j] = low + u[:, j] * (high - low)
    return np.clip(np.where(space.active(x), out, u) if space.conditional else out, 0.0, 1.0)


@functools.lru_cache(maxsize=32)
def _widths(space: SearchSpace) -> tuple[Floats, list[int]]:
    """Return the width of a value's share in each column ``(d,)``, 0 of a float; and the columns with unequal
    shares."""
    logarithmic = [j for j, h in enumerate(space.hyperparameters) if h.kind == "int" and h.log and h.size > 1]
    width = np.array([0.0 if h.kind == "float" else 1.0 / h.size for h in space.hyperparameters])
    width[logarithmic] = 0.0
    return width, logarithmic
