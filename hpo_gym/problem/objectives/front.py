"""Pareto fronts of several objectives, all maximised, and the volume that they dominate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.base import Floats, InvalidValueError, Mask, shown


def nondominated(values: ArrayLike) -> Mask:
    """Return the rows of ``(n, o)`` that no other dominates, ``(n,)``; of equal rows, all.

    A row dominates another if it is nowhere less and somewhere more.
    """
    a = _matrix(values)
    order = np.lexsort(a.T[::-1])[::-1]  # what dominates a row comes before it
    out = np.zeros(len(a), bool)
    front = np.empty((0, a.shape[1]))
    for i in order.tolist():
        if not ((front >= a[i]).all(1) & (front > a[i]).any(1)).any():
            out[i] = True
            front = np.vstack([front, a[i]])
    return out


def hypervolume(values: ArrayLike, reference: ArrayLike) -> float:
    """Return the exact volume that rows ``(n, o)`` dominate above a reference point ``(o,)``, for any `o`.

    Rows not above the reference in all objectives count nothing. By slices along the last objective (Zitzler,
    "Evolutionary Algorithms for Multiobjective Optimization", 1999), each by its own front: quick up to 3 objectives.

    Raises:
        InvalidValueError: Other shapes, or a number that is not finite.
    """
    a, base = _matrix(values), _numbers("reference", reference)
    if base.shape != (a.shape[1],) or not np.isfinite(base).all():
        raise InvalidValueError(f"`reference` must be {a.shape[1]} finite numbers, got {reference!r}.")
    above = a[(a > base).all(1)] - base
    return _volume(above[nondominated(above)]) if len(above) else 0.0


def _volume(a: Floats) -> float:
    """Return the volume above 0 of rows ``(n, o)``, all positive."""
    if a.shape[1] == 1:
        return float(a.max())
    a = a[np.argsort(-a[:, -1], kind="stable")]
    if a.shape[1] == 2:
        wide = np.maximum.accumulate(a[:, 0])
        return float((wide * (a[:, 1] - np.append(a[1:, 1], 0.0))).sum())
    thick = a[:, -1] - np.append(a[1:, -1], 0.0)
    total, front = 0.0, np.empty((0, a.shape[1] - 1))
    for row, depth in zip(a[:, :-1], thick.tolist(), strict=True):
        front = np.vstack([front[~(front <= row).all(1)], row]) if not (front >= row).all(1).any() else front
        total += _volume(front) * depth if depth else 0.0
    return total


def _matrix(values: ArrayLike) -> Floats:
    a = _numbers("values", values)
    if a.ndim != 2 or not a.shape[1] or not np.isfinite(a).all():
        raise InvalidValueError(f"`values` must be finite numbers of shape (n, objectives), got {a.shape}.")
    return a


def _numbers(name: str, given: ArrayLike) -> Floats:
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(f"`{name}` must be an array of numbers, got {shown(given)}.") from fault
