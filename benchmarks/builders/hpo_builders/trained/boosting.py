"""The recipe of suite `Boosting`: LightGBM at 8, 16, 32, 64 and 128 trees, all from one training.

A booster of 128 trees passes through the smaller ones on its way, and each fidelity is predicted when it is reached. To
ask the finished booster for its first trees would not do: an iteration that grows no tree leaves none.

Left out: `dart`. Where no tree can be grown, LightGBM 4.7.0 leaves the trees that it dropped for that iteration with
their sign turned, so a model that is regularised to a standstill is a broken one.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    GreaterThanCondition,
    InCondition,
    Integer,
    OrConjunction,
    OrdinalHyperparameter,
)
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Problem
from hpo_builders.data_sets.material import DataSets
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed, unmeasured
from hpo_gym.base import Floats, mix_int

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

TREES = (8, 16, 32, 64, 128)
"""The fidelities; LightGBM's own default is 100 trees."""

_BINNING: Mapping[str, Any] = {
    "verbosity": -1,
    "num_threads": 1,
    "feature_pre_filter": False,  # else the bins would depend on `min_child_samples`
}
_FIXED: Mapping[str, Any] = {**_BINNING, "deterministic": True, "force_row_wise": True}


# ---------------------------------------------------------------------------------------------- search space
def config_space() -> ConfigurationSpace:
    """Return the search space, under the names of LightGBM's scikit-learn interface; defaults are LightGBM's own.

    The penalties' default is 0: 1e-8 stands for it. `max_depth` -1 is unlimited, `subsample_freq` 0 is no bagging.
    `goss` is `gbdt` that keeps the rows of large gradients and samples the others, so it has no bagging of its own; the
    trees of `rf` are averaged, so it has no learning rate, and it draws rows anew for each.
    """
    boosting = CategoricalHyperparameter("boosting", ["gbdt", "goss", "rf"], default_value="gbdt")
    rate = Float("learning_rate", (1e-3, 1.0), default=0.1, log=True)
    freq = OrdinalHyperparameter("subsample_freq", [0, 1, 4], default_value=0)
    subsample = Float("subsample", (0.3, 0.95), default=0.8)  # 1 is no bagging: `subsample_freq` 0
    others = [
        Integer("num_leaves", (2, 128), default=31, log=True),
        OrdinalHyperparameter("max_depth", [2, 3, 4, 6, 8, 12, -1], default_value=-1),
        Integer("min_child_samples", (1, 100), default=20, log=True),
        Float("colsample_bytree", (0.1, 1.0), default=1.0),
        Float("reg_alpha", (1e-8, 10.0), default=1e-8, log=True),
        Float("reg_lambda", (1e-8, 100.0), default=1e-8, log=True),
        Float("min_split_gain", (1e-8, 10.0), default=1e-8, log=True),
        CategoricalHyperparameter("extra_trees", [False, True], default_value=False),
        CategoricalHyperparameter("class_weight", ["none", "balanced"], default_value="none"),
    ]
    space = ConfigurationSpace(name="Boosting")
    space.add(boosting, rate, freq, subsample, *others)
    space.add(
        InCondition(rate, boosting, ["gbdt", "goss"]),
        EqualsCondition(freq, boosting, "gbdt"),
        OrConjunction(EqualsCondition(subsample, boosting, "rf"), GreaterThanCondition(subsample, freq, 0)),
    )
    return space


