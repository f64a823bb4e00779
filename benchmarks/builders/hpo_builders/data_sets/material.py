"""The data sets of the roster as what recipes train on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from hpo_builders.data_sets import problems, roster, sources
from hpo_builders.data_sets.folds import CLASSIFICATION, Fold, Problem
from hpo_builders.training.material import Entry, Material
from hpo_gym.tuning import MAX_LEVELS, MAX_SKEWNESS


@dataclass(frozen=True, eq=False)
class DataSets(Material):
    """Data sets with a column to predict.

    Attributes:
        kinds: "classification", "regression".
        rows: Most rows of a data set that choose, all folds together.
        training_rows: Most rows that a model is trained on.
        limit: Most data sets of the roster that are used, the first of it.
        max_classes: Data sets of more classes are left out.
    """

    kinds: tuple[str, ...]
    rows: int
    training_rows: int
    limit: int | None
    max_classes: int = 30

    packages = sources.PACKAGES
    libraries = ("pandas",)
    modules = ("sklearn.datasets",)

    def entries(self) -> Sequence[Entry]:
        return roster.roster(self.kinds)

    def entry(self, name: str) -> roster.Entry:
        return roster.entry(name)

    def fault(self, entry: Entry, archives: Path) -> str | None:
        classes = self.problem(entry, archives, 0).classes if entry.kind in self.kinds else 0
        if entry.kind in self.kinds and classes <= self.max_classes:
            return None
        return (
            f"must be of {' or '.join(self.kinds)}, of at most {self.max_classes} classes; {entry.name} is of "
            f"{entry.kind}, of {classes} classes."
        )

    def problem(self, entry: Entry, archives: Path, seed: int) -> Problem:
        return problems.problem(self._read(entry, archives), self.rows, self.training_rows, seed)

    @staticmethod
    def _read(entry: Entry, archives: Path) -> sources.DataSet:
        return cast("roster.Entry", entry).load(archives)

    def digest(self, problem: Problem) -> bytes:
        out = hashlib.sha256()
        for fold in problem.folds:
            for array in (fold.x, fold.y, fold.x_val, fold.y_val, fold.x_test, fold.y_test):
                out.update(np.ascontiguousarray(array, "<f8").tobytes())
        return out.digest()

    def toy(self) -> Problem:
        rng = np.random.default_rng(0)
        kind = self.kinds[0]
        x, classes = rng.normal(size=(120, 3)), 2 if kind == CLASSIFICATION else 0
        y = (x[:, 0] > 0).astype(np.int64) if classes else x[:, 0]
        fold = Fold(x[:60], y[:60], x[60:90], y[60:90], x[90:], y[90:])
        return Problem("toy", kind, classes, (fold,) * problems.FOLDS)

    def meta(self, entry: Entry, problem: Problem, archives: Path) -> dict[str, float | None]:
        return problems.meta_features(problem, self._read(entry, archives))

    def plan(self) -> dict[str, Any]:
        return {"rows": [self.rows, self.training_rows]}

    def record(self, found: dict[str, Problem]) -> dict[str, Any]:  # type: ignore[override]
        return {"test rows": {name: problems.test_rows(problem) for name, problem in found.items()}}

    def source(self, entries: Sequence[Entry]) -> dict[str, Any]:
        reported = super().source(entries)
        return {"trained by": reported["trained by"], "data sets": reported["tasks"], "packages": reported["packages"]}

    def describe(self) -> dict[str, Any]:
        return {
            "score": {
                "name": "balanced accuracy (classification) or R^2, at least -1 (regression)",
                "unit": "share",
                "range": [-1, 1],
                "protocol": f"mean over {problems.REPEATS} repeats of {problems.FOLDS} folds; test, at full fidelity: "
                "mean of the same models on rows that no fold has",
            },
            "cost": {
                "unit": "processor seconds",
                "what": f"to train and predict, {problems.REPEATS} x {problems.FOLDS} folds",
            },
            "preprocessing": self._account(),
        }

    def _account(self) -> dict[str, str]:
        return {
            "folds": f"{problems.REPEATS} repeats of {problems.FOLDS} folds, stratified, of at most {self.rows} rows "
            f"and {1 - problems.TEST_SHARE:.0%} of the data set; a model learns from at most {self.training_rows} of "
            "them",
            "test rows": f"the other rows, at most {problems.TEST_ROWS}; from {problems.FOLDS * problems.TEST_EACH} "
            f"on, dealt among the models, at least {problems.TEST_EACH} each",
            "features": "missing values imputed by the median, categories one-hot (the "
            f"{MAX_LEVELS} most frequent levels and the rest), by rows that are no test rows; nothing "
            "scaled",
            "target": "standardised in regression; its logarithm where it is positive and its skewness above "
            f"{MAX_SKEWNESS}; classes of fewer than {problems.MIN_CLASS} rows left out",
        }
