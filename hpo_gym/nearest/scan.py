"""The least of many products in float32, and all that float32 cannot tell from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.nearest.candidates import Candidates, Shut
from hpo_gym.nearest.distance import ROUNDED, Floats, Ints

Singles = NDArray[np.float32]

_HELD = 1 << 16  # products at a time: what stays in the cache
_OFF = 2.0**-24  # how far a float32 may be off, of its size


def slack_of(rows: Floats) -> np.float32:
    """How far apart two products must be in float32 to be told apart, by the factors of rows ``(f, m)``.

    The factors of points are at most 1.
    """
    if not rows.size:
        return np.float32(ROUNDED)
    terms, size = np.count_nonzero(rows, axis=0).max(), np.abs(rows).sum(0).max()
    return np.float32(2.0 * _OFF * (terms + 4) * size + ROUNDED)


def scan(
    points: Singles, rows: Singles, slack: np.float32, shut: Shut | None = None, ids: Ints | None = None
) -> Candidates:
    """Of each point, the rows whose product is at most `slack` above the least that is not shut.

    Args:
        points, rows: Factors, ``(n, f)`` and ``(f, m)``.
        ids: Which rows of the pool these are, ``(m,)``; all, by default. Candidates are numbered so.
    """
    n, m = len(points), rows.shape[1]
    size = max(1, _HELD // m)
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


def _least(values: Singles, slack: np.float32, some_shut: bool) -> Candidates:
    every, row = np.arange(len(values)), values.argmin(1)
    value = values[every, row]
    most = value + slack
    if some_shut:
        most[np.isposinf(value)] = -np.inf
    values[every, row] = np.inf
    second = values[every, values.argmin(1)]
    unsure = (second <= most).nonzero()[0]
    if unsure.size:
        values[every, row] = value
        near = values.take(unsure, 0)
        at, more = (near <= most.take(unsure)[:, None]).nonzero()
        sure = (second > most).nonzero()[0]
        every, row = np.concatenate([every[sure], unsure[at]]), np.concatenate([row[sure], more])
        value = np.concatenate([value[sure], near[at, more]])
    if some_shut and not (there := value < np.inf).all():
        return Candidates(every[there], row[there], value[there])
    return Candidates(every, row, value)
