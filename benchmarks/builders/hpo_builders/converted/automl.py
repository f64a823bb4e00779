"""Builds the suite `AutoML`: scikit-learn pipelines on OpenML data sets, as measured for TensorOboe.

Everything is read out of the two archives; nothing of them is run or installed.

Order of the axes: along each axis of its tensors TensorOboe sorts the settings by their text, with the numbers spelled
as in its own JSON (so 1.0 < 1.5 < 2.0 for AdaBoost's learning rate, where Oboe's own table writes 1 and 2).
`benchmarks/builders/tests/test_automl_data.py` proves it against Oboe's labelled table.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    EqualsCondition,
    InCondition,
    OrdinalHyperparameter,
)
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.flat import LEAST, TRIALS, splits_without_flat
from hpo_builders.kin.families import RULES, Known, families
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import DamagedDataError
from hpo_gym.problem import SearchSpace

OBOE_SHA256 = "0cb81ba4636b5b4918d7364b6325e2e0316ebd95efb5187f2dfd8cffdc9976a3"
LCDB_SHA256 = "450ea69b249866298653f718d66a825e3d19a4024dd4ff140b89f2e04d4777ae"
AXES = ("imputer", "encoder", "standardizer", "dim_reducer", "estimator")
MIN_MEASURED = 0.6
"""A data set is kept if at least this share of its pipelines is measured, over all imputers."""

_TENSOR, _OBOE = "oboe/defaults/TensorOboe/", "oboe/defaults/Oboe/"
_ERRORS = _TENSOR + "error_tensor_imputed_20-4-2-2-8-20_f16_compressed.npz"
_SECONDS = _TENSOR + "runtime_tensor_f16_compressed.npz"

# ---------------------------------------------------------------------------------------------- search space
ESTIMATORS = {
    "AB": "adaboost",
    "DT": "decision-tree",
    "ExtraTrees": "extra-trees",
    "GBT": "gradient-boosting",
    "GNB": "gaussian-nb",
    "KNN": "k-nearest-neighbors",
    "Logit": "logistic-regression",
    "MLP": "mlp",
    "Perceptron": "perceptron",
    "RF": "random-forest",
    "lSVM": "linear-svm",
}
_STEPS = {None: "none", "OneHotEncoder": "one-hot", "StandardScaler": "standard", "PCA": "pca"} | {
    "SelectKBest": "select-k-best",
    "VarianceThreshold": "variance-threshold",
}

# Counts are rows, shares are of the training rows (at least 2). They are ordered by the rows they stand for on a data
# set of 600 rows, about the median of the suite (573): .01 is 6 and .1 is 60. The three small shares all mean "2".
_SPLITS = [1e-05, 0.0001, 0.001, 2, 4, 0.01, 8, 16, 32, 0.1, 64, 128, 256, 512, 1024]


def _ordinal(name: str, values: Sequence[float], default: float) -> OrdinalHyperparameter:
    return OrdinalHyperparameter(name, list(values), default_value=default)


def _categorical(name: str, choices: Sequence[str], default: str) -> CategoricalHyperparameter:
    return CategoricalHyperparameter(name, list(choices), default_value=default)


def _forest(name: str) -> list[Any]:
    return [
        _ordinal(f"{name}:min_samples_split", _SPLITS, 2),
        _categorical(f"{name}:criterion", ["gini", "entropy"], "gini"),
    ]


def config_space() -> ConfigurationSpace:
    """Return the search space: each of its configurations is one measured pipeline, so grids are ordinals.

    Defaults are scikit-learn's own, all of them on the grids except logistic regression's solver (lbfgs; liblinear
    was its default before). scikit-learn has no default pipeline: one-hot and no reduction make it fit any data with
    the least change, scaling is what most of the estimators are documented to need (trees do not mind), and the random
    forest is its usual first choice for tables.
    """
    space = ConfigurationSpace(name="AutoML")
    encoder = _categorical("encoder", ["one-hot", "none"], "one-hot")
    scaler = _categorical("scaler", ["standard", "none"], "standard")
    reducer = _categorical("reducer", ["none", "pca", "select-k-best", "variance-threshold"], "none")
    share = _ordinal("reducer:share", [0.25, 0.5, 0.75], 0.75)
    estimator = _categorical("estimator", list(ESTIMATORS.values()), "random-forest")
    children = [
        _ordinal("adaboost:n_estimators", [50, 100], 50),
        _ordinal("adaboost:learning_rate", [1.0, 1.5, 2.0, 2.5, 3.0], 1.0),
        _ordinal("decision-tree:min_samples_split", [v for v in _SPLITS if v != 0.1], 2),
        *_forest("extra-trees"),
        _ordinal("gradient-boosting:learning_rate", [0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5], 0.1),
        _ordinal("gradient-boosting:max_depth", [3, 6], 3),
        _categorical("gradient-boosting:max_features", ["all", "log2"], "all"),
        _ordinal("k-nearest-neighbors:n_neighbors", list(range(1, 16, 2)), 5),
        _ordinal("k-nearest-neighbors:p", [1, 2], 2),
        _ordinal("logistic-regression:C", [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4], 1),
        _categorical("logistic-regression:solver", ["liblinear", "saga"], "liblinear"),
        _categorical("logistic-regression:penalty", ["l1", "l2"], "l2"),
        _ordinal("mlp:learning_rate_init", [0.0001, 0.001, 0.01], 0.001),
        _categorical("mlp:solver", ["sgd", "adam"], "adam"),
        _ordinal("mlp:alpha", [0.0001, 0.01], 0.0001),
        *_forest("random-forest"),
        _ordinal("linear-svm:C", [0.125, 0.25, 0.5, 0.75, 1, 2, 4, 8, 16], 1),
    ]
    space.add(encoder, scaler, reducer, share, estimator, *children)
    space.add(InCondition(share, reducer, ["pca", "select-k-best"]))
    space.add(*(EqualsCondition(child, estimator, child.name.split(":")[0]) for child in children))
    return space


def space_json() -> dict[str, Any]:
    """Return the search space as ConfigSpace's JSON, the same from every version that writes this format."""
    return {**SearchSpace(config_space()).to_json(), "python_module_version": "1.2.0"}


