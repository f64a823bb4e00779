"""Builds the suite `Curves`: which learner, at which training size; learning curves as measured for LCDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_builders.converted.automl import LCDB_SHA256, Source, meta_features
from hpo_builders.converted.lcdb import (
    FIDELITIES,
    KERNEL,
    LEARNERS,
    MIN_LEARNERS,
    SVM,
    Cut,
    curves_of,
    cut_of,
    read,
)
from hpo_builders.flat import LEAST, TRIALS, splits_without_flat
from hpo_builders.kin import strangers
from hpo_builders.order import BUILDERS, Order
from hpo_gym.problem import SearchSpace

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

ARCHIVE = "lcdb-0.1.0.tar.gz"

RELATIVES: Mapping[int, str] = {
    # families of ids that `families.json` does not hold and whose relatives have other names or numbers
    201: "pol",  # 722 is its binarised sibling
    1112: "kddcup",  # KDDCup09_churn and _upselling, of the rows of 1111, _appetency
    1114: "kddcup",
    40672: "fars",
    42769: "higgs",  # 23512 is a sample of the same events
    42809: "kits",  # two sets of the same scans
    42810: "kits",
}
"""All other ids that it does not hold have the family that `strangers.family_of` gives them in every suite."""


@BUILDERS.register("Curves", extra="build", kind="converted")
def curves(order: Order) -> None:
    """Convert LCDB: 20 learners, seven training sizes, five seeds."""
    path = order.archive(ARCHIVE, LCDB_SHA256)
    about, runs = read(path)
    anchored = {i: cut_of(c) for i, c in curves_of(runs).items()}
    kept = {i: cut for i, cut in anchored.items() if cut.usable}
    arrays = table(list(kept.values()))
    order.write("Curves", _description(_tasks(kept, about), arrays, len(anchored)), arrays)


def _tasks(kept: Mapping[int, Cut], about: Mapping[int, Mapping[str, str]]) -> list[dict[str, Any]]:
    known = files.read_json(files.DATA / "families.json")["families"]
    source = Source((), np.empty(0, np.float16), np.empty(0, np.float16), {}, {}, about)
    return [
        {
            "name": str(i),
            "title": about[i]["Name"] if i in about else None,
            "family": RELATIVES[i] if i in RELATIVES else strangers.family_of(i, known),
            "meta": {**meta_features(source, i), "n_train": cut.reference},
        }
        for i, cut in kept.items()
    ]


def config_space() -> ConfigurationSpace:
    """Return the search space: one learner, each with scikit-learn's defaults but for the kernel of the SVM.

    Default: the random forest, the usual first choice for tables; the kernel's default is scikit-learn's.
    """
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, EqualsCondition

    names = list(dict.fromkeys(config["learner"] for config in LEARNERS.values()))
    kernels = [config[KERNEL] for config in LEARNERS.values() if KERNEL in config]
    learner = CategoricalHyperparameter("learner", names, default_value="random-forest")
    kernel = CategoricalHyperparameter(KERNEL, kernels, default_value="rbf")
    space = ConfigurationSpace(name="Curves")
    space.add(learner, kernel)
    space.add(EqualsCondition(kernel, learner, SVM))
    return space


def table(cuts: Sequence[Cut]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the suite; a score is the mean of its repeats as they are stored, and a failure has none."""
    valid, test, seconds = np.stack([cut.values for cut in cuts], 1)  # (k, m, f, r) each
    repeats = valid.astype(np.float32)
    score = repeats.mean(-1, dtype=np.float64).astype(np.float32)
    return {
        "x": SearchSpace(config_space()).encode([dict(c) for c in LEARNERS.values()]).astype(np.float32),
        "score": score,
        "cost": seconds.mean(-1).astype(np.float16),
        "test_score": test.mean(-1).astype(np.float32),
        "repeats": np.where(np.isneginf(repeats), np.float32(np.nan), repeats),
    }


# ---------------------------------------------------------------------------------------------- description
def _description(tasks: list[dict[str, Any]], arrays: Mapping[str, NDArray[Any]], found: int) -> dict[str, Any]:
    score = arrays["score"]
    whole = ~np.isnan(score).any(2)  # (k, m): what the suite serves
    splits, flat = splits_without_flat(tasks, np.where(whole, score[..., -1], np.nan))
    return {
        "name": "Curves",
        "version": 1,
        "title": "Which learner, at which training size (LCDB)",
        "description": "Choose one of 20 scikit-learn classifiers with default hyperparameters for a data set. A cheap "
        "evaluation trains on fewer rows, so it shows a point of the learning curve.",
        "space": {**SearchSpace(config_space()).to_json(), "python_module_version": "1.2.0"},
        "tasks": tasks,
        "splits": splits,
        "score": {
            "name": "accuracy",
            "unit": "share",
            "range": [0, 1],
            "protocol": "mean over five outer seeds of the mean over the inner seeds (5 in most cells, 1 to 25) of the "
            "accuracy on the validation rows; test_score: on the test rows. A tenth of the rows is for the test, a "
            "tenth of the rest for validation, at most 5,000 each. Missing values were imputed by median or mode and "
            "categories one-hot encoded before the split; nothing was scaled.",
        },
        "cost": {"name": "training time", "unit": "seconds"},
        "fidelities": list(FIDELITIES),
        "licence": "MIT",
        "source": {
            "package": "lcdb",
            "version": "0.1.0",
            "sha256": LCDB_SHA256,
            "what": "database-accuracy.csv; titles and meta-features of datasets.csv",
            "reference": "Mohr, Viering, Loog and van Rijn: LCDB 1.0: An Extensive Learning Curves Database for "
            "Classification Tasks, ECML PKDD 2022",
        },
        "preprocessing": _account(score, whole, found, flat),
    }


def _account(score: NDArray[Any], whole: NDArray[np.bool_], found: int, flat: list[str]) -> dict[str, Any]:
    cells = {"measured": np.isfinite(score), "failed": np.isneginf(score), "not measured": np.isnan(score)}
    return {
        "data sets": f"{len(score)} of {found}: the {len(FIDELITIES)} fidelities are different training sizes, and at "
        f"least {MIN_LEARNERS} learners are measured at all of them",
        "full evaluation": "n_train rows of the meta-features: the largest training size at which at least 90 % of the "
        "data set's learners are measured, in most data sets 81 % of the rows",
        "fidelity": "share of n_train, served by the nearest size 16 * 2 ** (i / 2), in the logarithm",
        "measured": "all five outer seeds are there; repeats are their means over the inner seeds",
        "failed": "an outer seed is missing at a size below one that has all seeds: sizes were walked upwards, so "
        "training raised an error",
        "not measured": "the learner stopped below this size, or has no run on the data set; not told why (time, "
        "memory or an error, as of multinomial-nb where a feature is negative)",
        "cells": {name: int(c.sum()) for name, c in cells.items()},
        "rows": {"measured at all fidelities": int(whole.sum()), "of": int(whole.size)},
        "rows that lack the full size alone": int((np.isnan(score[..., -1]) & ~np.isnan(score[..., :-1]).any(2)).sum()),
        "complete data sets": int(whole.all(1).sum()),
        "flat": {
            "rule": f"in no split: {TRIALS} random rows are expected to be less than {LEAST} short of the best",
            "tasks": flat,
        },
    }
