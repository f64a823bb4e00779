"""The least of many products in float32, and all that float32 cannot tell from it."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Ints, Singles
from hpo_gym.problem.nearest.candidates import Candidates, Shut
from hpo_gym.problem.nearest.distance import ROUNDED

_HELD, _AT_MOST = 1 << 17, 1 << 22  # products at a time: what stays in the cache, and the most for the sake of
_POINTS = 32  # points at a time: a product of fewer is slow
_OFF = 2.0**-24  # how far a float32 may be off, of its size


def slack_of(rows: Floats) -> np.float32:
    """Return the rounding error of a float32 product with the factors of rows ``(f, m)``.

    The factors of points are at most 1.
    """
    if not rows.size:
        return np.float32(ROUNDED)
    terms, size = np.count_nonzero(rows, axis=0).max(), np.abs(rows).sum(0).max()
    return np.float32(2.0 * _OFF * (terms + 4) * size + ROUNDED)


def scan(
    points: Singles, rows: Singles, slack: np.float32 | None, shut: Shut | None = None, ids: Ints | None = None
) -> Candidates:
    """Return, for each point, the rows with a product within `slack` of the least available one.

    Args:
        points, rows: Factors, ``(n, f)`` and ``(f, m)``.
        slack: None where all products are whole numbers: the lowest of equal rows suffices.
        ids: Numbers of these rows in the pool, ``(m,)``; all, by default. Candidates have these numbers.
    """
    n, m = len(points), rows.shape[1]
    size = max(1, min(max(_HELD // m, _POINTS), _AT_MOST // m))
    held = np.empty((min(n, size), m), np.float32)
    found = []
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        values = np.matmul(points[part], rows, out=held[: part.stop - start])
        if shut is not None:
            np.copyto(values, np.inf, where=shut.some(part).of(ids))
        point, row, value = _least(values, slack, shut is not None)
        found.append(Candidates(point + start if start else point, row if ids is None else ids.take(row), value))
    return Candidates.of(found)


def _least(values: Singles, slack: np.float32 | None, some_shut: bool) -> Candidates:
    point, row = np.arange(len(values)), values.argmin(1)
    value = values[point, row]
    if some_shut and not (there := value < np.inf).all():
        point, row, value = point[there], row[there], value[there]
    if slack is None:
        return Candidates(point, row, value)
    values[point, row] = np.inf
    second = values[point, values.argmin(1) if len(point) == len(values) else values.take(point, 0).argmin(1)]
    near = second <= value + slack
    if not near.any():
        return Candidates(point, row, value)
    values[point, row] = value
    unsure, most, sure = point[near], value[near] + slack, ~near
    some = values.take(unsure, 0)
    at, more = (some <= most[:, None]).nonzero()
    return Candidates(
        np.concatenate([point[sure], unsure[at]]), np.concatenate([row[sure], more]),
        np.concatenate([value[sure], some[at, more]]),
    )  # fmt: skip
