"""Builds the suite `SVM`: support vector machines, really trained, for classification and regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Predict, Problem, by_share
from hpo_builders.data_sets.material import DataSets
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training.build import build
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed
from hpo_gym.base import Floats

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

ITERATIONS = 20_000
"""Most iterations of libsvm. A machine that needs more counts as failed: a limit that no clock decides."""

GAMMA, EPSILON = "multiple of scale", "standard deviations of the target"
"""Units that are not scikit-learn's own."""

FIDELITIES = (1 / 9, 1 / 3, 1.0)


def config_space() -> ConfigurationSpace:
    """Return the search space; defaults are scikit-learn's, and `standard` scaling, which its documentation asks for.

    `gamma` is a multiple of scikit-learn's "scale", 1 / (columns x variance), so that 1 is its default. `class_weight`
    has no effect in regression, `epsilon` (in standard deviations of the target) none in classification.
    """
    from ConfigSpace import (
        CategoricalHyperparameter,
        ConfigurationSpace,
        EqualsCondition,
        InCondition,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    space = ConfigurationSpace(name="SVM")
    kernel = CategoricalHyperparameter("kernel", ["linear", "rbf", "poly", "sigmoid"], default_value="rbf")
    scaling = CategoricalHyperparameter("scaling", ["none", "standard", "min-max"], default_value="standard")
    c = UniformFloatHyperparameter("C", 1e-3, 1e3, log=True, default_value=1.0)
    gamma = UniformFloatHyperparameter("gamma", 1e-3, 1e3, log=True, default_value=1.0, meta={"unit": GAMMA})
    degree = UniformIntegerHyperparameter("degree", 2, 5, default_value=3)
    coef0 = UniformFloatHyperparameter("coef0", -1.0, 1.0, default_value=0.0)
    weight = CategoricalHyperparameter("class_weight", ["none", "balanced"], default_value="none")
    epsilon = UniformFloatHyperparameter("epsilon", 1e-3, 1.0, log=True, default_value=0.1, meta={"unit": EPSILON})
    shrinking = CategoricalHyperparameter("shrinking", ["yes", "no"], default_value="yes")
    space.add(kernel, scaling, c, gamma, degree, coef0, weight, epsilon, shrinking)
    space.add(
        InCondition(gamma, kernel, ["rbf", "poly", "sigmoid"]),
        EqualsCondition(degree, kernel, "poly"),
        InCondition(coef0, kernel, ["poly", "sigmoid"]),
    )
    return space


def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train on the first 1/9, 1/3 and all rows of each fold; nothing is random."""
    return by_share(problem, FIDELITIES, lambda x, y: _fit(problem.kind, config, x, y))


def _fit(kind: str, config: Mapping[str, Any], x: Floats, y: NDArray[Any]) -> Predict:
    """One machine; what comes back predicts rows."""
    from sklearn.exceptions import ConvergenceWarning

    shift, scale = _scaler(config["scaling"], x)
    scaled = (x - shift) / scale
    machine = _machine(kind, config, scaled)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            machine.fit(scaled, y)
        except (ConvergenceWarning, ValueError) as fault:  # scikit-learn refuses by ValueError
            raise TrainingFailed(str(fault)) from fault
    return lambda rows: np.asarray(machine.predict((rows - shift) / scale))


def _scaler(name: str, x: Floats) -> tuple[float | Floats, float | Floats]:
    """Return the shift and the scale, learned on the training rows."""
    if name == "none":
        return 0.0, 1.0
    shift, scale = (x.mean(0), x.std(0)) if name == "standard" else (x.min(0), np.ptp(x, 0))
    return shift, np.where(scale > 0, scale, 1.0)


def _machine(kind: str, config: Mapping[str, Any], x: Floats) -> Any:
    from sklearn.svm import SVC, SVR

    options = {
        "kernel": config["kernel"],
        "C": config["C"],
        "gamma": config.get("gamma", 1.0) / (x.shape[1] * (x.var() or 1.0)),
        "degree": config.get("degree", 3),
        "coef0": config.get("coef0", 0.0),
        "shrinking": config["shrinking"] == "yes",
        "max_iter": ITERATIONS,
    }
    if kind == CLASSIFICATION:
        return SVC(class_weight=None if config["class_weight"] == "none" else "balanced", **options)
    return SVR(epsilon=config["epsilon"], **options)


RECIPE = Recipe(
    suite="SVM",
    title="Support vector machines",
    description="Choose kernel, its parameters, C, weights and scaling of a support vector machine (libsvm).",
    space=config_space,
    material=DataSets((CLASSIFICATION, REGRESSION), rows=900, training_rows=250, limit=150),
    fidelities=FIDELITIES,
    fidelity="share of the training rows",
    train=train,
    configurations=500,
    libraries=("scikit-learn", "numpy", "scipy"),
    modules=("sklearn.svm",),
    version=2,
)


@BUILDERS.register("SVM", extra="build", kind="trained")
def svm(order: Order) -> None:
    """Train and score support vector machines on the data sets of the roster."""
    build(RECIPE, order)
