"""`HPOGymSearchCV`: a search estimator as scikit-learn's own are, with the proposals of `tune`."""

from __future__ import annotations

import pickle
import time
import warnings
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn")

from ConfigSpace import ConfigurationSpace, EqualsCondition
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import parametrize_with_checks

from hpo_gym import Context, HPOGymSearchCV, Query, Status, Trial, tune
from hpo_gym.base.errors import InvalidValueError, StateError

X, Y = load_iris(return_X_y=True)
SPACE = {"C": (0.01, 100.0, "log"), "kernel": ["rbf", "sigmoid"]}
PIPE = Pipeline([("scale", StandardScaler()), ("svc", SVC())])
EXCUSED = PER_ESTIMATOR_XFAIL_CHECKS[RandomizedSearchCV]  # what scikit-learn excuses its own search from, with reasons


class FromList:
    """Proposes values of one hyperparameter, and keeps what it is told; each new one goes on where the last was."""

    values: ClassVar[list[Any]] = []
    name: ClassVar[str] = "C"
    reported: ClassVar[list[list[Trial]]] = []
    contexts: ClassVar[list[Context]] = []

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.reported.append([])
        self.contexts.append(context)

    def ask(self) -> Query | None:
        return Query({self.name: self.values.pop(0)}) if self.values else None

    def tell(self, trial: Trial) -> None:
        self.reported[-1].append(trial)


def from_list(values: list[Any], name: str = "C") -> type[FromList]:
    FromList.values, FromList.name = list(values), name
    FromList.reported.clear()
    FromList.contexts.clear()
    return FromList


class Threshold(ClassifierMixin, BaseEstimator):
    """Says 1 where the first column is above `at`; fails, or sleeps, where it is told to."""

    def __init__(self, at: float = 0.5, fails: float = np.inf, sleeps: float = np.inf) -> None:
        self.at, self.fails, self.sleeps = at, fails, sleeps

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Threshold:
        if self.at >= self.sleeps:
            time.sleep(60.0)
        if self.at >= self.fails:
            raise ArithmeticError(f"{self.at} is too much")
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: Any) -> Any:
        return (np.asarray(x)[:, 0] > self.at).astype(int)


LINE = np.arange(8.0)[:, None] / 8  # 0, 1/8, ..., 7/8
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])  # 1 from 4/8 on: a threshold of 3/8 is right everywhere
TWO = KFold(2, shuffle=True, random_state=0)


def accuracy_at(threshold: float) -> float:
    """Of all rows, which is the mean of two halves."""
    return float(((LINE[:, 0] > threshold) == LABELS).mean())


# ---------------------------------------------------------------------- scikit-learn's own checks
def checked(estimator: Any, name: str) -> HPOGymSearchCV:
    space = {name: [0.1, 1.0]}
    return HPOGymSearchCV(estimator, space, budget=2, cv=2, error_score="raise", random_state=0)


@parametrize_with_checks(
    [checked(Pipeline([("pca", PCA()), ("logistic", LogisticRegression())]), "logistic__C")],
    expected_failed_checks=lambda _: EXCUSED,
)
def test_checks_of_scikit_learn_are_passed(estimator: Any, check: Any) -> None:
    check(estimator)


