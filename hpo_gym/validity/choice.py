"""What is lost by choosing by validation where the test score counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hpo_gym.tasks.table import Table

Floats = NDArray[np.float64]

FEW = 33
"""Trials after which the choice is judged: the budget of the protocol."""


@dataclass(frozen=True)
class Choice:
    """Choosing by validation where the test score counts.

    Attributes:
        tasks: How many have a test score.
        spearman: Of validation and test over the rows, median over tasks.
        loss: Test score lost against choosing by test among all rows, mean over tasks.
        loss_few: The same among 33 random rows, an exact expectation.
    """

    tasks: int
    spearman: float
    loss: float
    loss_few: float


def choice_of(table: Table, full: Floats) -> Choice | None:
    """Compare validation scores ``(k, m)``, NaN = not measured, with the table's test scores; None without any."""
    if table.test_score is None:
        return None
    pairs = zip(full, table.test_score[..., -1], strict=True)
    found = [
        task for validation, test in pairs if (task := _task(validation, np.asarray(test, np.float64))) is not None
    ]
    if not found:
        return None
    rank, loss, few = zip(*found, strict=True)
    return Choice(len(found), median(rank), float(np.mean(loss)), float(np.mean(few)))


def _task(validation: Floats, test: Floats) -> tuple[float, float, float] | None:
    both = ~np.isnan(validation) & ~np.isnan(test)
    validation, test = validation[both], test[both]
    good = np.isfinite(test)
    if not good.any():
        return None
    test = np.where(good, test, test[good].min())  # a failure
    return spearman(validation, test), lost(validation, test, len(test)), lost(validation, test, FEW)


def lost(validation: Floats, test: Floats, trials: int) -> float:
    """Expected test score that choosing by validation, not by test, loses among `trials` random rows.

    Of rows with equal validation scores, each is chosen as often.
    """
    _, group = np.unique(validation, return_inverse=True)
    shared = np.bincount(group, test) / np.bincount(group)  # mean test score of equal validation scores
    chance = best_of(len(test), trials)
    return float(chance @ np.sort(test) - chance @ shared[np.sort(group)])


def best_of(n: int, trials: int) -> Floats:
    """Chance that each of `n` rows, worst first, is the best of `trials` drawn without replacement, ``(n,)``."""
    if trials >= n:
        return np.asarray(np.arange(n) == n - 1, np.float64)
    rank = np.arange(1, n + 1, dtype=np.float64)
    below = np.ones(n)  # all drawn are of this rank or lower: C(rank, trials) / C(n, trials)
    for i in range(trials):
        below *= np.maximum(rank - i, 0.0) / (n - i)
    return np.asarray(np.diff(below, prepend=0.0))


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation, with mean ranks of equal values; NaN where one side is constant."""
    x, y = (np.asarray(stats.rankdata(v)) - (len(v) + 1) / 2 for v in (a, b))
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else np.nan


def median(values: Iterable[float]) -> float:
    """The median of what is not NaN; NaN of nothing."""
    known = [v for v in values if not np.isnan(v)]
    return float(np.median(known)) if known else np.nan
