"""How much of the differences between configurations each hyperparameter explains by itself.

The columns are cut into bins: 10 equal parts of the encoded range of a number, one bin a choice (and a value, of an
integer with at most 10), and one for "inactive". The share explained by bins is omega squared (Hays, "Statistics for
Psychologists", 1963): it counts the bins, so that noise gives 0 in the mean; so a single share can be below 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem import SearchSpace, Table

BINS = 10
MATTERS = 0.05
"""A hyperparameter matters on a task where it explains more than this."""

_SAME = 1e-9
"""Scores whose standard deviation, or columns whose share of the variance, is smaller do not differ."""

_ROWS = 2
"""Rows a bin, at least in the mean: with less, the error within bins is hardly known."""


@dataclass(frozen=True)
class Importance:
    """Shares of variance, means over tasks.

    Attributes:
        names: Hyperparameters.
        shares: Share that each explains alone, in that order. To be active or not counts too.
        active: Share that each explains among the configurations in which it is active; NaN where none could be used.
        matters: On how many tasks the latter is more than 5 %.
        together: Share that the sum of all the main effects explains; NaN with too few rows.
        tasks: How many tasks could be used: those whose scores differ.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    active: tuple[float, ...]
    matters: tuple[int, ...]
    together: float
    tasks: int


def importance(table: Table, full: Floats) -> Importance | None:
    """Average over tasks with scores ``(k, m)``; None where no task has enough of them, or differences."""
    if table.x.ndim == 2:
        alone, active, together = effects(*bins(table.space, table.x), full)
    else:
        parts = [effects(*bins(table.space, x), row[None]) for x, row in zip(table.x, full, strict=True)]
        alone, active, together = (np.concatenate(p) for p in zip(*parts, strict=True))
    tasks = int(np.isfinite(alone).any(1).sum())
    if not tasks:
        return None
    means = [_mean(alone), _mean(active), (active > MATTERS).sum(0)]
    shares, inside, matters = (tuple(column.tolist()) for column in means)
    return Importance(table.space.names, shares, inside, matters, float(_mean(together)), tasks)


def _mean(a: Floats) -> Floats:
    """Mean over the first axis of what is not NaN; NaN where all is."""
    good = ~np.isnan(a)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(good, a, 0.0).sum(0) / np.where(good.any(0), good.sum(0), np.nan))


def bins(space: SearchSpace, x: NDArray[np.floating]) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
    """The bin of each row in each column, `d` arrays ``(m,)`` numbered from 0 without gaps; and what is active."""
    points = np.asarray(x, np.float64)
    active, out = space.active(points), []
    for j, h in enumerate(space.hyperparameters):
        whole = bool(h.choices) or h.size <= BINS
        number = h.numbers(points[:, j]) if whole else np.minimum(np.floor(points[:, j] * BINS), BINS - 1)
        _, code = np.unique(np.where(active[:, j], number, np.inf), return_inverse=True)
        out.append(code.astype(np.int64))
    return out, active


def effects(codes: list[NDArray[np.int64]], active: NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Omega squared of each column ``(k, d)``, the same among rows where it is active, and of all together ``(k,)``.

    The scores ``(k, m)`` are of tasks with one pool. NaN where they do not differ or where there are too few rows.
    """
    there = ~np.isnan(scores)
    n = there.sum(1).astype(np.float64)
    y = _standardised(scores)
    design = np.concatenate([np.eye(code.max() + 1)[code] for code in codes], 1)  # (m, b): one column a bin
    start = np.cumsum([0, *(int(code.max()) + 1 for code in codes)])[:-1]
    count = there.astype(np.float64) @ design  # (k, b)
    part = (y @ design) ** 2 / np.maximum(count, 1.0)  # sum of squares of each bin's mean
    between, used = (np.add.reduceat(a, start, axis=1) for a in (part, (count > 0).astype(np.float64)))
    alone = omega_squared(between, n[:, None], used, n[:, None])  # the total of a standardised score is n
    asleep = np.stack([_sums(y, there, ~a) for a in active.T], 2)  # (3, k, d): rows, sum, sum of squares
    rows, total, squares = np.array([n, np.zeros(len(y)), n])[:, :, None] - asleep
    sleeping = asleep[1] ** 2 / np.maximum(asleep[0], 1.0)
    middle = total**2 / np.maximum(rows, 1.0)
    inside = omega_squared(between - sleeping - middle, squares - middle, used - (asleep[0] > 0), rows)
    explained, rank = _together(design, y, there)
    return alone, inside, omega_squared(explained, n, rank, n)


def _standardised(scores: Floats) -> Floats:
    """Scores with mean 0 and standard deviation 1 in each task; 0 where not measured, NaN where they do not differ."""
    there = ~np.isnan(scores)
    n = there.sum(1, keepdims=True)
    mean = np.where(there, scores, 0.0).sum(1, keepdims=True) / n
    y = np.where(there, scores - mean, 0.0)
    sd = np.sqrt((y**2).sum(1, keepdims=True) / n)
    return np.asarray(y / np.where(sd > _SAME * (1 + np.abs(mean)), sd, np.nan))


def _sums(y: Floats, there: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Floats:
    """Number, sum and sum of squares of the scores of some rows, ``(3, k)``."""
    part = y[:, rows]
    return np.stack([there[:, rows].sum(1).astype(np.float64), part.sum(1), (part**2).sum(1)])


def omega_squared(explained: Floats, total: Floats, groups: Floats, n: Floats) -> Floats:
    """Share of variance that `groups` parameters (the mean is one) explain; of noise, 0 in the mean.

    NaN where there is no variance, or with fewer than two rows a parameter.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(n >= _ROWS * groups, np.maximum(total - explained, 0.0) / (n - groups), np.nan)
        share = (explained - (groups - 1) * error) / (total + error)
        return np.where(total > _SAME * n, share, np.nan)


def _together(design: Floats, y: Floats, there: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Sum of squares that the least-squares sum of main effects explains, and its parameters, each ``(k,)``.

    Tasks that were measured on the same rows share one decomposition.
    """
    explained, rank = np.zeros(len(y)), np.zeros(len(y))
    _, group = np.unique(np.packbits(there, axis=1), axis=0, return_inverse=True)
    for g in range(int(group.max()) + 1):
        tasks = np.flatnonzero(group.reshape(-1) == g)
        rows = there[tasks[0]]
        z = design[rows]
        value, vector = np.linalg.eigh(z.T @ z)
        keep = value > _SAME * value.max()
        explained[tasks] = ((y[tasks][:, rows] @ z @ vector[:, keep]) ** 2 / value[keep]).sum(1)
        rank[tasks] = keep.sum()
    return explained, rank
