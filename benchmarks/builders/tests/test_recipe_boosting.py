"""The recipe of `Boosting`: what it measures is what LightGBM gives, at each number of trees, in any process."""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.data_sets.folds import Fold, Problem
from hpo_builders.order import BUILDERS
from hpo_builders.trained import boosting
from hpo_builders.trained.boosting import RECIPE, TREES, train
from hpo_builders.training.recipe import TrainingFailed
from hpo_gym.problem import SearchSpace

lightgbm = pytest.importorskip("lightgbm", reason="needs `pip install 'hpo-gym[build]'`")
datasets = pytest.importorskip("sklearn.datasets", reason="needs `pip install 'hpo-gym[build]'`")

SPACE = SearchSpace(boosting.config_space())
DEFAULT = SPACE.default
RF = {"boosting": "rf", "subsample": 0.7}
BAGGED = {"subsample_freq": 1, "subsample": 0.5}
SAMPLED = SPACE.decode(SPACE.sample(np.random.default_rng(0), 16))
CHILD = """
import os, sys, test_recipe_boosting as t
count = lambda: len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0
before = count()
print(t.digest(), count() - before)
"""


def toy(x, y, classes=0):
    """A problem of three folds; each has a third of the last quarter for the test."""
    order = np.random.default_rng(0).permutation(len(y))[:400]
    x, y = x[order].astype(float), y[order]
    y = y.astype(int) if classes else (y - y.mean()) / y.std()
    cut = len(y) * 3 // 4
    parts = zip(np.array_split(np.arange(cut), 3), np.array_split(np.arange(cut, len(y)), 3), strict=True)
    folds = tuple(Fold(np.delete(x[:cut], p, 0), np.delete(y[:cut], p), x[p], y[p], x[t], y[t]) for p, t in parts)
    return Problem("toy", "classification" if classes else "regression", classes, folds)


def cancer():
    return toy(*datasets.load_breast_cancer(return_X_y=True), 2)


def wine():
    return toy(*datasets.load_wine(return_X_y=True), 3)


def diabetes():
    return toy(*datasets.load_diabetes(return_X_y=True))


TOYS = {"two classes": cancer(), "three classes": wine(), "regression": diabetes()}


def changed(**values):
    """The default with other values; of another kind of boosting, without what that kind does not have."""
    config = {**DEFAULT, **values}
    gone = {"gbdt": (), "goss": ("subsample_freq",), "rf": ("subsample_freq", "learning_rate")}[config["boosting"]]
    config = {name: value for name, value in config.items() if name not in gone}
    SPACE.encode([config])  # raises where it is none of the space
    return config


def by_lightgbm(problem, options, seed, trees):
    """Score and test score of separate trainings by LightGBM's own front door, of exactly so many trees."""
    goal = {"classification": {"objective": "binary"}, "regression": {"objective": "regression"}}[problem.kind]
    scores = []
    for i, fold in enumerate(problem.folds):
        said = {"seed": boosting.mix_int(seed, i) % 2**31, "deterministic": True, "force_row_wise": True}
        said |= {**goal, **options, "verbosity": -1, "num_threads": 1}
        model = lightgbm.train(said, lightgbm.Dataset(fold.x, fold.y), num_boost_round=trees)
        raw = model.predict(fold.x_val), model.predict(fold.x_test)
        val, test = raw if problem.kind == "regression" else ((r > 0.5).astype(int) for r in raw)
        scores.append((problem.score(fold.y_val, val), problem.score(fold.y_test, test)))
    return np.mean(scores, 0)


def digest():
    """A mark of some results."""
    found = [train(problem, config, 7) for problem in TOYS.values() for config in SAMPLED[:4]]
    return hashlib.sha256(b"".join(r.score.tobytes() + r.test_score.tobytes() for r in found)).hexdigest()


def same(a, b):
    return a.score.tobytes() == b.score.tobytes() and a.test_score.tobytes() == b.test_score.tobytes()


# ---------------------------------------------------------------------------------------------- the space
def test_the_space_has_13_hyperparameters_and_what_a_kind_of_boosting_lacks_is_inactive():
    assert SPACE.d == 13
    assert set(changed(boosting="gbdt")) == {*SPACE.names} - {"subsample"}
    assert set(changed(**BAGGED)) == {*SPACE.names}
    assert set(changed(boosting="goss")) == {*SPACE.names} - {"subsample", "subsample_freq"}
    assert set(changed(**RF)) == {*SPACE.names} - {"learning_rate", "subsample_freq"}