def _parameters(problem: Problem, config: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return LightGBM's parameters; the names of the search space are aliases of its own."""
    said = {name: value for name, value in config.items() if name not in ("boosting", "class_weight")}
    out = {**_FIXED, **said, **_objective(problem), "seed": seed}
    if config["boosting"] == "goss":
        return {**out, "data_sample_strategy": "goss"}
    return {**out, "boosting": "rf", "subsample_freq": 1} if config["boosting"] == "rf" else out


def _objective(problem: Problem) -> dict[str, Any]:
    if problem.kind == REGRESSION:
        return {"objective": "regression"}
    if problem.classes == 2:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": problem.classes}


# ---------------------------------------------------------------------------------------------- training
def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train one booster a fold, from the same bins whatever the configuration.

    Cost is that of making the booster and growing its trees, and of predicting the validation rows once; the bins,
    which are made once a data set, are free.

    Raises:
        TrainingFailed: LightGBM refuses the configuration, or predictions are not finite at any fidelity.
        MemoryError: LightGBM could not have the memory that it wanted.
    """
    from lightgbm.basic import LightGBMError

    balanced = problem.kind == CLASSIFICATION and config["class_weight"] == "balanced"
    try:
        parts = [
            _train_fold(problem, i, dataset, _parameters(problem, config, mix_int(seed, i) % 2**31))
            for i, dataset in enumerate(_datasets(problem, balanced))
        ]
    except LightGBMError as fault:
        raise (MemoryError if "bad_alloc" in str(fault) else TrainingFailed)(str(fault)) from fault
    score, cost = np.array([part for part, _ in parts]).transpose(1, 0, 2)  # each (folds, f)
    if np.isneginf(score.mean(0)).all():
        raise TrainingFailed("A prediction is not finite at any number of trees.")
    test = float(np.mean([test for _, test in parts]))
    return Measured(score.mean(0), unmeasured(len(TREES), test), cost.sum(0))


@functools.lru_cache(maxsize=4)
def _datasets(problem: Problem, balanced: bool) -> tuple[Dataset, ...]:
    """Return the binned rows of each fold; a problem is equal to itself only, and training changes no bin."""
    import lightgbm

    weights = [_balance(fold.y) if balanced else None for fold in problem.folds]
    return tuple(
        lightgbm.Dataset(fold.x, fold.y, weight=weight, params=dict(_BINNING)).construct()
        for fold, weight in zip(problem.folds, weights, strict=True)
    )


def _balance(y: NDArray[Any]) -> Floats:
    """Weights of the rows under which all classes weigh the same, 1 in the mean."""
    _, place, count = np.unique(y, return_inverse=True, return_counts=True)
    return np.asarray(len(y) / (len(count) * count[place]), np.float64)


def _train_fold(
    problem: Problem, i: int, dataset: Dataset, parameters: dict[str, Any]
) -> tuple[list[list[float]], float]:
    """Scores and costs of one fold, each at all fidelities, and its test score after all trees."""
    import lightgbm

    fold = problem.folds[i]
    start = time.process_time()
    booster = lightgbm.Booster(parameters, dataset)
    training = time.process_time() - start
    out = []
    for done, trees in itertools.pairwise((0, *TREES)):
        start = time.process_time()
        for _ in range(trees - done):
            booster.update()
        training += time.process_time() - start
        start = time.process_time()
        raw = _predict(booster, fold.x_val)
        seconds = training + time.process_time() - start
        out.append([_score(problem, fold.y_val, raw), seconds])
    test = _score(problem, fold.y_test, _predict(booster, fold.x_test))
    if np.isneginf(test):
        out[-1][0] = test
    return [list(column) for column in zip(*out, strict=True)], test


def _predict(booster: Booster, x: Floats) -> Floats:
    # The number of threads is said again: without it, predicting starts one for each core.
    return np.asarray(booster.predict(x, num_threads=1), np.float64)


def _score(problem: Problem, y: NDArray[Any], raw: Floats) -> float:
    """Score of predictions, -inf where one is not finite."""
    if not np.isfinite(raw).all():  # before a class is made of it
        return -np.inf
    predicted = raw if problem.kind == REGRESSION else raw.argmax(1) if raw.ndim == 2 else (raw > 0.5).astype(int)
    return problem.score(y, predicted)


# ---------------------------------------------------------------------------------------------- the suite
RECIPE = Recipe(
    suite="Boosting",
    title="LightGBM on small tables",
    description="Choose kind of boosting, learning rate, size of the trees, sampling of rows and columns, penalties "
    "and class weight of LightGBM, for classification and regression. The class weight has no effect in regression.",
    space=config_space,
    material=DataSets((CLASSIFICATION, REGRESSION), rows=900, training_rows=250, limit=120, max_classes=6),
    fidelities=tuple(trees / TREES[-1] for trees in TREES),
    fidelity="trees",
    train=train,
    configurations=400,
    cumulative=True,
    libraries=("lightgbm", "numpy"),
    modules=("lightgbm",),
    version=2,
)


@BUILDERS.register("Boosting", extra="build", kind="trained")
def boosting(order: Order) -> None:
    """Train the table of suite `Boosting`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