# ---------------------------------------------------------------------- beside scikit-learn's searches
@pytest.mark.long
def test_results_are_those_of_a_grid_search_and_of_cross_validation_by_hand() -> None:
    values = [0.01, 1.0, 100.0]
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss"}
    common: dict[str, Any] = {"scoring": scoring, "refit": "accuracy", "cv": 4, "return_train_score": True}
    mine = HPOGymSearchCV(
        LogisticRegression(max_iter=500), {"C": (0.01, 100.0, "log")}, optimizer=from_list(values), budget=3, **common
    ).fit(X, Y)
    tried = mine.cv_results_["param_C"].tolist()
    assert tried == pytest.approx(values)
    grid = GridSearchCV(LogisticRegression(max_iter=500), {"C": tried}, **common).fit(X, Y)
    assert list(mine.cv_results_) == list(grid.cv_results_)
    exact = [key for key in grid.cv_results_ if "_test_" in key or "_train_" in key]
    assert len(exact) == 4 * 4 + 2 * 2 * 2 + 2
    for key in exact:
        assert mine.cv_results_[key].tolist() == grid.cv_results_[key].tolist(), key
        assert mine.cv_results_[key].dtype == grid.cv_results_[key].dtype, key
    assert mine.cv_results_["params"] == grid.cv_results_["params"]
    for name in ("best_index_", "n_splits_", "multimetric_"):
        assert getattr(mine, name) == getattr(grid, name), name
    assert mine.best_score_ == grid.best_score_ and mine.refit_time_ > 0
    assert (mine.predict(X) == grid.predict(X)).all() and mine.score(X, Y) == grid.score(X, Y)
    assert set(vars(mine)) - {"tuned_"} >= {a for a in vars(grid) if a.endswith("_")}
    one = mine.cv_results_["params"][1]
    by_hand = cross_val_score(LogisticRegression(max_iter=500, **one), X, Y, cv=4)
    assert [mine.cv_results_[f"split{k}_test_accuracy"][1] for k in range(4)] == by_hand.tolist()


@pytest.mark.long
def test_proposals_are_those_of_tune_with_this_seed() -> None:
    def objective(config: dict[str, Any]) -> float:
        return float(cross_val_score(SVC(**config), X, Y, cv=3).mean())

    tuned = tune(objective, SPACE, optimizer="gp-ei", budget=12, seed=7)
    found = HPOGymSearchCV(SVC(), SPACE, optimizer="gp-ei", budget=12, cv=3, random_state=7).fit(X, Y)
    assert found.cv_results_["params"] == [e.config for e in tuned.ended]
    assert found.cv_results_["mean_test_score"].tolist() == [e.measured.score for e in tuned.ended]
    assert (found.best_params_, found.best_score_) == (tuned.best_config, tuned.best_score)
    assert found.tuned_.plan == tuned.plan


@pytest.mark.long
def test_equal_random_states_give_equal_searches() -> None:
    def params(state: Any) -> Any:
        return HPOGymSearchCV(SVC(), SPACE, budget=4, cv=2, random_state=state).fit(X, Y).cv_results_["params"]

    assert params(3) == params(3) != params(4)
    assert params(np.random.RandomState(3)) == params(np.random.RandomState(3))
    state = np.random.get_state()  # noqa: NPY002 - the generator that scikit-learn draws from
    try:
        np.random.seed(5)  # noqa: NPY002
        first, second = params(None), params(None)
        np.random.seed(5)  # noqa: NPY002
        assert first == params(None) != second
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_all_configurations_have_the_same_splits() -> None:
    drawn_anew = ShuffleSplit(2, test_size=0.3)
    found = HPOGymSearchCV(
        Threshold(), {"at": (0.3751, 0.4999)}, optimizer="random", budget=4, cv=drawn_anew, random_state=0
    ).fit(LINE, (LINE[:, 0] > 0.7).astype(int))
    assert len(found.cv_results_["params"]) == 4
    assert all(len(set(found.cv_results_[f"split{k}_test_score"])) == 1 for k in range(2))


# ---------------------------------------------------------------------- what the optimizer is told
def test_the_optimizer_is_told_mean_scores_one_after_another() -> None:
    values = [0.125, 0.375, 0.875]
    found = HPOGymSearchCV(
        Threshold(), {"at": (0.0, 1.0)}, optimizer=from_list(values, "at"), budget=9, cv=TWO, random_state=0
    ).fit(LINE, LABELS)
    assert len(found.cv_results_["params"]) == 3, "the optimizer has ended the search"
    (reported,) = FromList.reported
    assert [t.config["at"] for t in reported] == pytest.approx(values)
    assert [t.score for t in reported] == [accuracy_at(v) for v in values] == [0.75, 1.0, 0.5]
    assert found.best_params_ == {"at": pytest.approx(0.375)} and found.best_score_ == 1.0
    (context,) = FromList.contexts
    assert context.budget == 9.0
    seconds = found.cv_results_["mean_fit_time"] + found.cv_results_["mean_score_time"]
    assert [t.cost for t in reported] == pytest.approx(2 * seconds, abs=1e-5)


