"""The recipe of the suite `Linear`: linear models of scikit-learn and the scaling and products that they are given.

One search space serves both kinds of data sets. What its choices mean:

    loss            classification                      regression
    likelihood      logistic                            squared error
    margin          hinge                               epsilon-insensitive (epsilon .1)
    squared-margin  squared hinge                       squared epsilon-insensitive (epsilon .1)
    robust          modified Huber                      Huber (epsilon 1.35)

    solver              classification                              regression
    batch               LogisticRegression: L-BFGS                  Ridge, LinearRegression: closed form
    coordinate-descent  LogisticRegression, LinearSVC: liblinear    ElasticNet, LinearSVR
    saga                LogisticRegression: saga                    Ridge: saga; with l1: ElasticNet, random coordinates
    sgd                 SGDClassifier                               SGDRegressor

`batch` and `saga` know the likelihood only, so `loss` is active for the other two. Pairs that scikit-learn documents as
missing are forbidden. It also has no l1 penalty for hinge and for both epsilon-insensitive losses by coordinate
descent: these are failures. `C` is the inverse strength against the sum of the losses in every model: their own `alpha`
is 1 / C, or 1 / (C n) where they average. `class_weight` has no effect in regression. Reaching an iteration cap is no
failure.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Predict, Problem, by_share
from hpo_builders.data_sets.material import DataSets
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed
from hpo_gym.base import Floats

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

FIDELITIES = (1 / 9, 1 / 3, 1.0)
COLUMNS, FACTORS = 60, 20
"""Products fill the columns up to so many; they are made of so many columns."""

_CAPS = {"batch": 100, "coordinate-descent": 100, "saga": 50, "sgd": 100}
_EPSILON = {"margin": 0.1, "squared-margin": 0.1, "robust": 1.35}
_LOSSES = {  # scikit-learn's names, for classification and regression
    "likelihood": ("log_loss", "squared_error"),
    "margin": ("hinge", "epsilon_insensitive"),
    "squared-margin": ("squared_hinge", "squared_epsilon_insensitive"),
    "robust": ("modified_huber", "huber"),
}


# ---------------------------------------------------------------------------------------------- search space
def config_space() -> ConfigurationSpace:
    """Return the search space, 11 columns; its default is `LogisticRegression()` or `Ridge()` on plain columns."""
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, EqualsCondition, ForbiddenAndConjunction, InCondition
    from ConfigSpace import ForbiddenEqualsClause as Is
    from ConfigSpace import UniformFloatHyperparameter as Float

    space = ConfigurationSpace(name="Linear")
    scaling = Choice("scaling", ["none", "standard", "min-max", "robust"], default_value="none")
    features = Choice("features", ["raw", "quadratic"], default_value="raw")
    solver = Choice("solver", list(_CAPS), default_value="batch")
    loss = Choice("loss", list(_LOSSES), default_value="likelihood")
    penalty = Choice("penalty", ["l2", "l1", "elasticnet", "none"], default_value="l2")
    c = Float("C", 1e-4, 1e4, default_value=1.0, log=True)
    l1_ratio = Float("l1_ratio", 0.0, 1.0, default_value=0.5)
    schedule = Choice("learning_rate", ["optimal", "constant", "invscaling", "adaptive"], default_value="optimal")
    eta0 = Float("eta0", 1e-4, 1.0, default_value=0.01, log=True)
    class_weight = Choice("class_weight", ["none", "balanced"], default_value="none")
    intercept = Choice("fit_intercept", [True, False], default_value=True)
    space.add(scaling, features, solver, loss, penalty, c, l1_ratio, schedule, eta0, class_weight, intercept)
    space.add(
        InCondition(loss, solver, ["coordinate-descent", "sgd"]),
        InCondition(c, penalty, ["l2", "l1", "elasticnet"]),
        EqualsCondition(l1_ratio, penalty, "elasticnet"),
        EqualsCondition(schedule, solver, "sgd"),
        InCondition(eta0, schedule, ["constant", "invscaling", "adaptive"]),
    )
    space.add(
        *(
            ForbiddenAndConjunction(Is(solver, name), Is(other, value))
            for name, other, value in (
                ("batch", penalty, "l1"),
                ("batch", penalty, "elasticnet"),
                ("coordinate-descent", penalty, "elasticnet"),
                ("coordinate-descent", penalty, "none"),
                ("coordinate-descent", loss, "robust"),
            )
        )
    )
    return space


# ---------------------------------------------------------------------------------------------- training
def train(problem: Problem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train a configuration at all fidelities; one that fails is -inf there, at the cost until then.

    Args:
        problem: The data set.
        config: One value for each active hyperparameter of `config_space`.
        seed: Of the order in which `coordinate-descent`, `saga` and `sgd` go through rows or columns.
    """
    from sklearn import config_context, linear_model, multiclass, preprocessing, svm  # noqa: F401 - before the clock

    fast = config_context(assume_finite=True, skip_parameter_validation=True)  # combinations are still refused
    with warnings.catch_warnings(), np.errstate(all="ignore"), fast:
        warnings.simplefilter("ignore")
        return by_share(
            problem,
            FIDELITIES,
            lambda x, y: _fit(problem.kind, x, y, config, seed % 2**32),
            faults=(ValueError, ArithmeticError),  # how scikit-learn refuses or overflows
            prepare=lambda fold, share: _prepared(fold, share, config["scaling"], config["features"]),
        )


