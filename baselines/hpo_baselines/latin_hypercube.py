"""Search along Latin hypercubes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._runs.strata import spread
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points

_LARGEST = 1024  # points of one hypercube


@OPTIMIZERS.register("lhs", family="no-transfer", trainable=False, asked="ahead")
class LatinHypercube(Planned):
    """The points of a Latin hypercube of as many points as the budget pays for: each column has one in each share.

    In a pool (and in a small finite space) a point is a row, each with an equal share of the cube (`Strata` says
    how). Once a hypercube is used up, another follows.

    **Reference**: McKay, Beckman and Conover, "A comparison of three methods for selecting values of input variables in
    the analysis of output from a computer code", Technometrics 21, 1979.

    **Differs from the paper**: a discrete column takes the value that its share holds; points that a forbidden clause
    rules out are left out; a hypercube has at most 1,024 points.
    """

    version = 3

    def plan(self, run: Run) -> Iterator[Choice]:
        """Hypercube after hypercube."""
        n = int(np.clip(np.ceil(run.context.budget), 1, _LARGEST))
        while True:
            x, some = hypercube(run.rng, n, run.space.d), False
            for choice in spread(run, x):
                some = True
                yield choice
            if not some:
                return  # nothing is left, or so few are legal that they must be searched for


def hypercube(rng: np.random.Generator, n: int, d: int) -> Points:
    """Return `n` points of the unit cube ``(n, d)``: in each column, one lies in each of `n` equal shares."""
    shares = rng.permuted(np.tile(np.arange(n), (d, 1)), axis=1).T
    return np.asarray((shares + rng.random((n, d))) / n)
