"""The recipe of `Linear`: what its configurations mean, on data that scikit-learn brings along."""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Problem
from hpo_builders.order import BUILDERS
from hpo_builders.trained import linear
from hpo_builders.training.recipe import TrainingFailed
from hpo_gym.problem import SearchSpace

SPACE = SearchSpace(linear.config_space())
SVM_L1 = {("coordinate-descent", "margin", "l1"), ("coordinate-descent", "squared-margin", "l1")}


def problem(x, y, kind, rows=300):
    """Rows at random, classes taking turns within each of three folds; of the rest each has a third for the test."""
    order = np.random.default_rng(0).permutation(len(y))
    x, y = np.asarray(x, float)[order], y[order]
    y = y.astype(np.int64) if kind == CLASSIFICATION else (y - y.mean()) / y.std()
    parts = np.array_split(np.arange(min(rows, 3 * len(y) // 4)), 3)
    end, folds = sum(map(len, parts)), []
    tests = np.array_split(np.arange(end, min(end + 150, len(y))), 3)
    for k, (held_out, test) in enumerate(zip(parts, tests, strict=True)):
        rest = np.concatenate([p for j, p in enumerate(parts) if j != k])
        if kind == CLASSIFICATION:
            turn = [int((y[rest[:i]] == y[rest[i]]).sum()) for i in range(len(rest))]
            rest = rest[np.argsort(turn, kind="stable")]
        folds.append(Fold(x[rest], y[rest], x[held_out], y[held_out], x[test], y[test]))
    classes = len(np.unique(y)) if kind == CLASSIFICATION else 0
    return Problem("toy", kind, classes, tuple(folds))


@functools.cache
def toy(name):
    if name == "friedman":
        x, y = datasets.make_friedman1(500, 10, noise=1.0, random_state=0)
    elif name == "rare":
        x, y = datasets.make_classification(500, 8, n_informative=5, weights=[0.9], random_state=0)
    else:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return problem(x, y, REGRESSION if name in ("friedman", "diabetes") else CLASSIFICATION)


TOYS = ("wine", "breast_cancer", "iris", "diabetes", "friedman")


def configured(**changes):
    """The default with changes, and what they wake at its default; what they put to sleep is left out."""
    values = {h.name: h.default for h in SPACE.hyperparameters} | changes
    x = np.array([[h.units(np.array([h.position(values[h.name])]))[0] for h in SPACE.hyperparameters]])
    return SPACE.from_unit(SPACE.snap(x)[0])


def trained(name, **changes):
    return linear.train(toy(name), configured(**changes), 7)


# ---------------------------------------------------------------------------------------------- search space
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_the_default_is_scikit_learns_own():
    assert SPACE.default == {"scaling": "none", "features": "raw", "solver": "batch", "penalty": "l2",
                             "C": pytest.approx(1.0), "class_weight": "none", "fit_intercept": True}  # fmt: skip
    for name, model in (("wine", LogisticRegression()), ("diabetes", Ridge())):
        p = toy(name)
        scores = [p.score(f.y_val, model.fit(f.x, f.y).predict(f.x_val)) for f in p.folds]
        tests = [p.score(f.y_test, model.fit(f.x, f.y).predict(f.x_test)) for f in p.folds]
        measured = trained(name)
        assert measured.score[-1] == pytest.approx(np.mean(scores), abs=1e-9)
        assert measured.test_score[-1] == pytest.approx(np.mean(tests), abs=1e-9)
        assert np.isnan(measured.test_score[:-1]).all(), "measured at full fidelity only"


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_only_svms_with_l1_by_coordinate_descent_are_refused(name):
    choices = {h.name: h.choices for h in SPACE.hyperparameters}
    refused, seen = set(), 0
    for solver, loss, penalty in itertools.product(choices["solver"], choices["loss"], choices["penalty"]):
        config = configured(solver=solver, loss=loss, penalty=penalty, scaling="standard")
        if not SPACE.legal(SPACE.snap(_points(config)))[0] or ("loss" not in config and loss != "likelihood"):
            continue
        seen += 1
        failed = np.isneginf(linear.train(toy(name), config, 0).score)
        assert failed.all() or not failed.any()
        refused |= {(solver, loss, penalty)} if failed.all() else set()
    assert seen == 2 + 6 + 4 + 16
    assert refused == (SVM_L1 if name == "diabetes" else {("coordinate-descent", "margin", "l1")})


def _points(config):
    values = {h.name: h.default for h in SPACE.hyperparameters} | config
    return np.array([[h.units(np.array([h.position(values[h.name])]))[0] for h in SPACE.hyperparameters]])


def test_sampled_configurations_train_or_fail_and_differ():
    configs = SPACE.decode(SPACE.sample(np.random.default_rng(3), 50))
    for name in ("wine", "friedman"):
        scores, failures = [], 0
        for config in configs:
            measured = linear.train(toy(name), config, 0)
            assert measured.score.shape == measured.test_score.shape == measured.cost.shape == (3,)
            assert (measured.score <= 1).all() and (measured.cost > 0).all()
            assert np.isneginf(measured.test_score[-1]) == np.isneginf(measured.score[-1])
            if np.isneginf(measured.score[-1]):
                failures += 1
                continue
            scores.append(measured.score[-1])
        assert failures <= 5
        assert np.std(scores) > 0.1 and len(np.unique(scores)) > 25


# ---------------------------------------------------------------------------------------------- meaning
def test_solvers_of_one_problem_agree():
    same = {"scaling": "standard", "penalty": "l2", "C": 0.01}
    for name in ("friedman", "diabetes"):
        batch = trained(name, solver="batch", **same).score[-1]
        for solver in ("coordinate-descent", "saga"):
            assert trained(name, solver=solver, **same).score[-1] == pytest.approx(batch, abs=1e-3), (name, solver)
        sgd = trained(name, solver="sgd", learning_rate="adaptive", eta0=0.01, **same).score[-1]
        assert sgd == pytest.approx(batch, abs=0.02)
    for name in ("breast_cancer", "wine"):
        batch = trained(name, solver="batch", **same).score[-1]
        saga = trained(name, solver="saga", **same).score[-1]
        assert saga == pytest.approx(batch, abs=0.01)


def test_l1_penalties_of_one_problem_agree_and_differ_from_l2():
    for name in ("friedman", "breast_cancer"):
        same = {"scaling": "standard", "C": 0.02, "fit_intercept": False}
        descent = trained(name, solver="coordinate-descent", penalty="l1", **same).score[-1]
        saga = trained(name, solver="saga", penalty="l1", **same).score[-1]
        mixed = trained(name, solver="saga", penalty="elasticnet", l1_ratio=1.0, **same).score[-1]
        l2 = trained(name, solver="saga", penalty="l2", **same).score[-1]
        assert saga == pytest.approx(descent, abs=0.01) and mixed == saga
        assert abs(l2 - saga) > 0.01


def test_too_strong_a_penalty_is_worse():
    for penalty, solver in (("l2", "batch"), ("l1", "saga"), ("l2", "coordinate-descent")):
        good, bad = (
            np.mean([trained(n, scaling="standard", penalty=penalty, solver=solver, C=c).score[-1] for n in TOYS])
            for c in (1.0, 1e-4)
        )
        assert good > bad + 0.1, (penalty, solver)


def test_products_find_an_interaction_that_the_columns_do_not_show():
    x = np.random.default_rng(0).normal(size=(400, 12))
    signs = problem(x, x[:, 3] * x[:, 7] > 0, CLASSIFICATION)
    raw, quadratic = (linear.train(signs, configured(features=f), 0).score[-1] for f in ("raw", "quadratic"))
    assert raw < 0.6 and quadratic > 0.75


@pytest.mark.parametrize(("columns", "expected"), [(3, 9), (30, 60), (59, 60), (60, 60), (80, 80)])
def test_products_fill_up_to_sixty_columns(columns, expected):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, columns)), rng.normal(size=50)
    assert linear._products(x, y)(x[:5]).shape == (5, expected)


def test_products_are_of_centred_columns():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    assert np.allclose(linear._products(x + 9, y)(x + 9)[:, 3:], linear._products(x, y)(x)[:, 3:])


def test_columns_are_prepared_by_the_first_rows_alone_and_once():
    x = np.array([[0.0], [2.0], *[[1.0]] * 8, [50.0], [90.0]])  # of the first ten: mean 1, variance 1 / 5
    fold = Fold(x, np.arange(12.0), np.array([[4.0]]), np.zeros(1), np.array([[-3.0], [1.0]]), np.zeros(2))
    ready, spent = linear._prepared(fold, 0.5, "standard", "raw")
    root = np.sqrt(5)
    assert ready.x[:, 0].tolist() == pytest.approx([-root, root, *[0] * 8])
    assert ready.y.tolist() == list(range(10))
    assert ready.x_val[:, 0].tolist() == pytest.approx([3 * root])
    assert ready.x_test[:, 0].tolist() == pytest.approx([-4 * root, 0])
    square, _ = linear._prepared(fold, 0.5, "min-max", "quadratic")  # [0, 2] becomes [0, 1], of mean 1 / 2
    assert square.x_val.tolist() == [pytest.approx([2.0, 2.25])]
    assert square.x_test.tolist() == [pytest.approx([-1.5, 4.0]), pytest.approx([0.5, 0.0])]
    assert spent > 0
    assert linear._prepared(fold, 0.5, "standard", "raw")[0] is ready


def test_constant_columns_are_no_factors_and_two_values_have_no_square():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.full(50, 0.1), rng.integers(0, 2, 50), rng.normal(size=50)])
    assert linear._products(x, rng.normal(size=50))(x).shape[1] == 3 + 2 + 1 + 1  # 0*1, 0*2; 1*2, 2*2
    wide = np.column_stack([np.full((50, 30), 0.1), rng.normal(size=50)])
    y = rng.integers(0, 2, 50)
    assert 30 in linear._best(wide, y, 1)


