"""Simulated annealing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpo_baselines._runs.baseline import Baseline, Choice, Run
from hpo_baselines._runs.guided import Plan, anywhere, best_start, evaluated, tenth
from hpo_baselines.genetic import mutated
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points

_MISSES = 8  # steps in a row to what was tried before, until a random configuration


@OPTIMIZERS.register("annealing", family="no-transfer", trainable=False, asked="in turn")
class Annealing(Baseline):
    """Simulated annealing: a step to a better configuration is always taken, one to a worse with a falling probability.

    It starts from the best of the initial design and some random configurations. A step changes one active
    hyperparameter: a metric one by a Gaussian step (an integer or ordinal by at least one value), a categorical to
    another choice; newly active ones are drawn at random. A loss is taken with probability exp(-loss / temperature).
    The temperature is a multiple of the spread of the scores so far, their median absolute deviation, and the multiple
    falls geometrically from `hot` to `cold` as the budget is spent. In a pool, a step outside it leads to the nearest
    remaining row.

    **Reference**: Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing", Science 220, 1983.

    **Differs from the paper**: one step at each temperature; the scale of temperatures is learned from the scores; no
    configuration is tried twice, and after eight repeated steps in a row the search continues from a random one.

    Args:
        hot, cold: First and last temperature, in spreads of the scores.
        sd: Standard deviation of a Gaussian step, as a share of the range.
    """

    version = 3

    def __init__(self, hot: float = 1.0, cold: float = 0.01, sd: float = 0.2) -> None:
        self.hot, self.cold, self.sd = hot, cold, sd

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next step of each run."""
        if not 0 < self.cold <= self.hot or not self.sd > 0:
            raise InvalidValueError(
                f"`0 < cold <= hot` and `sd > 0` must hold, got ({self.cold=}, {self.hot=}, {self.sd=}); "
                "the defaults are (0.01, 1.0, 0.2)."
            )
        return [run.follow(self._plan) if run.pool is None or run.open.any() else None for run in runs]

    def _plan(self, run: Run) -> Plan[None]:
        given = len(run.score)
        (x, score), misses = (yield from best_start(run, tenth(run))), 0
        while True:
            far = misses >= _MISSES
            there = yield from evaluated(run, anywhere(run) if far else stepped(run, x, self.sd))
            misses = 0 if there is not None else misses + 1
            if there is None:
                continue
            share = (len(run.score) - given) / run.context.budget
            temperature = spread(run.score) * self.hot * (self.cold / self.hot) ** min(share, 1.0)
            if run.rng.random() < acceptance(there[1], score, temperature) or far:
                x, score = there


def stepped(run: Run, x: Points, sd: float) -> Points:
    """Return a configuration one random step from a canonical point, ``(d,)``."""
    space = run.space
    active = space.active(x[None])[0]
    can = [j for j in np.flatnonzero(active).tolist() if space.hyperparameters[j].size > 1]
    if not can:
        return x
    j = can[run.rng.integers(len(can))]
    y, step, other, fresh = x.copy(), run.rng.standard_normal(1), run.rng.random(1), run.rng.random(space.d)
    y[j] = mutated(space.hyperparameters[j], x[j : j + 1], sd * step, other)[0]
    y = np.where(active, y, fresh)
    y = space.snap(y[None])[0]
    return y if space.legal(y[None])[0] else x


def spread(score: Sequence[float]) -> float:
    """Half the median absolute deviation of scores; half the mean one where more than half of them are equal."""
    half = np.array(score) / 2.0  # halves: a difference of 2e308 would be infinite
    away = np.abs(half - np.median(half))
    return float(np.median(away)) or float((away / len(away)).sum())


def acceptance(new: float, old: float, temperature: float) -> float:
    """Return the probability of going from a score to another; `temperature` is in halves of a score."""
    gain = new / 2.0 - old / 2.0
    if gain >= 0:
        return 1.0
    return math.exp(gain / temperature) if temperature > 0 else 0.0
