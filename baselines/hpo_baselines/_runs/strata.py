"""`Strata`: points of the unit cube as rows of a pool, so that uniform points are uniform rows.

The nearest row of a uniform point is no uniform row: an isolated row answers for more of the cube than one in a crowd.
Here the rows are halved by their first column, the halves by the next, and so on, as in a k-d tree, and a coordinate
selects a half, in proportion to the available rows. So each row has an equal share of the cube, and points spread
evenly over the cube are spread evenly over the rows.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from hpo_baselines._runs.baseline import Choice, Run
from hpo_gym.base import Ints, Mask
from hpo_gym.problem import Points, Pool

_BELOW_1 = float(np.nextafter(1.0, 0.0))


class Strata:
    """The order of a pool's rows.

    Attributes:
        order: The rows ``(m,)``: any two halves, quarters, .. of it lie beside each other in some column.
        columns: The column that halves the cells of each level.
    """

    def __init__(self, x: Points) -> None:
        m = len(x)
        varied = np.flatnonzero((x != x[0]).any(0)).tolist() or [0]
        levels = (m - 1).bit_length()
        self.columns = [varied[level % len(varied)] for level in range(levels)]
        self.order: Ints = np.arange(m)
        place, low, high = np.arange(m), np.zeros(m, np.int64), np.full(m, m)
        for column in self.columns:
            self.order = self.order[np.lexsort((self.order, x[self.order, column], low))]
            middle = (low + high) // 2
            left = place < middle
            low, high = np.where(left, low, middle), np.where(left, middle, high)

    def rows(self, u: Points, available: Mask) -> Iterator[int]:
        """Return the rows of points ``(n, d)`` of the unit cube among the available ones ``(m,)``, at least one."""
        before = [0, *available[self.order].cumsum().tolist()]
        return (self._row(point, before) for point in np.minimum(u, _BELOW_1))

    def _row(self, u: Points, before: Sequence[int]) -> int:
        """Return the row of one point, from the number of available rows before each place of the order."""
        low, high = 0, len(self.order)
        for column in self.columns:
            middle = (low + high) // 2
            share = (before[middle] - before[low]) / (before[high] - before[low])
            if u[column] < share:
                high, u[column] = middle, min(u[column] / share, _BELOW_1)
            else:
                low, u[column] = middle, min((u[column] - share) / (1.0 - share), _BELOW_1)
        return int(self.order[low])


@functools.lru_cache(maxsize=8)
def strata_of(pool: Pool) -> Strata:
    """Return the strata of a pool, made once for all runs."""
    return Strata(pool.x)


def spread(run: Run, u: Points) -> Iterator[Choice]:
    """Return points of the unit cube ``(n, d)`` as choices of a run: available rows of its pool, or legal canonical
    points."""
    if run.pool is None:
        x = run.space.snap(u)
        yield from x[run.space.legal(x)]
        return
    if run.available.any():
        yield from strata_of(run.pool).rows(u, run.available)


def one_of_each(run: Run, count: int) -> Iterator[Choice]:
    """Return a random row of each of `count` cells of a pool, cells of as many available rows, up to one, in random
    order."""
    assert run.pool is not None
    order = strata_of(run.pool).order
    rows = order[run.available[order]]
    if not len(rows):
        return
    at = (run.rng.permutation(count) + run.rng.random(count)) / count
    yield from map(int, rows[np.minimum((at * len(rows)).astype(np.int64), len(rows) - 1)])
