"""What is lost by choosing by validation where the test score counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hpo_gym.base import Floats
from hpo_gym.problem import Table

FEW = 33
"""Trials after which the choice is judged: the budget of the protocol."""

TOP = 0.1
"""Share of the configurations, the best by validation, among which tuners choose in the end."""


@dataclass(frozen=True)
class Choice:
    """Choosing by validation where the test score counts.

    Attributes:
        tasks: How many have a test score.
        spearman: Of validation and test over the rows, median over tasks.
        spearman_top: The same over the best tenth of the rows by validation, failures left out.
        regret: Of the validation optimum on test: its test score below the best one, by the range of the task's test
            scores, mean over tasks; of equal optima the mean.
        loss: Test score lost against choosing by test among all rows, mean over tasks.
        loss_few: The same among 33 random rows, an exact expectation.
    """

    tasks: int
    spearman: float
    spearman_top: float
    regret: float
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
    rank, top, loss, few, span = np.array(found).T
    regret = loss[span > 0] / span[span > 0]
    return Choice(
        len(found), median(rank), median(top), float(np.mean(regret)), float(np.mean(loss)), float(np.mean(few))
    )


def _task(validation: Floats, test: Floats) -> tuple[float, ...] | None:
    """The statistics of a task that are averaged, and the range of its test scores; None without any test score."""
    both = ~np.isnan(validation) & ~np.isnan(test)
    validation, test = validation[both], test[both]
    good = np.isfinite(test)
    if not good.any():
        return None
    test, top = np.where(good, test, test[good].min()), spearman_top(validation[good], test[good])  # a failure: worst
    losses = lost(validation, test, len(test)), lost(validation, test, FEW)
    return spearman(validation, test), top, *losses, float(np.ptp(test))


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


def spearman_top(a: Floats, b: Floats) -> float:
    """`spearman` over the best tenth by `a`, more where scores are equal; NaN of fewer than three rows."""
    top = a >= np.sort(a)[::-1][max(1, round(TOP * len(a))) - 1]
    return spearman(a[top], b[top]) if top.sum() >= 3 else np.nan


def median(values: Iterable[float]) -> float:
    """The median of what is not NaN; NaN of nothing."""
    known = [v for v in values if not np.isnan(v)]
    return float(np.median(known)) if known else np.nan
