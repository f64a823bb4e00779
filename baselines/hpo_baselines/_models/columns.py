"""`Columns`: the view of configurations for kernels. The distance between two choices is defined here alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.problem import Points, Pool, SearchSpace


@dataclass(frozen=True)
class Columns:
    """From points to the columns of a kernel.

    Attributes:
        space: The search space.
        one_hot: Whether a categorical has a column for each choice (see `one_hot`), else one, its choices in order.
    """

    space: SearchSpace
    one_hot: bool

    def __call__(self, x: Points, pool: Pool | None = None) -> Floats:
        """Return the columns of canonical points ``(c, d)``, ``(c, p)``; columns of a whole `pool` are made once."""
        if not self.one_hot:
            return x
        return _of_pool(pool) if pool is not None and x is pool.x else one_hot(self.space, x)


def one_hot(space: SearchSpace, x: Points) -> Floats:
    """Points ``(c, d)`` with a column for each choice of a categorical hyperparameter, ``(c, p)``.

    A column is 0 or the root of a half, so that two choices are as far from each other as the ends of a range, and all
    are 0 where it is inactive.
    """
    active, columns = space.active(x), []
    for j, h in enumerate(space.hyperparameters):
        if h.kind == "categorical":
            chosen = h.numbers(x[:, j])[:, None] == np.arange(len(h.choices))
            columns.append(np.sqrt(0.5) * (chosen & active[:, j : j + 1]))
        else:
            columns.append(x[:, j : j + 1])
    return np.concatenate(columns, 1)


@functools.lru_cache(maxsize=4)
def _of_pool(pool: Pool) -> Floats:
    return one_hot(pool.space, pool.x)