def test_every_hyperparameter_reaches_the_model():
    y = np.arange(8) % 2
    sgd = configured(solver="sgd", loss="robust", penalty="elasticnet", C=4.0, l1_ratio=0.25, learning_rate="constant",
                     eta0=0.5, fit_intercept=False, class_weight="balanced")  # fmt: skip
    shared = {"penalty": "elasticnet", "alpha": pytest.approx(1 / 32), "l1_ratio": pytest.approx(0.25),
              "learning_rate": "constant", "eta0": pytest.approx(0.5), "fit_intercept": False, "random_state": 3,
              "max_iter": 100}  # fmt: skip
    for model, own in (
        (linear._classifier(sgd, y, 3), {"loss": "modified_huber", "class_weight": "balanced"}),
        (linear._regressor(sgd, y.astype(float), 3), {"loss": "huber", "epsilon": 1.35}),
    ):
        found = model.get_params()
        assert {name: found[name] for name in shared | own} == shared | own
    svm = linear._classifier(configured(solver="coordinate-descent", loss="margin", C=4.0), y, 3).get_params()
    assert (svm["loss"], svm["C"], svm["random_state"]) == ("hinge", pytest.approx(4.0), 3)


def test_balanced_weights_find_the_rare_class():
    plain, balanced = (trained("rare", class_weight=w).score[-1] for w in ("none", "balanced"))
    assert balanced > plain + 0.03


