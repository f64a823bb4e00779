"""Steps of two sizes, as the codec `move` takes them where a trial goes on from the one before it."""

from __future__ import annotations

import math

import numpy as np

from hpo_gym.base import Ints
from hpo_gym.problem import Hyperparameter, Points, SearchSpace

FACTORS = (2.0, 10.0)
"""By which a logarithmic range is gone down or up."""
SHARES = (0.05, 0.2)
"""The same of another range, in shares of it; of choices one and two places."""


def count_of(space: SearchSpace) -> int:
    """Actions: far down, down, up and far up for each hyperparameter, and one that keeps all."""
    return 4 * space.d + 1


def stepped(space: SearchSpace, x: Points, choice: Ints) -> Points:
    """Points ``(n, d)`` after the actions ``(n,)``; the ends of a range hold, and a categorical goes round."""
    out = x.copy()
    for j, h in enumerate(space.hyperparameters):
        moved = np.flatnonzero(choice // 4 == j)
        if moved.size:
            small, large = sizes(h)
            to = out[moved, j] + np.array([-large, -small, small, large])[choice[moved] % 4]
            out[moved, j] = to % 1.0 if h.kind == "categorical" else np.clip(to, 0.0, 1.0)
    return out


def sizes(h: Hyperparameter) -> tuple[float, float]:
    """Return the two steps of one column of the unit cube."""
    if math.isfinite(h.size):
        return 1.0 / h.size, 2.0 / h.size
    if not h.log:
        return SHARES
    low, high = h.bounds()
    small, large = (math.log(f) / (high - low) for f in FACTORS)
    return small, large
