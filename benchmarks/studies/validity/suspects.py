"""Tasks that look like relatives but stand apart: pairs whose scores go together far more than a suite explains.

Scores of all tasks of a suite go together: the same configurations are good, or bad, on most data. Two tasks of one
data set share more than that, down to its noise. So what the suite's tasks have in common is taken out first, and what
is left of two tasks is compared with what is left of each of them and all others. A pair that stands out is no proof:
it is to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hpo_gym.base import Floats
from hpo_gym.problem import Suite, fold_of
from validity.choice import spearman
from validity.examine import full_scores, table_of

LEAST = 5.0
"""Excess from which a pair is a suspect: fewer than one in ten thousand of `AutoML`'s pairs of two families have it."""

TASKS = 30
"""Of fewer tasks there is no crowd that a pair could stand out of."""

ROWS = 3000

SHARED_BY = 50
"""Tasks for each pattern that counts as common; with more patterns, a pair's own would be taken for one."""


_ROUNDING = 1e-9


@dataclass(frozen=True)
class Suspect:
    """Two tasks on different sides of the split, or in different folds.

    Attributes:
        one, other: Their names, in the suite's order.
        correlation: Spearman's, over the rows that both measured.
        gap: Mean absolute difference of their scores there; .01 to .02 for versions of one data set in `AutoML`.
        excess: How far the correlation of what is left of them is above the median of each with all tasks, in robust
            standard deviations (1.4826 median absolute deviations); the smaller of the two.
    """

    one: str
    other: str
    correlation: float
    gap: float
    excess: float


def suspects(suite: Suite, least: float = LEAST) -> tuple[Suspect, ...]:
    """The pairs of tasks that stand apart and whose excess is `least` or more, the largest first.

    None in a suite of fewer than 30 tasks, without a table, or where each task has rows of its own. Of long tables
    3,000 rows are compared. Tasks that no split holds cannot leak, and are in no pair.
    """
    table = table_of(suite)
    if table is None or table.x.ndim != 2 or table.k < TASKS:
        return ()
    full = full_scores(table)
    rows = np.sort(np.random.default_rng(0).permutation(table.m)[:ROWS])
    excess = excesses(full[:, rows])
    sides = [(suite.split(task), fold_of(task.family)) for task in suite.members]
    found = [
        Suspect(suite.members[i].name, suite.members[j].name, *_likeness(full[i], full[j]), float(excess[i, j]))
        for i, j in np.argwhere(np.triu(excess >= least, 1))
        if None not in (sides[i][0], sides[j][0]) and sides[i] != sides[j]
    ]
    return tuple(sorted(found, key=lambda s: -s.excess))


def excesses(scores: Floats) -> Floats:
    """How much each two tasks go together beyond what all have in common, ``(k, k)``; the diagonal is NaN.

    What they have in common: the first principal components of their ranks, one for every 50 tasks and one at least.

    Args:
        scores: ``(k, m)``, NaN = not measured.
    """
    measured = ~np.isnan(scores)
    ranks = _standard_ranks(scores)
    count = max(1, len(scores) // SHARED_BY)
    patterns = np.linalg.svd(ranks, full_matrices=False)[2][:count]
    left = _correlations(np.where(measured, ranks - ranks @ patterns.T @ patterns, 0.0), measured)
    np.fill_diagonal(left, np.nan)
    above = left - np.nanmedian(left, 1, keepdims=True)
    spread = 1.4826 * np.nanmedian(np.abs(above), 1, keepdims=True)
    own = np.divide(above, spread, out=np.zeros_like(above), where=spread > 0)
    return np.asarray(np.minimum(own, own.T))


def _standard_ranks(scores: Floats) -> Floats:
    """Each task's ranks among its measured rows, with mean 0 and standard deviation 1; 0 where not measured."""
    ranks = rankdata(scores, axis=1, nan_policy="omit")
    ranks -= np.nanmean(ranks, 1, keepdims=True)
    sd = np.nanstd(ranks, 1, keepdims=True)
    return np.asarray(np.nan_to_num(np.divide(ranks, sd, out=np.zeros_like(ranks), where=sd > 0)))


def _correlations(values: Floats, measured: NDArray[np.bool_]) -> Floats:
    """Pearson's correlation of each two rows over the columns measured in both; `values` are 0 elsewhere."""
    there = measured.astype(np.float64)
    n = np.maximum(there @ there.T, 1.0)
    total, squares = values @ there.T, (values * values) @ there.T
    covariance = values @ values.T - total * total.T / n
    variance = np.maximum(squares - total**2 / n, 0.0)
    scale = np.sqrt(variance * variance.T)
    return np.asarray(np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > _ROUNDING))


def _likeness(one: Floats, other: Floats) -> tuple[float, float]:
    """Rank correlation and mean absolute difference over the rows that both measured."""
    both = ~np.isnan(one) & ~np.isnan(other)
    return spearman(one[both], other[both]), float(np.abs(one[both] - other[both]).mean())
