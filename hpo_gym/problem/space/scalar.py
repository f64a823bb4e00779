"""Values and unit values of one configuration, hyperparameter by hyperparameter, without arrays.

Each equals `Hyperparameter.numbers` and `Hyperparameter.units` of an array bit for bit: logarithms and exponentials are
NumPy's, whose last bits are others than those of `math`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hpo_gym.problem.space.hyperparameter import GRID, Hyperparameter


def value_of(h: Hyperparameter) -> Callable[[float], Any]:
    """Return the function from a unit value in [0, 1] to the value of a hyperparameter; exact values aside."""
    choices, count, last = h.choices, len(h.choices), len(h.choices) - 1
    if choices:
        return lambda u: choices[min(int(u * count), last)]
    (start, end), low, high = h.bounds(), h.low, h.high
    width, log, whole = end - start, h.log, h.kind == "int"
    ends: tuple[Any, Any] = (int(low), int(high)) if whole else (float(low), float(high))

    def value(u: float) -> Any:
        if not whole:
            u = round(u * GRID) / GRID
        if u <= 0.0 or u >= 1.0:
            return ends[u >= 1.0]
        v: float = start + u * width
        if log:
            v = np.exp(v).item()
        return int(min(max(round(v), low), high)) if whole else float(min(max(v, low), high))

    return value


def unit_of(h: Hyperparameter) -> Callable[[float], float]:
    """Return the function from `Hyperparameter.position` of a value to its unit value."""
    count = len(h.choices)
    if count:
        return lambda v: (v + 0.5) / count
    low, high = h.bounds()
    width, log, whole = high - low, h.log, h.kind == "int"
    if not width:
        return lambda v: 0.5

    def unit(v: float) -> float:
        u: float = ((np.log(v).item() if log else v) - low) / width
        if not whole:
            u = round(u * GRID) / GRID
        return 0.0 if u <= 0.0 else 1.0 if u >= 1.0 else u

    return unit