def _fit(kind: str, x: Floats, y: NDArray[Any], config: Mapping[str, Any], seed: int) -> Predict:
    """Fit the model; what comes back predicts rows."""
    model = (_classifier if kind == CLASSIFICATION else _regressor)(config, y, seed)
    model.fit(x, y)
    return lambda new: _classes(model, new) if kind == CLASSIFICATION else np.asarray(model.predict(new))


def _classes(model: Any, x: Floats) -> NDArray[Any]:
    """Predict classes; where a decision is not a number, fail, though `model.predict` would give a class."""
    decision = np.asarray(model.decision_function(x))
    if not np.isfinite(decision).all():
        raise TrainingFailed("A prediction is not finite.")
    chosen = decision.argmax(1) if decision.ndim == 2 else (decision > 0).astype(int)
    return np.asarray(model.classes_[chosen])


# ---------------------------------------------------------------------------------------------- columns
@functools.lru_cache(maxsize=256)  # more than a data set has: 9 folds, 3 shares, 4 scalings, with and without products
def _prepared(fold: Fold, share: float, scaling: str, features: str) -> tuple[Fold, float]:
    """Scale the columns of a fold and add products, as its rows to learn from tell; a fold is equal to itself only."""
    start = time.process_time()
    x, y = fold.first(share)
    scaler = _scaler(scaling)
    x = x if scaler is None else scaler.fit_transform(x)
    products = _products(x, y) if features == "quadratic" else None

    def columns(new: Floats) -> Floats:
        new = new if scaler is None else scaler.transform(new)
        return new if products is None else products(new)

    x, x_val = x if products is None else products(x), columns(fold.x_val)
    spent = time.process_time() - start
    return Fold(x, y, x_val, fold.y_val, columns(fold.x_test), fold.y_test), spent


def _scaler(name: str) -> Any:
    from sklearn import preprocessing

    makers = {"standard": "StandardScaler", "min-max": "MinMaxScaler", "robust": "RobustScaler"}
    return getattr(preprocessing, makers[name])() if name in makers else None


def _products(x: Floats, y: NDArray[Any]) -> Callable[[Floats], Floats]:
    """Squares and products of centred columns, the best of them, as many as there is room for.

    The best explain the largest share of the target's variance on their own. Their factors are the `FACTORS` columns
    that do so; a column of two values has no square. Where there are `COLUMNS` columns already, nothing is added.
    """
    mean = x.mean(0)
    centred = x - mean
    factors = np.sort(_best(x, y, FACTORS))
    i, j = np.triu_indices(len(factors))
    i, j = factors[i], factors[j]
    two_values = ((x == x.min(0)) | (x == x.max(0))).all(0)
    i, j = i[(i != j) | ~two_values[i]], j[(i != j) | ~two_values[i]]
    best = np.sort(_best(centred[:, i] * centred[:, j], y, max(COLUMNS - x.shape[1], 0)))
    i, j = i[best], j[best]
    return lambda new: np.hstack([new, (new[:, i] - mean[i]) * (new[:, j] - mean[j])])


