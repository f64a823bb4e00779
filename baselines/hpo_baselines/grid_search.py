"""Grid search."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._runs.strata import one_of_each
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace

_LISTED = 4096  # a grid of at most so many points is listed and shuffled


@OPTIMIZERS.register("grid", family="no-transfer", trainable=False, asked="ahead")
class GridSearch(Planned):
    """The full factorial over levels of all hyperparameters, in a seeded order.

    A choice has all its values as levels, a range `levels` evenly spaced ones with both ends (in the logarithm, if the
    range is logarithmic). Points that differ in inactive hyperparameters only are one configuration, tried once.

    The order matters if the budget is smaller than the grid. A grid of up to 4,096 points is shuffled. A larger one is
    drawn in blocks of `budget` points, with every level of a hyperparameter equally often in each (up to one). When the
    grid is used up: random search.

    A pool is a grid of its own: its rows are parted into as many cells as the budget pays for, each of as many rows up
    to one and next to each other (`Strata`), and a random row of each cell is tried, in random order.

    **Reference**: the method is folklore; Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR
    13, 2012, compare with it. The balanced blocks are Latin hypercube samples of the cells: McKay, Beckman and Conover,
    "A comparison of three methods for selecting values of input variables", Technometrics 21, 1979.

    **Differs from the paper**: the order; grid search usually runs the whole grid.

    Args:
        levels: Levels of a range, of no effect in a pool. None: the fewest, at least 3, for a grid no smaller than the
            budget.
    """

    version = 3

    def __init__(self, levels: int | None = None) -> None:
        self.levels = levels

    def plan(self, run: Run) -> Iterator[Choice]:
        """Yield the points of the grid."""
        if self.levels is not None and self.levels < 2:
            raise InvalidValueError(f"`levels >= 2` must hold, got {self.levels}; the nearest is 2.")
        budget = max(2, math.ceil(run.context.budget))
        if run.context.pool is not None:
            yield from one_of_each(run, budget)
            return
        columns = _columns(run.space, self.levels or _count(run.space, budget))
        if math.prod(len(c) for c in columns) <= _LISTED:
            points = _product(run.space, columns)
            yield from run.known(points[run.rng.permutation(len(points))])
            return
        while True:
            x = run.space.snap(np.stack([_balanced(run.rng, c, budget) for c in columns], 1))
            yield from run.known(x[run.space.legal(x)])


def _count(space: SearchSpace, budget: int) -> int:
    """Return the fewest levels of ranges for a grid no smaller than the budget, or all that there are."""
    ranges = [h.size for h in space.hyperparameters if not h.choices]
    fixed = math.prod(len(h.choices) for h in space.hyperparameters if h.choices)
    most = int(min(budget, max(ranges, default=3)))
    return next((c for c in range(3, most) if fixed * math.prod(min(s, c) for s in ranges) >= budget), max(3, most))


@functools.lru_cache(maxsize=64)
def _columns(space: SearchSpace, levels: int) -> tuple[NDArray[np.float64], ...]:
    return tuple(space.levels(levels))


def _product(space: SearchSpace, columns: tuple[NDArray[np.float64], ...]) -> Points:
    x = space.snap(np.stack([c.ravel() for c in np.meshgrid(*columns, indexing="ij")], 1))
    x = np.unique(x, axis=0)
    return x[space.legal(x)]


def _balanced(rng: np.random.Generator, levels: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """`n` levels in random order, each equally often up to one."""
    return rng.permutation(levels)[rng.permutation(n) % len(levels)]
