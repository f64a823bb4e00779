"""Does the default search harm? Thirty settings in which an untouched estimator is good, or its scale is odd.

    python benchmarks/studies harmless                                   # an hour; it can be stopped

`HPOGymSearchCV(estimator, "auto", budget=15)`, without a prior and with ``prior="auto"``, is held against Optuna's TPE
in the same ready space, also with the untouched estimator as its first trial. A score is the mean of five folds,
accuracy or R^2; a setting is an estimator of one of eight classes on at most 300 rows of a data set of scikit-learn, as
it is, scaled, multiplied, or with its columns on scales from .001 to 1,000. Two draws, seeded by setting and draw.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from sklearn import datasets
from sklearn.base import clone
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR

from hpo_gym import HPOGymSearchCV, space_for
from hpo_gym.base import Floats, seeding
from hpo_gym.tuning.estimators import sizes_for

LOOKS = "data sets of scikit-learn, of no suite"
SUITES = ("SVM", "Linear", "MLP", "Boosting", "gp-ei", "gp-fade")
"""What the results were made of, beside the names in them: suites, and the optimizers that "auto" takes."""
ROWS, BUDGET, DRAWS = 300, 15, 2
AT = (1, 10, 15)
UNTOUCHED, AUTO, SUITE, TPE, AFTER = "untouched", "auto", "auto+suite", "tpe", "tpe+untouched"
ARMS = (UNTOUCHED, AUTO, SUITE, TPE, AFTER)
LEVEL = 0.005
"""Scores that differ by no more are level: of 300 rows, one or two."""
CHEAP = {("SVC, wine", UNTOUCHED): (), ("SVC, made", TPE): ()}

Data = tuple[Floats, Any]


def some(data: Data) -> Data:
    """Return at most 300 rows, drawn by key."""
    x, y = data
    rows = np.random.default_rng(0).permutation(len(x))[:ROWS]
    return np.asarray(x[rows], np.float64), y[rows]


@functools.cache
def data(name: str) -> Data:
    """Return rows of a data set of scikit-learn."""
    if name == "made":
        return some(datasets.make_classification(ROWS, random_state=0))
    if name == "imbalanced":
        return some(datasets.make_classification(ROWS, weights=[0.9], flip_y=0.02, random_state=1))
    if name == "friedman":
        return some(datasets.make_friedman1(ROWS, noise=1.0, random_state=0))
    return some(getattr(datasets, f"load_{name}")(return_X_y=True))


def times(name: str, x: float = 1.0, y: float = 1.0) -> Data:
    """Return a data set with multiplied columns, or a multiplied target."""
    a, b = data(name)
    return a * x, b if y == 1.0 else b * y


def few(rows: Data) -> Data:
    """Return the first 100 rows."""
    return rows[0][:100], rows[1][:100]


def mixed(name: str) -> Data:
    """Return a data set with its columns on scales from .001 to 1,000."""
    x, y = data(name)
    return x * np.random.default_rng(0).permutation(np.logspace(-3, 3, x.shape[1])), y


def quiet_boosting() -> Any:
    """Return LightGBM's classifier with its defaults, on one thread, without messages."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(verbosity=-1, n_jobs=1, random_state=0)


SVM, REST = "SVC and SVR", "others"
SETTINGS: Mapping[str, tuple[str, Callable[[], Any], Callable[[], Data]]] = {
    "SVC, breast cancer": (SVM, SVC, lambda: data("breast_cancer")),
    "SVC, breast cancer, standardised": (
        SVM, lambda: make_pipeline(StandardScaler(), SVC()), lambda: data("breast_cancer")),
    "SVC, breast cancer, min-max": (SVM, lambda: make_pipeline(MinMaxScaler(), SVC()), lambda: data("breast_cancer")),
    "SVC, digits": (SVM, SVC, lambda: data("digits")),
    "SVC, wine": (SVM, SVC, lambda: data("wine")),
    "SVC, made": (SVM, SVC, lambda: data("made")),
    "SVC, made x 1e-3": (SVM, SVC, lambda: times("made", 1e-3)),
    "SVC, made x 1e3": (SVM, SVC, lambda: times("made", 1e3)),
    "SVC, made, mixed scales": (SVM, SVC, lambda: mixed("made")),
    "SVC, imbalanced": (SVM, SVC, lambda: data("imbalanced")),
    "SVR, friedman": (SVM, SVR, lambda: data("friedman")),
    "SVR, friedman, y / 1000": (SVM, SVR, lambda: times("friedman", y=1e-3)),
    "SVR, friedman, y x 1000": (SVM, SVR, lambda: times("friedman", y=1e3)),
    "SVR, diabetes, standardised": (SVM, lambda: make_pipeline(StandardScaler(), SVR()), lambda: data("diabetes")),
    "LogisticRegression, breast cancer": (REST, LogisticRegression, lambda: data("breast_cancer")),
    "LogisticRegression, made x 1e-3": (REST, LogisticRegression, lambda: times("made", 1e-3)),
    "LogisticRegression, made, mixed scales": (REST, LogisticRegression, lambda: mixed("made")),
    "SGDClassifier, digits": (REST, lambda: SGDClassifier(random_state=0), lambda: data("digits")),
    "SGDClassifier, breast cancer": (REST, lambda: SGDClassifier(random_state=0), lambda: data("breast_cancer")),
    "SGDRegressor, friedman": (REST, lambda: SGDRegressor(random_state=0), lambda: data("friedman")),
    "ElasticNet, diabetes": (REST, ElasticNet, lambda: data("diabetes")),
    "ElasticNet, friedman": (REST, ElasticNet, lambda: data("friedman")),
    "Ridge, diabetes": (REST, Ridge, lambda: data("diabetes")),
    "KNeighborsClassifier, wine": (REST, KNeighborsClassifier, lambda: data("wine")),
    "KNeighborsClassifier, digits": (REST, KNeighborsClassifier, lambda: data("digits")),
    "MLPClassifier, wine": (REST, lambda: MLPClassifier(random_state=0), lambda: data("wine")),
    "MLPClassifier, wine, standardised": (
        REST, lambda: make_pipeline(StandardScaler(), MLPClassifier(random_state=0)), lambda: data("wine")),
    "MLPRegressor, 100 rows of friedman, y x 100": (
        REST, lambda: MLPRegressor(random_state=0), lambda: few(times("friedman", y=100.0))),
    "LightGBM, breast cancer": (REST, quiet_boosting, lambda: data("breast_cancer")),
    "LightGBM, imbalanced": (REST, quiet_boosting, lambda: data("imbalanced")),
}  # fmt: skip
"""Settings: their group, estimator and data."""