def test_trials_of_a_batch_count_as_the_worst_so_far() -> None:
    values = [0.375, 0.125, 0.875, 0.25]
    HPOGymSearchCV(
        Threshold(), {"at": (0.0, 1.0)}, optimizer=from_list(values, "at"), budget=4, batch_size=2, cv=TWO
    ).fit(LINE, LABELS)
    scores = [[t.score for t in reported] for reported in FromList.reported]
    assert scores == [[], [0.0], [1.0, 0.75], [1.0, 0.75, 0.75]], "0 before any score; then .75, the worst"


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.long)])
def test_a_batch_runs_in_parallel_to_the_same_result(backend: str) -> None:
    common: dict[str, Any] = {"budget": 7, "batch_size": 3, "cv": 2, "random_state": 1}
    alone = HPOGymSearchCV(SVC(), SPACE, **common).fit(X, Y)
    with parallel_config(backend):
        beside = HPOGymSearchCV(SVC(), SPACE, n_jobs=2, **common).fit(X, Y)
    assert alone.cv_results_["params"] == beside.cv_results_["params"]
    assert alone.cv_results_["mean_test_score"].tolist() == beside.cv_results_["mean_test_score"].tolist()
    assert len({str(p) for p in alone.cv_results_["params"]}) == 7


def test_a_failure_is_a_row_and_is_told_as_the_worst() -> None:
    values = [0.125, 0.375, 0.875, 0.9375]
    search = HPOGymSearchCV(
        Threshold(fails=0.875), {"at": (0.0, 1.0)}, optimizer=from_list(values, "at"), budget=5, cv=TWO
    )
    with pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 8"), pytest.warns(UserWarning):
        search.fit(LINE, LABELS)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], [0.75, 1.0, np.nan, np.nan])
    assert search.cv_results_["rank_test_score"].tolist() == [2, 1, 3, 3]
    (reported,) = FromList.reported
    assert [t.status for t in reported] == [Status.OK, Status.OK, Status.FAILED, Status.FAILED]
    assert [t.score for t in reported] == [0.75, 1.0, 0.75, 0.75]
    assert "is too much" in search.tuned_.ended[2].measured.reason

    search.set_params(optimizer=from_list(values, "at"), error_score=1.5)
    with pytest.warns(FitFailedWarning):
        search.fit(LINE, LABELS)
    assert search.cv_results_["mean_test_score"].tolist() == [0.75, 1.0, 1.5, 1.5]
    assert search.best_score_ == search.tuned_.best_score == 1.0, "what counts for a failure is not chosen"


def test_without_a_success_or_where_errors_are_to_be_raised_it_ends_as_scikit_learn_does() -> None:
    search = HPOGymSearchCV(Threshold(fails=0.0), {"at": (0.0, 1.0)}, optimizer="random", budget=3, cv=TWO)
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        search.fit(LINE, LABELS)
    assert not hasattr(search, "cv_results_") and not hasattr(search, "evaluations_")
    with pytest.raises(ArithmeticError, match="is too much"):
        search.set_params(error_score="raise").fit(LINE, LABELS)


