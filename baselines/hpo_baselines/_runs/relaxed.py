"""Points for methods that add and subtract them: discrete values spread over their shares of the unit cube."""

from __future__ import annotations

import functools

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.problem import Points, SearchSpace


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