cells = frame.grid(SETTINGS, ARMS)


def cell(setting: str, arm: str) -> list[list[float]]:
    """Return for each draw the best score after each of `AT`; of the untouched estimator, its score."""
    _, estimator, rows = SETTINGS[setting]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if arm == UNTOUCHED:
            return [[round(score(estimator(), rows()), 5)]]
        for draw in range(DRAWS):
            seed = seeding.key("harmless", setting, draw) % 2**31
            scores = tuned(arm, estimator(), rows(), seed)
            best = np.fmax.accumulate(np.nan_to_num(scores, nan=-np.inf))
            found.append([round(float(best[n - 1]), 5) for n in AT])
    return found


def score(estimator: Any, rows: Data) -> float:
    """Return the mean over five folds; NaN if one fails."""
    return float(cross_val_score(estimator, *rows).mean())


def tuned(arm: str, estimator: Any, rows: Data, seed: int) -> Sequence[float]:
    """Return the score of each trial."""
    if arm in (AUTO, SUITE):
        search = HPOGymSearchCV(
            estimator, "auto", budget=BUDGET, prior="auto" if arm == SUITE else (), random_state=seed, refit=False
        )
        return [float(s) for s in search.fit(*rows).cv_results_["mean_test_score"]]
    return in_optuna(estimator, rows, seed, first=arm == AFTER)


def in_optuna(estimator: Any, rows: Data, seed: int, *, first: bool) -> Sequence[float]:
    """Tune by Optuna's TPE with its defaults in the ready space, perhaps after the untouched estimator, of which it is
    told at the space's default."""
    import optuna

    from hpo_gym.tuning.optuna_space import ParameterSpace

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = space_for(estimator, **sizes_for(estimator, *rows))
    of = ParameterSpace.of(space)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="maximize")
    if first:
        study.enqueue_trial(dict(of.params(space.default)))
    scores = list[float]()
    for n in range(BUDGET):
        trial = study.ask(dict(of.distributions))
        made = estimator if first and n == 0 else clone(estimator).set_params(**trial.params)
        scores.append(score(made, rows))
        failed = not np.isfinite(scores[-1])
        study.tell(trial, None if failed else scores[-1], optuna.trial.TrialState.FAIL if failed else None)
    return scores


# ---------------------------------------------------------------------- tables
def means(found: Mapping[str, Any], arm: str, trials: int) -> Floats:
    """Return the mean score over draws after so many trials, of the settings in order."""
    return np.array([np.mean([draw[AT.index(trials)] for draw in found[name][arm]]) for name in SETTINGS])


def below(found: Mapping[str, Any], arm: str, trials: int) -> int:
    """Return the number of settings with a draw that is below the untouched estimator."""
    rows = (found[name] for name in SETTINGS)
    return sum(min(draw[AT.index(trials)] for draw in of[arm]) < of[UNTOUCHED][0][0] for of in rows)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each setting: scores after 15 trials, means over draws."""
    arms = ARMS[1:]
    columns = [means(found, arm, BUDGET) for arm in arms]
    rows = [
        (name, f"{found[name][UNTOUCHED][0][0]:.3f}", *(f"{column[i]:.3f}" for column in columns))
        for i, name in enumerate(SETTINGS)
    ]
    heads = ("setting", UNTOUCHED, *(f"`{arm}`" for arm in arms))
    return {"harmless": Table.of(heads, rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return counts of settings: below the untouched estimator, and against TPE after it, level within `LEVEL`."""
    out: dict[str, Any] = {"settings": len(SETTINGS), "draws": DRAWS, "rows": ROWS, "level": LEVEL}
    for arm in ARMS[1:]:
        out |= {f"below.{arm.replace('+', '-')}.{n}": below(found, arm, n) for n in (10, 15)}
    for arm in (AUTO, SUITE):
        gap = means(found, arm, 15) - means(found, AFTER, 15)
        plain = arm.replace("+", "-")
        out[f"better.{plain}"] = int((gap > LEVEL).sum())
        out[f"worse.{plain}"] = int((gap < -LEVEL).sum())
        out[f"least.{plain}"] = int((gap >= -LEVEL).sum())
        out[f"ahead.{plain}"] = int((gap > 0).sum())
        out[f"behind.{plain}"] = int((gap < 0).sum())
    return out