# ---------------------------------------------------------------------- several scores
def test_with_several_scores_the_metric_is_maximised_and_refit_decides() -> None:
    values = [0.125, 0.375]
    scoring = {"right": "accuracy", "wrong": make_scorer(accuracy_score, greater_is_better=False)}

    def fitted(**given: Any) -> HPOGymSearchCV:
        return HPOGymSearchCV(
            Threshold(),
            {"at": (0.0, 1.0)},
            optimizer=from_list(values, "at"),
            budget=3,
            cv=TWO,
            scoring=scoring,
            **given,
        ).fit(LINE, LABELS)

    found = fitted(refit="wrong")
    assert [t.score for t in FromList.reported[0]] == [-0.75, -1.0]
    assert found.best_index_ == 0 and found.best_score_ == -0.75 and found.score(LINE, LABELS) == -0.75
    found = fitted(refit="wrong", metric="right")
    assert [t.score for t in FromList.reported[0]] == [0.75, 1.0] and found.best_index_ == 0
    found = fitted(refit=False, metric="right")
    assert not hasattr(found, "best_index_") and "rank_test_wrong" in found.cv_results_
    found = fitted(refit=lambda results: int(results["mean_test_right"].argmin()), metric="wrong")
    assert found.best_index_ == 0 and not hasattr(found, "best_score_")


# ---------------------------------------------------------------------- spaces
@pytest.mark.long
def test_choices_may_be_any_objects() -> None:
    scalers = [StandardScaler(), MinMaxScaler(), "passthrough"]
    space = {"scale": scalers, "svc__C": (0.1, 10.0, "log"), "svc__class_weight": [None, {0: 2.0, 1: 1.0, 2: 1.0}]}
    found = HPOGymSearchCV(PIPE, space, optimizer="random", budget=12, cv=3, random_state=0).fit(X, Y)
    tried = found.cv_results_["param_scale"]
    assert all(any(one is given or one == "passthrough" == given for given in scalers) for one in tried)
    assert len({str(one) for one in tried}) == 3
    for params, score in zip(found.cv_results_["params"], found.cv_results_["mean_test_score"], strict=True):
        assert score == cross_val_score(clone(PIPE).set_params(**params), X, Y, cv=3).mean()
    texts = found.tuned_.space.hyperparameters[0].choices
    assert texts == ("0: StandardScaler()", "1: MinMaxScaler()", "passthrough")
    assert not hasattr(scalers[0], "mean_"), "it was cloned before it was fitted"
    assert found.best_estimator_.named_steps["scale"] is not found.best_params_["scale"]


def test_what_is_inactive_is_masked() -> None:
    conditional = ConfigurationSpace({"C": (0.1, 10.0), "kernel": ["rbf", "poly"], "degree": (2, 4)})
    conditional.add(EqualsCondition(conditional["degree"], conditional["kernel"], "poly"))
    found = HPOGymSearchCV(SVC(), conditional, optimizer="random", budget=8, cv=2, random_state=0).fit(X, Y)
    poly = found.cv_results_["param_kernel"] == "poly"
    assert poly.any() and not poly.all()
    assert found.cv_results_["param_degree"].mask.tolist() == (~poly).tolist()


# ---------------------------------------------------------------------- priors and what is known of the data
@pytest.mark.long
def test_fitted_searches_are_the_prior_of_the_next_search_and_of_tune() -> None:
    first = HPOGymSearchCV(
        Threshold(), {"at": (0.0, 1.0)}, optimizer=from_list([0.125, 0.375], "at"), budget=2, cv=TWO
    ).fit(LINE, LABELS)
    known = first.evaluations_
    assert known.x[:, 0].tolist() == pytest.approx([0.125, 0.375]) and known.score.tolist() == [0.75, 1.0]
    again = clone(clone(first).set_params(prior=[first, known], optimizer=from_list([0.5], "at")))
    again.fit(LINE, LABELS)
    assert [e.score.tolist() for e in FromList.contexts[-1].prior] == [[0.75, 1.0]] * 2
    tune(lambda c: c["at"], {"at": (0.0, 1.0)}, optimizer=from_list([0.5], "at"), budget=1, prior=again, seed=0)
    assert [e.score.tolist() for e in FromList.contexts[-1].prior] == [[0.875]]
    with pytest.raises(InvalidValueError, match="a fitted `HPOGymSearchCV`"):
        clone(first).set_params(prior=clone(first)).fit(LINE, LABELS)