@pytest.mark.parametrize("name", ["two classes", "regression"])
def test_the_default_configuration_is_lightgbm_without_options(name):
    found = train(TOYS[name], DEFAULT, 3)
    score, test = np.array([by_lightgbm(TOYS[name], {}, 3, trees) for trees in TREES]).T
    assert found.score == pytest.approx(score, abs=1e-6)
    assert found.test_score[-1] == pytest.approx(test[-1], abs=1e-6)
    own = lightgbm.LGBMModel().get_params()
    assert {n: DEFAULT[n] for n in DEFAULT if n in own} == pytest.approx(
        {n: own[n] for n in DEFAULT if n in own} | {"class_weight": "none"}, abs=1e-7
    )


def test_the_recipe_counts_trees_up_to_128_and_its_builder_is_known():
    assert tuple(128 * f for f in RECIPE.fidelities) == TREES == (8, 16, 32, 64, 128)
    assert (RECIPE.suite, RECIPE.version, RECIPE.material.rows, RECIPE.material.training_rows) == (
        "Boosting",
        2,
        900,
        250,
    )
    assert (RECIPE.configurations, RECIPE.material.limit) == (400, 120)
    assert BUILDERS.get("Boosting") is boosting.boosting


# ---------------------------------------------------------------------------------------------- what is measured
STAGED = {
    "gbdt": ({}, {}),
    "bagging": (BAGGED, {"bagging_freq": 1, "bagging_fraction": 0.5}),
    "goss": ({"boosting": "goss"}, {"data_sample_strategy": "goss"}),
    "rf": (RF, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}),
}


@pytest.mark.parametrize("kind", STAGED)
@pytest.mark.parametrize("name", ["two classes", "regression"])
def test_each_fidelity_is_what_training_so_many_trees_alone_gives(kind, name):
    ours, theirs = STAGED[kind]
    stop = {"min_split_gain": 3.0, "colsample_bytree": 0.2, "extra_trees": True}  # some iterations grow no tree
    small = {"lambda_l1": 1e-8, "lambda_l2": 1e-8, "learning_rate": DEFAULT["learning_rate"]}
    options = {**theirs, **small, "min_gain_to_split": 3.0, "feature_fraction": 0.2, "extra_trees": True}
    found = train(TOYS[name], changed(**ours, **stop), 1)
    score, test = np.array([by_lightgbm(TOYS[name], options, 1, trees) for trees in TREES]).T
    assert (found.score.tolist(), found.test_score[-1]) == (score.tolist(), test[-1])
    assert np.isnan(found.test_score[:-1]).all(), "measured at full fidelity only"


def test_the_cost_is_nearly_all_the_processor_time_of_a_cell():
    for problem in TOYS.values():
        train(problem, DEFAULT, 0)  # makes the bins
        start = time.process_time()
        cost = train(problem, DEFAULT, 0).cost[-1]
        assert 0.5 * (time.process_time() - start) < cost < time.process_time() - start


def test_bins_are_made_once_and_for_any_least_number_of_rows_of_a_leaf():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    x[:, 0] = np.arange(400) % 20 == 0  # fewer than the 20 of the default
    rare = toy(x, 10 * x[:, 0] + 0.01 * rng.normal(size=400))
    assert train(rare, changed(min_child_samples=2), 0).score[-1] > 0.5
    assert boosting._datasets(rare, False) is boosting._datasets(rare, False)


def test_every_configuration_gives_a_score_and_curves_rise_with_trees_on_average():
    for problem in TOYS.values():
        found = [train(problem, config, 1) for config in SAMPLED]
        curves = np.array([r.score for r in found])
        assert np.isfinite(curves).all()
        first, _, middle, _, last = curves.mean(0)
        assert last > middle > first
        cost = np.array([r.cost for r in found])
        assert cost.min() > 0
        assert (np.diff(cost.mean(0)) > 0).all(), cost.mean(0)
        assert np.corrcoef(curves[:, -1], [r.test_score[-1] for r in found])[0, 1] > 0.8