def test_more_rows_help_on_average():
    scores = np.mean([trained(n, scaling="standard", C=0.1).score for n in TOYS], 0)
    assert scores[0] < scores[-1]


# ---------------------------------------------------------------------------------------------- conduct
@pytest.mark.parametrize("solver", ["coordinate-descent", "saga", "sgd"])
def test_the_seed_alone_decides(solver):
    for name in ("wine", "diabetes"):
        np.random.seed(1)  # noqa: NPY002 - the global generator must not matter
        one = trained(name, solver=solver)
        np.random.seed(2)  # noqa: NPY002
        two = trained(name, solver=solver)
        assert np.array_equal(one.score, two.score)
        assert np.array_equal(one.test_score, two.test_score, equal_nan=True)
    assert linear.train(toy("wine"), configured(solver=solver), 2**70).score.shape == (3,)


def test_the_seed_moves_stochastic_gradient_descent():
    config = configured(solver="sgd", learning_rate="constant", eta0=0.3)
    scores = {linear.train(toy("wine"), config, seed).score[-1] for seed in range(4)}
    assert len(scores) > 1


def test_what_overflows_fails():
    big = toy("diabetes")
    folds = tuple(replace(f, x=f.x * 1e200, x_val=f.x_val * 1e200, x_test=f.x_test * 1e200) for f in big.folds)
    config = configured(solver="sgd", learning_rate="constant", loss="likelihood")
    measured = linear.train(replace(big, folds=folds), config, 0)
    assert np.isneginf(measured.score).all() and np.isneginf(measured.test_score[-1])


def test_a_decision_that_is_no_number_is_a_failure():
    class Broken:
        classes_ = np.arange(2)

        def decision_function(self, x):
            return np.full(len(x), np.nan)

    with pytest.raises(TrainingFailed, match="not finite"):
        linear._classes(Broken(), np.zeros((3, 1)))


def test_a_fidelity_fails_alone():
    p = toy("breast_cancer")
    order = [np.argsort(f.y, kind="stable") for f in p.folds]  # the first ninth holds one class
    folds = tuple(replace(f, x=f.x[o], y=f.y[o]) for f, o in zip(p.folds, order, strict=True))
    measured = linear.train(replace(p, folds=folds), configured(), 0)
    assert np.isneginf(measured.score).tolist() == [True, True, False]
    assert np.isfinite(measured.test_score).tolist() == [False, False, True]
    assert (measured.cost > 0).all()


def test_the_recipe_is_registered_and_fits_its_suite():
    assert BUILDERS.entries()["Linear"].about["kind"] == "trained"
    recipe = linear.RECIPE
    assert (recipe.suite, recipe.version, recipe.material.rows, recipe.material.training_rows) == (
        "Linear",
        2,
        900,
        250,
    )
    assert (recipe.configurations, recipe.material.limit) == (500, 120)
    assert recipe.fidelities == (1 / 9, 1 / 3, 1.0)
    assert SearchSpace(recipe.space()) == SPACE
