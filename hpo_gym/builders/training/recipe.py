"""What a suite of our own training says of itself: its space, its fidelities, and how one configuration is trained.

A recipe trains one configuration on one data set, on all folds and at all fidelities, and is a function of its
arguments alone: no clock, no global generator, one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.space import Points, SearchSpace

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Floats = NDArray[np.float64]
CLASSIFICATION, REGRESSION = "classification", "regression"

CHUNK = 25
"""Configurations of a shard."""


class TrainingFailed(Exception):
    """A configuration that does not give a model: it did not converge, diverged, or is refused by its library."""


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
        """The first rows, at least 10 and at least one per class where there are as many."""
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


@dataclass(frozen=True, eq=False)
class Measured:
    """What training one configuration gave, at each of `f` fidelities.

    Attributes:
        score, test_score: Mean over the folds on the validation rows and on the test rows, ``(f,)``; -inf = failed. The
            test score is measured at full fidelity only: below it is NaN.
        cost: Processor seconds to train and to predict the validation rows, all folds together, ``(f,)``; of a failure,
            those until it was known.
    """

    score: Floats
    test_score: Floats
    cost: Floats


Predict = Callable[[Floats], NDArray[Any]]
Prepare = Callable[[Fold, float], tuple[Fold, float]]
"""From a fold and a share to what a model is given: the first rows to learn from, all others, and the processor seconds
that it took to prepare them."""


def first_rows(fold: Fold, share: float) -> tuple[Fold, float]:
    """A fold as it is, at a share of its training rows."""
    x, y = fold.first(share)
    return replace(fold, x=x, y=y), 0.0


def unmeasured(f: int, test: float) -> Floats:
    """Test scores of `f` fidelities, ``(f,)``: `test` at the last of them, and none below."""
    return np.append(np.full(f - 1, np.nan), test)


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


Train = Callable[[Problem, Mapping[str, Any], int], Measured]
Propose = Callable[[SearchSpace, Points, Floats, int, int], Points]
"""From a space, canonical points ``(n, d)`` that were tried and their scores ``(n,)`` (-inf = failed), a number and a
seed to so many other canonical points. Fewer are the first of more."""


@dataclass(frozen=True, eq=False)
class Search:
    """How each data set comes to configurations of its own.

    Attributes:
        drawn: So many are drawn by key, the default first; a multiple of `CHUNK`.
        propose: Proposes the others, a chunk at a time, by what was found before.
    """

    drawn: int
    propose: Propose


@dataclass(frozen=True, eq=False)
class Recipe:
    """How the table of a suite is made.

    Attributes:
        suite: The suite's name.
        title, description: What is tuned.
        space: The search space; its default is the libraries' own default.
        kinds: Kinds of data sets: "classification", "regression".
        fidelities: Shares of a full evaluation, ascending, the last is 1.
        fidelity: What a fidelity is: "share of the training rows", "trees", "epochs".
        train: Trains one configuration: problem, configuration, seed of whatever is random. It may raise
            `TrainingFailed` where all fidelities fail, and raises `MemoryError` where there is too little; what else it
            raises ends the build.
        rows: Most rows of a data set that choose, all folds together.
        training_rows: Most rows that a model is trained on.
        configurations: Rows of the table.
        data_sets: Most data sets of the roster that are used, the first of it.
        libraries: Packages whose versions are recorded.
        version: Raised whenever `train` gives other scores; shards of two versions never make one table.
        cumulative: Whether one training passes through all fidelities, so that the cost of one holds that of those
            below it; else each is trained by itself.
        max_classes: Data sets of more classes are left out.
        modules: What `train` and `search` import when they are called: imported once, before the first of them.
        search: Where each data set has configurations of its own: how it comes to them. None: all have the same.
    """

    suite: str
    title: str
    description: str
    space: Callable[[], ConfigurationSpace]
    kinds: tuple[str, ...]
    fidelities: tuple[float, ...]
    fidelity: str
    train: Train
    rows: int
    training_rows: int
    configurations: int
    data_sets: int | None
    libraries: tuple[str, ...]
    version: int = 1
    cumulative: bool = False
    max_classes: int = 30
    modules: tuple[str, ...] = ()
    search: Search | None = None