def _best(x: Floats, y: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Return the `n` columns with the largest correlation ratio (squared correlation) with classes (values)."""
    if y.dtype.kind == "i":
        groups = (y == np.unique(y)[:, None]).astype(float)
        groups /= np.sqrt(groups.sum(1, keepdims=True))
    else:
        groups = ((y - y.mean()) / max(np.linalg.norm(y - y.mean()), 1e-300))[None]
    centred = x - x.mean(0)
    least = 1e-12 * (x**2).sum(0) + 1e-300  # a constant column explains nothing, whatever its rounding errors
    share = ((groups @ centred) ** 2).sum(0) / np.maximum((centred**2).sum(0), least)
    return np.argsort(-share, kind="stable")[:n]


# ---------------------------------------------------------------------------------------------- models
def _classifier(config: Mapping[str, Any], y: NDArray[Any], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    solver, loss, c = config["solver"], _loss(config, CLASSIFICATION), config.get("C", np.inf)
    weights = None if config["class_weight"] == "none" else "balanced"
    general = {"class_weight": weights, "fit_intercept": config["fit_intercept"], "max_iter": _CAPS[solver]}
    if solver == "sgd":
        return SGDClassifier(loss=loss, **_sgd(config, len(y)), **general, random_state=seed)
    if loss != "log_loss":
        return LinearSVC(loss=loss, penalty=config["penalty"], C=c, **general, random_state=seed)
    names = {"batch": "lbfgs", "coordinate-descent": "liblinear", "saga": "saga"}
    model = LogisticRegression(solver=names[solver], C=c, l1_ratio=_l1_ratio(config), **general, random_state=seed)
    one_against_all = solver == "coordinate-descent" and len(np.unique(y)) > 2  # which LinearSVC does by itself
    return OneVsRestClassifier(model) if one_against_all else model


def _regressor(config: Mapping[str, Any], y: NDArray[Any], seed: int) -> Any:
    from sklearn.linear_model import ElasticNet, LinearRegression, Ridge, SGDRegressor
    from sklearn.svm import LinearSVR

    solver, loss, penalty = config["solver"], _loss(config, REGRESSION), config["penalty"]
    c, ratio = config.get("C", np.inf), _l1_ratio(config)
    general = {"fit_intercept": config["fit_intercept"], "max_iter": _CAPS[solver]}
    if solver == "sgd":
        epsilon = _EPSILON.get(config["loss"], 0.1)
        return SGDRegressor(loss=loss, epsilon=epsilon, **_sgd(config, len(y)), **general, random_state=seed)
    if loss != "squared_error":
        if penalty == "l1":
            raise TrainingFailed("LinearSVR has no l1 penalty.")
        return LinearSVR(loss=loss, epsilon=_EPSILON[config["loss"]], C=c, dual="auto", **general, random_state=seed)
    if solver == "batch" and penalty == "none":
        return LinearRegression(fit_intercept=config["fit_intercept"])
    if ratio == 0 and solver != "coordinate-descent":
        return Ridge(1 / c, solver="saga" if solver == "saga" else "auto", **general, random_state=seed)
    selection = "random" if solver == "saga" else "cyclic"
    return ElasticNet(1 / (c * len(y)), l1_ratio=ratio, selection=selection, **general, random_state=seed)


def _loss(config: Mapping[str, Any], kind: str) -> str:
    return _LOSSES[config.get("loss", "likelihood")][kind == REGRESSION]


def _l1_ratio(config: Mapping[str, Any]) -> float:
    return float({"l1": 1.0, "elasticnet": config.get("l1_ratio", 0.0)}.get(config["penalty"], 0.0))


def _sgd(config: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Return the settings of both SGD models; without a penalty, only the schedule "optimal" reads `alpha`."""
    return {
        "penalty": None if config["penalty"] == "none" else config["penalty"],
        "alpha": 1 / (config["C"] * n) if "C" in config else 1e-4,
        "l1_ratio": _l1_ratio(config),
        "learning_rate": config["learning_rate"],
        "eta0": config.get("eta0", 0.01),
    }


# ---------------------------------------------------------------------------------------------- the recipe
RECIPE = Recipe(
    suite="Linear",
    title="Linear models on tables",
    description="scaling, products of columns, loss, penalty and solver of linear models of scikit-learn",
    space=config_space,
    material=DataSets((CLASSIFICATION, REGRESSION), rows=900, training_rows=250, limit=120),
    fidelities=FIDELITIES,
    fidelity="share of the training rows",
    train=train,
    configurations=500,
    libraries=("scikit-learn", "numpy", "scipy"),
    modules=("sklearn.linear_model", "sklearn.multiclass", "sklearn.preprocessing", "sklearn.svm"),
    version=2,
)


@BUILDERS.register("Linear", extra="build", kind="trained")
def linear(order: Order) -> None:
    """Train the table of the suite `Linear`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