def test_the_optimizer_is_told_of_the_data() -> None:
    def reported(x: Any, y: Any, **given: Any) -> Any:
        HPOGymSearchCV(
            Threshold(), {"at": (0.0, 1.0)}, optimizer=from_list([0.5], "at"), budget=1, cv=TWO, **given
        ).fit(x, y)
        return dict(FromList.contexts[-1].meta_features)

    known = reported(np.hstack([LINE, -LINE, np.ones((8, 1))]), LABELS)
    assert (known["n_rows"], known["n_columns"], known["mean_correlation"]) == (8.0, 2.0, 1.0)
    assert reported(LINE, LABELS, meta_features=None) == {}
    assert reported(LINE, LABELS, meta_features=lambda x, y: {"n": len(x), "p": None}) == {"n": 8.0, "p": None}
    for wrong, match in ((3, "a function or None"), (lambda x, y: {"n": np.nan}, "finite numbers")):
        with pytest.raises(InvalidValueError, match=match):
            reported(LINE, LABELS, meta_features=wrong)


# ---------------------------------------------------------------------- as one estimator among others
@pytest.mark.long
def test_it_stands_inside_cross_validation_and_pipelines_and_travels() -> None:
    search = HPOGymSearchCV(SVC(), SPACE, optimizer="random", budget=3, cv=2, random_state=0)
    outer = cross_validate(search, X, Y, cv=3, return_estimator=True)
    for one, (train, test), score in zip(
        outer["estimator"], StratifiedKFold(3).split(X, Y), outer["test_score"], strict=True
    ):
        alone = clone(search).fit(X[train], Y[train])
        assert one.best_params_ == alone.best_params_ and score == alone.score(X[test], Y[test])
    pipe = make_pipeline(StandardScaler(), search).fit(X, Y)
    copy = pickle.loads(pickle.dumps(pipe))  # noqa: S301 - our own bytes
    assert (copy.predict(X) == pipe.predict(X)).all()
    assert pipe.get_params()["hpogymsearchcv__estimator__C"] == 1.0
    assert search.get_params(deep=False).keys() == clone(search).get_params(deep=False).keys()
    assert not hasattr(search, "predict_proba") and hasattr(search, "decision_function")
    assert "budget=3" in repr(search) and "SVC" in search._repr_html_()


def test_groups_and_sample_weights_reach_splitter_estimator_and_scorer() -> None:
    groups, weights = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.arange(8.0) + 1
    search = HPOGymSearchCV(
        LogisticRegression(), {"C": (0.1, 10.0)}, optimizer=from_list([1.0]), budget=1, cv=GroupKFold(4), scoring="f1"
    )
    found = search.fit(LINE, LABELS, groups=groups, sample_weight=weights)
    assert found.n_splits_ == 4
    for k, (train, test) in enumerate(GroupKFold(4).split(LINE, LABELS, groups)):
        fitted = LogisticRegression(C=found.best_params_["C"]).fit(LINE[train], LABELS[train], weights[train])
        by_hand = f1_score(LABELS[test], fitted.predict(LINE[test]), sample_weight=weights[test])
        assert found.cv_results_[f"split{k}_test_score"][0] == by_hand
    with config_context(enable_metadata_routing=True):
        routed = HPOGymSearchCV(
            LogisticRegression().set_fit_request(sample_weight=True), {"C": (0.1, 10.0)}, optimizer=from_list([1.0]),
            budget=1, cv=GroupKFold(4), scoring=make_scorer(f1_score).set_score_request(sample_weight=True),
        )  # fmt: skip
        routed.fit(LINE, LABELS, groups=groups, sample_weight=weights)
    assert routed.cv_results_["split1_test_score"].tolist() == found.cv_results_["split1_test_score"].tolist()
    np.testing.assert_array_equal(routed.best_estimator_.coef_, found.best_estimator_.coef_)


