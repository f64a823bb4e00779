"""The recipe of `SVM`: its machines are scikit-learn's, on rows that its scaling has learned from training rows."""

from __future__ import annotations

import functools

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import datasets
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Problem
from hpo_builders.order import BUILDERS
from hpo_builders.trained import svm
from hpo_gym.problem import SearchSpace

SPACE = SearchSpace(svm.config_space())
SCALERS = {"standard": StandardScaler, "min-max": MinMaxScaler}
TOYS = ("breast_cancer", "wine", "diabetes")


@functools.cache
def toy(name):
    """Three folds of 270 rows at most; each has a third of the last quarter for the test."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))[:360]
    x, y, kind = x[order].astype(float), y[order], REGRESSION if name == "diabetes" else CLASSIFICATION
    y = (y - y.mean()) / y.std() if kind == REGRESSION else y.astype(np.int64)
    cut = len(y) * 3 // 4
    parts = zip(np.array_split(np.arange(cut), 3), np.array_split(np.arange(cut, len(y)), 3), strict=True)
    folds = tuple(Fold(np.delete(x[:cut], p, 0), np.delete(y[:cut], p), x[p], y[p], x[t], y[t]) for p, t in parts)
    return Problem(name, kind, 0 if kind == REGRESSION else len(np.unique(y)), folds)


def configured(**changes):
    """The default with changes, without what they put to sleep."""
    values = {h.name: h.default for h in SPACE.hyperparameters} | changes
    gone = {"linear": {"gamma", "degree", "coef0"}, "rbf": {"degree", "coef0"}, "sigmoid": {"degree"}, "poly": set()}
    config = {name: value for name, value in values.items() if name not in gone[values["kernel"]]}
    SPACE.encode([config])  # raises where it is none of the space
    return config


def by_scikit_learn(problem, scaling, options, share):
    """Mean score and test score of pipelines on the first rows."""
    scores = []
    for f in problem.folds:
        steps = [SCALERS[scaling]()] if scaling in SCALERS else []
        model = make_pipeline(*steps, (SVC if problem.kind == CLASSIFICATION else SVR)(**options)).fit(*f.first(share))
        scores.append([problem.score(y, model.predict(x)) for x, y in ((f.x_val, f.y_val), (f.x_test, f.y_test))])
    return np.mean(scores, 0)


def agrees(name, config, scaling, options):
    measured = svm.train(toy(name), config, 0)
    score, test = np.array([by_scikit_learn(toy(name), scaling, options, share) for share in svm.FIDELITIES]).T
    assert measured.score == pytest.approx(score, abs=1e-6)
    assert measured.test_score == pytest.approx([np.nan, np.nan, test[-1]], abs=1e-6, nan_ok=True)
    assert (measured.cost > 0).all()


# ---------------------------------------------------------------------------------------------- as scikit-learn
@pytest.mark.parametrize("name", TOYS)
def test_the_default_is_scikit_learns_own_on_standardised_columns(name):
    assert SPACE.default["epsilon"] == pytest.approx(SVR().epsilon)
    exact = {"epsilon": SPACE.default["epsilon"]}  # libsvm's tolerance makes more of a last digit
    agrees(name, SPACE.default, "standard", exact if name == "diabetes" else {})


KERNELS = {
    "linear": ({"C": 0.1}, {"C": 0.1}),
    "rbf": ({"C": 10.0}, {"C": 10.0, "gamma": "scale"}),
    "poly": ({"degree": 2, "coef0": 0.5}, {"degree": 2, "coef0": 0.5, "gamma": "scale"}),
    "sigmoid": ({"coef0": -0.5}, {"coef0": -0.5, "gamma": "scale"}),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scaling", ["standard", "min-max"])
@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_every_kernel_and_scaling_is_that_of_scikit_learn(name, scaling, kernel):
    ours, theirs = KERNELS[kernel]
    agrees(name, configured(kernel=kernel, scaling=scaling, **ours), scaling, {"kernel": kernel, **theirs})


def test_gamma_is_a_multiple_of_scikit_learns_scale():
    x = toy("wine").folds[0].x
    machine = svm._machine(CLASSIFICATION, configured(gamma=3.0), x)
    assert machine.gamma == pytest.approx(3.0 / (x.shape[1] * x.var()))
    assert svm._machine(CLASSIFICATION, configured(), np.ones((5, 4))).gamma == 0.25, "columns without variance"


def test_weights_and_shrinking_reach_the_machine():
    agrees("breast_cancer", configured(class_weight="balanced", C=0.01), "standard",
           {"class_weight": "balanced", "C": 0.01})  # fmt: skip
    agrees("diabetes", configured(epsilon=0.5), "standard", {"epsilon": 0.5})
    machine = svm._machine(CLASSIFICATION, configured(shrinking="no"), np.eye(3))
    assert (machine.shrinking, machine.max_iter) == (False, svm.ITERATIONS)


# ---------------------------------------------------------------------------------------------- failures
def test_a_machine_that_needs_too_many_iterations_has_failed():
    measured = svm.train(toy("breast_cancer"), configured(kernel="linear", scaling="none", C=1e3), 0)
    assert measured.score[-1] == measured.test_score[-1] == -np.inf
    assert np.isnan(measured.test_score[:-1]).all()


def test_nothing_is_random():
    for name in TOYS:
        one, two = (svm.train(toy(name), configured(C=3.0), seed) for seed in (0, 1))
        assert np.array_equal(one.score, two.score) and one.test_score[-1] == two.test_score[-1]


def test_the_recipe_is_registered_and_fits_its_suite():
    recipe = svm.RECIPE
    assert BUILDERS.get("SVM") is svm.svm
    assert (recipe.suite, recipe.version) == ("SVM", 2)
    assert (recipe.material.rows, recipe.material.training_rows) == (900, 250)
    assert (recipe.configurations, recipe.material.limit, recipe.fidelities) == (500, 150, (1 / 9, 1 / 3, 1.0))
