"""Ready spaces of estimators: their files, their defaults and their corners, by hand and by fitting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml
from lightgbm import LGBMClassifier
from scipy.sparse import csr_matrix
from sklearn.base import clone, is_classifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from hpo_gym import HPOGymSearchCV, space_for
from hpo_gym.base import DATA
from hpo_gym.base.errors import UnknownNameError
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.suites.load import load_suite
from hpo_gym.tuning.estimators import prior_for, sizes_for
from hpo_gym.tuning.matching import matched

FILES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (DATA / "spaces").glob("*.yaml")}
CLASSES = sorted(name for said in FILES.values() for name in said["classes"])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
QUIET = {"lightgbm": {"verbosity": -1, "n_jobs": 1}, "xgboost": {"n_jobs": 1},
         "catboost": {"verbose": False, "allow_writing_files": False, "thread_count": 1}}  # fmt: skip


def made(name: str) -> Any:
    """An estimator by package and name; skipped where the package is not installed."""
    package, _, short = name.partition(".")
    module = pytest.importorskip(package, reason=f"needs {package}")
    of = dict(all_estimators())[short] if package == "sklearn" else getattr(module, short)
    return of(**QUIET.get(package, {}))


# ---------------------------------------------------------------------- files
@pytest.mark.long
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.filterwarnings("ignore")
def test_an_estimator_fits_at_the_corners_of_its_space(name: str) -> None:
    estimator = made(name)
    y = X[:, 0] + 0.1 * RNG.normal(size=60)
    y = (y > 0).astype(int) if is_classifier(estimator) else y
    space = space_for(estimator, rows=60, columns=4)
    ends = [np.zeros(space.d), np.ones(space.d), *RNG.integers(0, 2, (2, space.d)).astype(float)]
    for config in [space.default, *space.decode(space.snap(np.array(ends)))]:
        found = estimator.set_params(**config).fit(X, y).predict(X)
        assert found.shape[0] == 60, config


# ---------------------------------------------------------------------- what is read of them
def test_the_default_is_the_estimator_as_it_is() -> None:
    assert space_for(LGBMClassifier).default == pytest.approx({
        "learning_rate": 0.1, "n_estimators": 100, "num_leaves": 31, "min_child_samples": 20, "colsample_bytree": 1.0,
        "reg_alpha": 1e-8, "reg_lambda": 1e-8,
    })  # fmt: skip
    mine = space_for(LGBMClassifier(learning_rate=0.05, n_estimators=9_000)).default
    assert mine["learning_rate"] == pytest.approx(0.05) and 20 <= mine["n_estimators"] <= 500
    assert space_for(RandomForestClassifier).default["max_features"] == "sqrt"
    assert space_for(RandomForestRegressor).default["max_features"] == 1.0


def test_ranges_end_with_the_data() -> None:
    def ends(space: Any, name: str) -> tuple[float, float]:
        h = space.hyperparameters[space.names.index(name)]
        return h.low, h.high

    assert ends(space_for(KNeighborsClassifier), "n_neighbors") == (1, 100)
    assert ends(space_for(KNeighborsClassifier, rows=60), "n_neighbors") == (1, 30)
    assert ends(space_for(KNeighborsClassifier, rows=3), "n_neighbors") == (1, 2)
    assert ends(space_for(SVC, columns=10), "gamma") == pytest.approx((1e-4, 10.0))
    assert space_for(SVC, columns=10).default["gamma"] == pytest.approx(0.1)
    assert space_for(SVC(gamma=0.5), columns=10).default["gamma"] == pytest.approx(0.5)
    assert ends(space_for(SVC, columns=10, variance=4.0), "gamma") == pytest.approx((0.001 / 40.0, 100.0 / 40.0))
    assert space_for(SVC, columns=10, variance=4.0).default["gamma"] == pytest.approx(1 / 40.0)
    assert space_for(SVC(gamma="auto"), columns=10, variance=4.0).default["gamma"] == pytest.approx(0.1)
    assert space_for(SVC(gamma="auto"), columns=10, variance=1e6).default["gamma"] == pytest.approx(1e-5), "the end"


SMALL = np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]])  # of variance 11/3


@pytest.mark.parametrize(("estimator", "x", "columns", "variance"), [
    (SVC(), SMALL, 2, 11 / 3), (SVC(), SMALL.tolist(), 2, 11 / 3), (SVC(), csr_matrix(SMALL), 2, 11 / 3),
    (SVC(), SMALL * 1e-3, 2, 11e-6 / 3), (make_pipeline(StandardScaler(), SVC()), SMALL * 1e3, 2, 1.0),
    (make_pipeline(PolynomialFeatures(include_bias=False), make_pipeline(StandardScaler(), SVC())), SMALL, 5, 1.0),
    (make_pipeline("passthrough", SVC()), SMALL, 2, 11 / 3), (make_pipeline(SVC()), SMALL, 2, 11 / 3),
    (SVC(), SMALL * 0.0, 2, None), (SVC(), np.where(SMALL > 4, np.nan, SMALL), 2, None),
    (make_pipeline(TfidfVectorizer(), SVC()), ["a word", "another word", "word"], 2, 13 / 72),
    (make_pipeline(TfidfVectorizer(stop_words=["word", "another"]), SVC()), ["word"] * 3, None, None),
])  # fmt: skip
def test_the_scale_is_that_of_the_data_that_reach_the_last_step(
    estimator: Any, x: Any, columns: int | None, variance: float | None
) -> None:
    found = sizes_for(estimator, x, [0, 1, 0])
    assert found["rows"] == 3 and found["columns"] == columns
    if not isinstance(x, list) or not isinstance(x[0], str):
        assert found.get("variance") == (None if variance is None else pytest.approx(variance))


def test_the_gamma_of_a_suite_is_that_of_the_data() -> None:
    suite = load_suite("SVM")
    space = space_for(SVC, columns=10, variance=4.0)
    found = prior_for(SVC(), space)
    assert found.known == {"C", "gamma", "kernel", "class_weight"}
    config = {"C": 3.0, "class_weight": "none", "gamma": 2.0, "kernel": "rbf", "scaling": "none", "shrinking": "yes"}
    x = suite.space.encode([config | {"epsilon": 0.1}])
    (e,) = matched([Evaluations("t", "t", x, np.ones(1), np.ones(1), np.zeros(1, np.int8))], suite.space, space)
    assert space.from_unit(e.x[0]) == pytest.approx(
        {"C": 3.0, "gamma": 2.0 / 40.0, "kernel": "rbf", "class_weight": None}
    )


def test_the_last_step_of_a_pipeline_is_tuned_and_a_class_of_yours_is_its_parent() -> None:
    class Mine(SVC):
        pass

    names = ("C", "gamma", "kernel", "class_weight")
    assert space_for(Mine).names == names
    inner = make_pipeline(StandardScaler(), Mine(C=10.0))
    assert space_for(inner).names == tuple(f"mine__{name}" for name in names)
    assert space_for(inner).default["mine__C"] == pytest.approx(10.0)
    assert space_for(make_pipeline(inner)).names[0] == "pipeline__mine__C"


def test_no_library_is_imported_for_a_class_of_its_name() -> None:
    of = type("XGBClassifier", (), {"__module__": "xgboost.sklearn", "get_params": lambda self: {"max_depth": None}})
    assert space_for(of).default["max_depth"] == 6


@pytest.mark.parametrize(("given", "said"), [
    (LogisticRegressionCV, r"of 'sklearn\.LogisticRegressionCV'\. Did you mean 'sklearn\.LogisticRegression'\?"),
    (StandardScaler(), "No ready space of 'sklearn.StandardScaler'.*Known: "),
    (make_pipeline(StandardScaler(), "passthrough"), "No ready space of 'builtins.str'"),
    (3, "No ready space of 'builtins.int'"),
])  # fmt: skip
def test_what_has_no_space_is_refused_with_the_nearest_that_has(given: object, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        space_for(given)


# ---------------------------------------------------------------------- in a search
@pytest.mark.long
def test_the_first_trial_is_the_estimator_exactly_as_it_is() -> None:
    y = (X[:, 0] > 0).astype(int)
    mine = make_pipeline(StandardScaler(), SVC(kernel="poly", C=5_000.0, gamma="auto"))
    own = {"svc__C": 5_000.0, "svc__gamma": "auto", "svc__kernel": "poly", "svc__class_weight": None}
    for optimizer in ("auto", "random"):
        search = HPOGymSearchCV(mine, "auto", optimizer=optimizer, budget=3, cv=2, random_state=0).fit(X, y)
        assert search.cv_results_["params"][0] == own
        assert search.cv_results_["mean_test_score"][0] == cross_val_score(mine, X, y, cv=2).mean()
        assert search.tuned_.ended[0].config == search.tuned_.space.default
    for options in ({}, {"trial_timeout": 60.0}):
        alone = HPOGymSearchCV(mine, "auto", budget=1, cv=2, random_state=0, **options).fit(X, y)
        assert alone.best_params_ == own and alone.best_estimator_.get_params()["svc__gamma"] == "auto"
        assert repr(alone.best_estimator_) == repr(mine) and alone.score(X, y) == clone(mine).fit(X, y).score(X, y)
    later = HPOGymSearchCV(mine, {"svc__C": (0.1, 1.0)}, budget=1, cv=2, random_state=0).fit(X, y)
    assert later.best_params_["svc__C"] <= 1.0, "a space of your own is kept"


def searched(estimator: object, space: Any = "auto", **options: Any) -> HPOGymSearchCV:
    y = (X[:, 0] > 0).astype(int)
    return HPOGymSearchCV(estimator, space, budget=2, cv=2, random_state=0, **options).fit(X, y)


@pytest.mark.parametrize(("of", "space", "said"), [
    (make_pipeline(StandardScaler(), KNeighborsClassifier()), "auto", "no suite is known of KNeighborsClassifier"),
    (GaussianNB(), {"var_smoothing": (1e-9, 1.0, "log")}, "no suite is known of GaussianNB"),
    (SVC(), {"tol": (1e-4, 1e-2, "log"), "degree": [2]}, "nothing of SVM matched, the suite of SVC"),
])  # fmt: skip
def test_a_search_says_where_there_is_no_suite_of_its_estimator(of: object, space: Any, said: str) -> None:
    plan = (found := searched(of, space, prior="auto").tuned_).plan
    assert (plan.optimizer, plan.matched, plan.why) == ("gp-ei", said, f"no earlier task is known; {said}")
    assert found.summary().endswith(f"gp-ei: {plan.why}")
    assert searched(of, space).tuned_.plan.why == "no earlier task is known", "none was asked for"