# ---------------------------------------------------------------------- limits
@pytest.mark.long
def test_under_limits_the_scores_are_the_same_and_what_takes_too_long_has_failed() -> None:
    values = [0.375, 0.125, 0.875]
    search = HPOGymSearchCV(
        Threshold(sleeps=0.875), {"at": (0.0, 1.0)}, optimizer=from_list(values, "at"), budget=4, cv=TWO,
        trial_timeout=0.5, return_train_score=True,
    )  # fmt: skip
    with pytest.warns(FitFailedWarning, match="it ran longer than 0.5 s"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("always", FitFailedWarning)
        search.fit(LINE, LABELS)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], [1.0, 0.75, np.nan])
    np.testing.assert_array_equal(search.cv_results_["mean_train_score"], [1.0, 0.75, np.nan])
    assert [t.status for t in FromList.reported[0]] == [Status.OK, Status.OK, Status.TIMEOUT]
    assert 0.2 <= search.cv_results_["mean_fit_time"][2] <= 1.0
    assert search.best_params_ == {"at": pytest.approx(0.375)}


@pytest.mark.long
def test_under_limits_a_batch_runs_side_by_side_settings_travel_and_errors_are_raised() -> None:
    common: dict[str, Any] = {"budget": 4, "batch_size": 2, "cv": 2, "random_state": 1}
    plain = HPOGymSearchCV(SVC(), SPACE, **common).fit(X, Y)
    with config_context(enable_metadata_routing=True):
        guarded = HPOGymSearchCV(SVC(), SPACE, n_jobs=2, memory=1 << 30, **common).fit(X, Y)
    assert guarded.cv_results_["params"] == plain.cv_results_["params"]
    assert guarded.cv_results_["mean_test_score"].tolist() == plain.cv_results_["mean_test_score"].tolist()
    search = HPOGymSearchCV(
        Threshold(sleeps=0.0, fails=0.0), {"at": (0.0, 1.0)}, optimizer="random", budget=3, cv=TWO, error_score="raise",
        trial_timeout=0.5,
    )  # fmt: skip
    with pytest.raises(StateError, match="Trial 1 must succeed, it ended as timeout"):
        search.fit(LINE, LABELS)
    with pytest.raises(StateError, match="ended as failed: ArithmeticError"):
        search.set_params(estimator__sleeps=np.inf, trial_timeout=60).fit(LINE, LABELS)


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"space": {"C": (1.0, 0.0)}}, "nearest is"), ({"space": [3]}, "must be a SearchSpace"),
        ({"space": {"C": SVC()}}, "a list of choices"), ({"space": {"c": (0.1, 1.0)}}, "Invalid parameter 'c'"),
        ({"optimizer": "gp-eu"}, "gp-ei"), ({"budget": 0}, "`budget`"), ({"budget": 2.5}, "`budget`"),
        ({"batch_size": 0}, "`batch_size`"), ({"prior": 3}, "`prior`"), ({"metric": "f1"}, "`metric` must be None"),
        ({"scoring": ["accuracy", "f1_macro"]}, "refit"),
        ({"scoring": ["accuracy", "f1_macro"], "refit": False}, "`metric` must name"),
        ({"scoring": ["accuracy", "f1_macro"], "refit": "accuracy", "metric": "f1"}, "f1_macro"),
        ({"trial_timeout": 0}, "`seconds`"), ({"memory": -1}, "`memory`"), ({"random_state": "a"}, "random_state"),
        ({"error_score": "lose"}, "error_score"), ({"cv": []}, "at least one split"),
        ({"optimizer": from_list([])}, "must propose a configuration"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_wrong_arguments_are_refused(given: dict[str, Any], match: str) -> None:
    FromList.values = []
    arguments = {"space": SPACE, "budget": 2, "optimizer": "random", "cv": 2, **given}
    search = HPOGymSearchCV(SVC(), **arguments)
    with pytest.raises((ValueError, KeyError), match=match):
        search.fit(X, Y)
    assert not hasattr(search, "cv_results_")