# ---------------------------------------------------------------------------------------------- order of the axes
Setting = dict[str, Any]


def settings(grid: Mapping[str, Any], order: Callable[[Setting], str] | None = str) -> list[Setting]:
    """All settings of one axis of TensorOboe's JSON, sorted by `order` (None: in the JSON's own order)."""
    found = []
    for algorithm in grid["algorithms"]:
        values = grid["hyperparameters"].get(algorithm, {})
        for chosen in itertools.product(*values.values()):
            found.append({"algorithm": algorithm, "hyperparameters": dict(zip(values, chosen, strict=True))})
    return found if order is None else sorted(found, key=order)


def configurations(grids: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configurations of the table's rows: C order of encoder, scaler, reducer, estimator."""
    axes = [settings(grids[axis]) for axis in AXES[1:]]
    return [_configuration(*pipeline) for pipeline in itertools.product(*axes)]


def _configuration(encoder: Setting, scaler: Setting, reducer: Setting, estimator: Setting) -> dict[str, Any]:
    config: dict[str, Any] = {
        name: _STEPS[setting["algorithm"]]
        for name, setting in (("encoder", encoder), ("scaler", scaler), ("reducer", reducer))
    }
    for share in reducer["hyperparameters"].values():
        config["reducer:share"] = int(share.removesuffix("%")) / 100
    config["estimator"] = name = ESTIMATORS[estimator["algorithm"]]
    for parameter, value in estimator["hyperparameters"].items():
        if (name, parameter) != ("mlp", "learning_rate"):  # one value only
            config[f"{name}:{parameter}"] = "all" if value is None else value
    return config


# ---------------------------------------------------------------------------------------------- reading
@dataclass(frozen=True, slots=True)
class Source:
    """Arrays and names from the two archives.

    Attributes:
        ids: OpenML ids along the first axis of the tensors.
        errors, seconds: Tensors ``(data set, imputer, encoder, scaler, reducer, estimator)``, float16.
        grids: TensorOboe's JSON of the settings.
        sizes: Rows and one-hot columns with the target, by OpenML id.
        lcdb: lcdb's rows of meta-features, by OpenML id.
    """

    ids: tuple[int, ...]
    errors: NDArray[np.float16]
    seconds: NDArray[np.float16]
    grids: Mapping[str, Any]
    sizes: Mapping[int, tuple[int, int]]
    lcdb: Mapping[int, Mapping[str, str]]


class _OnlyLists(pickle.Unpickler):
    """Reads a pickle of lists and integers; any name of a class or function is refused, so nothing can run."""

    def find_class(self, module: str, name: str) -> Any:
        raise DamagedDataError(f"The list of ids must hold plain integers, got {module}.{name}.")


def read(order: Order) -> Source:
    """Read the wheel of oboe and the source archive of lcdb.

    Raises:
        InvalidValueError: A file is missing.
        DamagedDataError: A file is not the version that this builder was written for.
    """
    oboe = order.archive("oboe-0.2.0-py3-none-any.whl", OBOE_SHA256)
    lcdb = order.archive("lcdb-0.1.0.tar.gz", LCDB_SHA256)
    with zipfile.ZipFile(oboe) as wheel:
        ids = _OnlyLists(io.BytesIO(wheel.read(_TENSOR + "training_index.pkl"))).load()
        errors, seconds = (np.load(io.BytesIO(wheel.read(name)))["a"] for name in (_ERRORS, _SECONDS))
        grids = json.loads(wheel.read(_TENSOR + "classification.json"))
        rows = csv.reader(wheel.read(_OBOE + "dataset_sizes.csv").decode().splitlines()[1:])
        sizes = {int(i): (int(n), int(d)) for i, n, d in rows}
    with tarfile.open(lcdb) as archive:
        text = archive.extractfile("lcdb-0.1.0/lcdb/datasets.csv").read().decode()  # type: ignore[union-attr]
    named = {int(row["openmlid"]): row for row in csv.DictReader(text.splitlines())}
    return Source(tuple(ids), errors, seconds, grids, sizes, named)


# ---------------------------------------------------------------------------------------------- table
def table(source: Source) -> tuple[list[int], dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the kept ids, the arrays `x`, `score` and `cost`, and an account of the cells."""
    measured = np.isfinite(source.seconds) & (source.seconds >= 0)  # NaN: imputed by the authors; -1: failed
    enough = measured.reshape(len(source.ids), -1).mean(1) >= MIN_MEASURED
    kept = np.array(sorted(np.flatnonzero(enough), key=lambda k: source.ids[k]))
    strategies = [s["hyperparameters"]["strategy"] for s in settings(source.grids["imputer"])]
    cut = (kept, strategies.index("mean"))
    error, seconds = (a[cut].reshape(len(kept), -1) for a in (source.errors, source.seconds))
    measured, failed = measured[cut].reshape(error.shape), seconds == -1
    score = np.where(measured, np.float32(1) - error.astype(np.float32), np.float32(np.nan))
    score[failed] = -np.inf  # the stored error is -1 here: 2 would be the best score of all
    bad = score[measured][~((score[measured] >= 0) & (score[measured] <= 1))]
    if bad.size:
        raise DamagedDataError(f"`0 <= score <= 1` must hold where measured, got {bad[:5]} among {bad.size}.")
    x = SearchSpace(config_space()).encode(configurations(source.grids)).astype(np.float32)
    cost = np.where(measured, seconds, np.float16(np.nan))
    counts = {"measured": measured.sum(), "failed": failed.sum(), "imputed": (~measured & ~failed).sum()}
    account = {
        "slice": "imputer 'mean'; rows in C order of encoder, scaler, reducer, estimator, each sorted by its text",
        "data sets": f"{len(kept)} of {len(source.ids)}: at least {MIN_MEASURED:.0%} measured over all four imputers",
        "score": "1 - error in float32; NaN where the authors imputed the error, never served; -inf where it failed",
        "cost": "seconds as published, float16; NaN where imputed or failed",
        "cells": {name: int(n) for name, n in counts.items()},
        "complete data sets": int(measured.all(1).sum()),
    }
    return [source.ids[k] for k in kept], {"x": x, "score": score, "cost": cost}, account


# ---------------------------------------------------------------------------------------------- data sets
def family_map(source: Source) -> dict[int, str]:
    """Families of all OpenML ids of TensorOboe, Oboe and lcdb: one map, so that later suites change no split."""
    ids = sorted({*source.ids, *source.sizes, *source.lcdb})
    return families({i: _known(source, i) for i in ids})


def _known(source: Source, i: int) -> Known:
    row = source.lcdb.get(i)
    if row is None:
        return Known(oboe=source.sizes.get(i))
    plain = int(row["NumberOfInstances"]), int(row["NumberOfFeatures"])
    return Known(row["Name"], source.sizes.get(i), plain, int(row["NumberOfClasses"]))


def meta_features(source: Source, i: int) -> dict[str, float | None]:
    """Return the facts known before the first trial; None where neither source has them.

    Columns are counted after one-hot encoding, without the target (the sources agree on 94 of 96 data sets).
    """
    rows, columns = source.sizes.get(i, (None, None))
    meta: dict[str, float | None] = {"n_rows": rows, "n_columns": None if columns is None else columns - 1}
    row = source.lcdb.get(i, {})
    n, features = (int(row.get(name) or 0) for name in ("NumberOfInstances", "NumberOfFeatures"))
    if rows is None and n:
        meta = {"n_rows": n, "n_columns": int(row["NumberOfFeaturesAfterBinarization"])}
    meta["n_classes"] = int(row["NumberOfClasses"]) if row else None
    meta["majority_share"] = round(float(row["MajorityClassSize"]) / n, 6) if row else None
    meta["numeric_share"] = round(int(row["NumberOfNumericFeatures"]) / (features - 1), 6) if row else None
    meta["missing_share"] = round(float(row["PercentageOfMissingValues"]) / 100, 6) if row else None
    return meta


def _tasks(source: Source, kept: Iterable[int], family: Mapping[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": str(i),
            "title": source.lcdb[i]["Name"] if i in source.lcdb else None,
            "family": family[i],
            "meta": meta_features(source, i),
        }
        for i in kept
    ]


# ---------------------------------------------------------------------------------------------- writing
@BUILDERS.register("AutoML", kind="converted")
def automl(order: Order) -> None:
    """Convert TensorOboe's table, and write the map of families."""
    source = read(order)
    kept, arrays, account = table(source)
    family = family_map(source)
    tasks = _tasks(source, kept, family)
    splits, flat = splits_without_flat(tasks, arrays["score"])
    account["flat tasks, in no split"] = flat
    account["flat"] = f"expected regret of the best of {TRIALS} random rows below {LEAST}"
    order.write("AutoML", {**_description(tasks, account), "splits": splits}, arrays)
    _write_families(order.out / "families.json", {f"openml:{i}": name for i, name in family.items()})
    files.update_manifest(order.out, [order.out / "families.json"])


def _description(tasks: list[dict[str, Any]], account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": "AutoML",
        "version": 1,
        "title": "AutoML pipelines on OpenML data sets (TensorOboe)",
        "description": "Choose encoder, scaler, dimension reducer, classifier and its hyperparameters (CASH): 5,856 "
        "scikit-learn pipelines on each data set, missing values imputed by the mean. MLP's learning rate is adaptive.",
        "space": space_json(),
        "tasks": tasks,
        "score": {
            "name": "balanced accuracy",
            "unit": "share",
            "range": [0, 1],
            "protocol": "cross-validation as in the source",
        },
        "cost": {"unit": "seconds"},
        "fidelities": [1.0],
        "licence": "BSD-3-Clause",
        "source": {
            "package": "oboe",
            "version": "0.2.0",
            "sha256": OBOE_SHA256,
            "what": "error and run time tensors of TensorOboe; rows and columns of data sets of Oboe",
            "reference": "Yang, Fan, Wu and Udell: AutoML Pipeline Selection: Efficiently Navigating the Combinatorial "
            "Space, KDD 2020, arXiv:2006.04216",
            "titles and meta-features": {
                "package": "lcdb",
                "version": "0.1.0",
                "sha256": LCDB_SHA256,
                "licence": "MIT",
            },
        },
        "preprocessing": dict(account),
    }


def _write_families(path: Path, family: Mapping[str, str]) -> None:
    before = files.read_json(path)["families"] if path.exists() else {}
    others = {name: value for name, value in before.items() if not name.startswith("openml:")}  # of other builders
    header = {
        "format": 1,
        "what": "Family of each data set; relatives share one, and a split never divides a family. The ids of openml "
        "are joined by benchmarks/builders/hpo_builders/kin/families.py: two of which any rule below speaks are of one "
        "family.",
        "rules": list(RULES),
        "sources": {"oboe 0.2.0": OBOE_SHA256, "lcdb 0.1.0": LCDB_SHA256},
    }
    files.write_json(path, {**header, "families": {**family, **others}})