def test_the_default_is_good_and_a_crippled_configuration_is_worse():
    floor = {"two classes": 0.9, "three classes": 0.85, "regression": 0.25}
    for name, problem in TOYS.items():
        default = train(problem, DEFAULT, 0).score
        assert default[-1] > floor[name]
        crippled = train(problem, changed(learning_rate=1e-3, num_leaves=2), 0).score
        assert (crippled < default - 0.05).all(), (name, crippled, default)
        stiff = train(problem, changed(reg_alpha=10.0, min_split_gain=10.0), 0).score
        assert stiff[-1] < default[-1] - 0.02, name


def test_balanced_class_weights_change_classification_only():
    x, y = datasets.make_classification(400, 10, weights=[0.85], flip_y=0.1, random_state=0)
    rare = toy(x, y, 2)
    plain, balanced = (train(rare, changed(class_weight=w, learning_rate=0.001), 0) for w in ("none", "balanced"))
    assert balanced.score[-1] > 0.7 > 0.6 > plain.score[-1]  # the plain model sees no rare class yet
    none, other = (train(TOYS["regression"], changed(class_weight=w), 0) for w in ("none", "balanced"))
    assert same(none, other)


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_sample_weight

    y = np.array([0, 2, 2, 1, 2, 2, 0])
    assert boosting._balance(y) == pytest.approx(compute_sample_weight("balanced", y))


# ---------------------------------------------------------------------------------------------- same bytes
def test_a_result_depends_on_no_cache_and_no_earlier_configuration():
    for problem in TOYS.values():
        first = [train(problem, config, 5) for config in SAMPLED[:6]]
        again = [train(problem, config, 5) for config in SAMPLED[5::-1]]
        fresh = [train(replace(problem), config, 5) for config in SAMPLED[:6]]
        assert all(same(a, b) and same(a, c) for a, b, c in zip(first, again[::-1], fresh, strict=True))


def test_the_seed_decides_what_is_random_and_nothing_else():
    still, drawn = changed(), changed(**BAGGED)
    for problem in TOYS.values():
        assert same(train(problem, still, 1), train(problem, still, 2**31 - 1))
        assert not same(train(problem, drawn, 1), train(problem, drawn, 2**31 - 1))


def test_another_process_gives_the_same_bytes_in_one_thread():
    paths = map(str, Path(__file__).parents[:4])
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [digest(), "0"]


# ---------------------------------------------------------------------------------------------- what fails
def test_predictions_that_are_not_finite_fail_from_there_on(monkeypatch):
    predict = lightgbm.Booster.predict

    def diverging(self, *args, **options):
        return predict(self, *args, **options) * (np.nan if self.current_iteration() > limit else 1)

    monkeypatch.setattr(lightgbm.Booster, "predict", diverging)
    limit = 32
    for problem in TOYS.values():
        found = train(problem, DEFAULT, 0)
        assert np.isfinite(found.score[:3]).all()
        assert np.isneginf(found.score[3:]).all()
        assert np.isneginf(found.test_score[-1])
        assert np.isnan(found.test_score[:-1]).all()
    limit = 0
    with pytest.raises(TrainingFailed, match="not finite"):
        train(TOYS["two classes"], DEFAULT, 0)


def test_a_test_prediction_that_is_not_finite_fails_the_full_fidelity(monkeypatch):
    problem, predict = TOYS["two classes"], lightgbm.Booster.predict

    def diverging(self, x, **options):
        return predict(self, x, **options) * (np.nan if x is problem.folds[1].x_test else 1)

    plain = train(problem, DEFAULT, 0)
    monkeypatch.setattr(lightgbm.Booster, "predict", diverging)
    found = train(problem, DEFAULT, 0)
    assert found.score[:-1].tolist() == plain.score[:-1].tolist()
    assert found.score[-1] == found.test_score[-1] == -np.inf


def test_what_lightgbm_refuses_is_a_failure():
    problem = TOYS["three classes"]
    broken = tuple(replace(fold, y=fold.y + 5) for fold in problem.folds)
    with pytest.raises(TrainingFailed, match="Label must be in"):
        train(replace(problem, folds=broken), DEFAULT, 0)
