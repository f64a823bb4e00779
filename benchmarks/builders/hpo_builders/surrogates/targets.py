"""From scores and costs to what networks learn, and the scales that lead back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_builders.surrogates.rows import Rows
from hpo_gym.base import Floats
from hpo_gym.suites import REACH, STEPS

SELDOM = 0.02
"""Share of falls between neighbouring fidelities up to which score or cost of a task is said to rise."""


def normal_scores(values: Floats) -> Floats:
    """Return normal quantiles of the ranks of numbers ``(n,)``, NaN where they are not finite; ties have their mean.

    The i-th of n numbers has the quantile of (i - 1/2) / n.
    """
    from scipy.stats import norm, rankdata

    out, known = np.full(len(values), np.nan), np.isfinite(values)
    if known.any():
        out[known] = norm.ppf((rankdata(values[known]) - 0.5) / known.sum())
    return out


def scale(values: Floats) -> Floats:
    """Quantiles of numbers at `STEPS` + 1 normal scores, by lines between neighbours; its ends are constant."""
    from scipy.stats import norm

    known = np.sort(values[np.isfinite(values)])
    if not known.size:
        return np.zeros(STEPS + 1)
    at = norm.ppf((np.arange(len(known)) + 0.5) / len(known))
    return np.asarray(np.interp(np.linspace(-REACH, REACH, STEPS + 1), at, known))


def targets(rows: Rows) -> tuple[Floats, Floats]:
    """Return normal scores of score and cost ``(m, 2 f)``, NaN where a trial failed, and whether it did ``(m, f)``."""
    columns = [normal_scores(column) for part in (rows.score, rows.cost) for column in part.T]
    return np.stack(columns, 1), rows.failed.astype(np.float64)


def scales(tasks: Sequence[Rows]) -> NDArray[np.float32]:
    """Scales of score and cost of each task and fidelity, ``(k, 2, f, STEPS + 1)``."""
    return np.array([[[scale(c) for c in part.T] for part in (t.score, t.cost)] for t in tasks], np.float32)


def rising(tasks: Sequence[Rows]) -> NDArray[np.bool_]:
    """Return whether score and cost rise with the fidelity but for a share of `SELDOM`, ``(k, 2)``; one does not."""
    return np.array([[_rises(part) for part in (t.score, t.cost)] for t in tasks], bool)


def _rises(values: Floats) -> bool:
    low, high = values[:, :-1], values[:, 1:]
    known = np.isfinite(low) & np.isfinite(high)
    return bool(known.any()) and float((high[known] < low[known]).mean()) <= SELDOM
