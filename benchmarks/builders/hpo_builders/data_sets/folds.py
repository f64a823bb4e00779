"""Rows to learn from, to choose by and to test on, and what is learned from a share of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.training.recipe import Measured, TrainingFailed
from hpo_gym.base import Floats

CLASSIFICATION, REGRESSION = "classification", "regression"


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold of cross-validation.

    Attributes:
        x, y: Rows to learn from, ``(n, p)`` and ``(n,)``, in a random order in which every class comes early: the first
            rows are the subsets of the fidelity "share of the training set" (`first`).
        x_val, y_val: Rows that choose.
        x_test, y_test: Rows that no choice has seen, those that this fold's models predict.
    """

    x: Floats
    y: NDArray[Any]
    x_val: Floats
    y_val: NDArray[Any]
    x_test: Floats
    y_test: NDArray[Any]

    def first(self, share: float) -> tuple[Floats, NDArray[Any]]:
        """Return the first rows, at least 10 and at least one per class where there are as many."""
        least = max(10, len(np.unique(self.y))) if self.y.dtype.kind == "i" else 10
        n = min(len(self.y), max(least, round(share * len(self.y))))
        return self.x[:n], self.y[:n]


@dataclass(frozen=True, eq=False)
class Problem:
    """A data set, ready to train on: missing values imputed, categories one-hot, nothing scaled.

    Attributes:
        name: The data set.
        kind: "classification" (`y` holds integers ``0..classes - 1``) or "regression" (`y` holds floats with mean 0 and
            standard deviation 1 over the rows that may be learned from).
        classes: Number of classes; 0 for regression.
        folds: The folds of all repeats of cross-validation, one repeat after another, all of one size (the last rows of
            larger ones are left out).
    """

    name: str
    kind: str
    classes: int
    folds: tuple[Fold, ...]

    def score(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        """Balanced accuracy in [0, 1] of predicted classes, or R^2 of predicted values, at least -1.

        Raises:
            TrainingFailed: A prediction is not finite.
        """
        if not np.isfinite(predicted).all():
            raise TrainingFailed("A prediction is not finite.")
        if self.kind == CLASSIFICATION:
            hit = predicted == y
            return float(np.mean([hit[y == c].mean() for c in np.unique(y)]))
        total = float(((y - y.mean()) ** 2).sum())
        with np.errstate(over="ignore"):
            r2 = 1.0 - float(((y - predicted) ** 2).sum()) / total
        return max(r2, -1.0)


Predict = Callable[[Floats], NDArray[Any]]
Prepare = Callable[[Fold, float], tuple[Fold, float]]
"""From a fold and a share to what a model is given: the first rows to learn from, all others, and the processor seconds
that it took to prepare them."""


def first_rows(fold: Fold, share: float) -> tuple[Fold, float]:
    """Return a fold as it is, at a share of its training rows."""
    x, y = fold.first(share)
    return replace(fold, x=x, y=y), 0.0


def by_share(
    problem: Problem,
    shares: Sequence[float],
    fit: Callable[[Floats, NDArray[Any]], Predict],
    faults: tuple[type[Exception], ...] = (),
    prepare: Prepare = first_rows,
) -> Measured:
    """Measure what `fit` learns from rows, on all folds at each share of the training rows.

    A fidelity at which one fold raises `TrainingFailed` or one of `faults` has failed; its other folds are not trained.
    The cost holds the seconds that `prepare` tells, whenever it spent them.
    """
    caught: tuple[type[Exception], ...] = (TrainingFailed, *faults)
    parts = [_at_share(problem, share, fit, caught, prepare, tested=share == shares[-1]) for share in shares]
    score, test, seconds = np.array(parts).T
    return Measured(score, test, seconds)


def _at_share(
    problem: Problem,
    share: float,
    fit: Callable[[Floats, NDArray[Any]], Predict],
    faults: tuple[type[Exception], ...],
    prepare: Prepare,
    *,
    tested: bool,
) -> tuple[float, float, float]:
    """Score, test score and processor seconds; the test rows are predicted when the clock stands."""
    scores, tests, seconds = [], [], 0.0
    start = time.process_time()
    try:
        for each in problem.folds:
            start = time.process_time()
            fold, spent = prepare(each, share)
            start = time.process_time() - spent
            predict = fit(fold.x, fold.y)
            scores.append(problem.score(fold.y_val, predict(fold.x_val)))
            seconds, start = seconds + time.process_time() - start, time.process_time()
            tests.append(problem.score(fold.y_test, predict(fold.x_test)) if tested else np.nan)
    except faults:
        return -np.inf, -np.inf if tested else np.nan, seconds + time.process_time() - start
    return float(np.mean(scores)), float(np.mean(tests)), seconds
