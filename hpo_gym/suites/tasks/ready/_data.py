"""Data sets that scikit-learn brings, split into rows to choose by and rows to test by, the same in every process."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.suites.tasks.ready import Ready

Fit = Callable[[Floats, NDArray[Any]], Callable[[Floats], NDArray[Any]]]
"""Trains on rows and targets; the result predicts rows."""

_FOLDS = 5
_TEST = 0.25


@dataclass(frozen=True)
class Source:
    """A data set.

    Attributes:
        loader: Of `sklearn.datasets`.
        family: The one of its relatives in all suites.
        rows, columns, classes: How many; no classes: regression.
    """

    loader: str
    family: str
    rows: int
    columns: int
    classes: int

    @property
    def meta_features(self) -> dict[str, float | None]:
        """Under the names that the suites of tables have for them."""
        return {
            "n_rows": float(self.rows), "n_columns": float(self.columns), "n_classes": float(self.classes) or None,
            "is_regression": float(not self.classes),
        }  # fmt: skip


SOURCES = {
    "breast-cancer": Source("load_breast_cancer", "openml-1510", 569, 30, 2),
    "diabetes": Source("load_diabetes", "diabetes-progression", 442, 10, 0),
    "digits": Source("load_digits", "optdigits", 1797, 64, 10),
    "iris": Source("load_iris", "openml-61", 150, 4, 3),
    "wine": Source("load_wine", "openml-187", 178, 13, 3),
}


@dataclass(frozen=True, eq=False)
class DataRows:
    """The rows of a data set.

    Attributes:
        x, y: Three quarters, to choose by; a target of regression has mean 0 and standard deviation 1 here.
        x_test, y_test: The others.
        classes: How many; 0 in regression.
    """

    x: Floats
    y: NDArray[Any]
    x_test: Floats
    y_test: NDArray[Any]
    classes: int

    def folds(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Rows of `x` to train and to validate by, of five-fold cross-validation."""
        from sklearn.model_selection import KFold, StratifiedKFold

        kind = StratifiedKFold if self.classes else KFold
        yield from kind(_FOLDS, shuffle=True, random_state=0).split(self.x, self.y)

    def score(self, y: NDArray[Any], predicted: NDArray[Any]) -> float:
        """Balanced accuracy, or R^2 in regression, at least -1."""
        from sklearn.metrics import r2_score, recall_score

        if self.classes:
            return float(recall_score(y, predicted, average="macro", zero_division=0.0))
        return max(-1.0, float(r2_score(y, predicted)))

    def cross_validated(self, fit: Fit) -> dict[str, float]:
        """Return the mean score of five-fold cross-validation, and the test score of a model trained on all of `x`."""
        scores = [self.score(self.y[b], fit(self.x[a], self.y[a])(self.x[b])) for a, b in self.folds()]
        test = self.score(self.y_test, fit(self.x, self.y)(self.x_test))
        return {"score": float(np.mean(scores)), "test_score": test}


class OnRows(Ready):
    """A model of a data set."""

    library: ClassVar[str]

    def prepare(self) -> None:
        importlib.import_module(self.library)
        rows = rows_of(self.data)
        next(rows.folds())
        rows.score(rows.y, rows.y)


@functools.cache
def rows_of(name: str) -> DataRows:
    """Load a data set, once in a process."""
    import sklearn.datasets
    from sklearn.model_selection import train_test_split

    source = SOURCES[name]
    x, y = getattr(sklearn.datasets, source.loader)(return_X_y=True)
    parts = train_test_split(x, y, test_size=_TEST, random_state=0, stratify=y if source.classes else None)
    x, x_test, y, y_test = parts
    if not source.classes:
        mean, sd = y.mean(), y.std()
        y, y_test = (y - mean) / sd, (y_test - mean) / sd
    return DataRows(x, y, x_test, y_test, source.classes)


def standardised(x: Floats, *others: Floats) -> tuple[Floats, ...]:
    """Rows, and others, in standard deviations of the first ones."""
    mean, sd = x.mean(0), x.std(0)
    sd = np.where(sd > 0, sd, 1.0)
    return tuple((part - mean) / sd for part in (x, *others))
