"""A search in a ready space is never below the estimator as it is, whatever the scale of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import cross_val_score

from hpo_gym import HPOGymSearchCV
from tests.tuning.test_estimators import CLASSES, made

RNG = np.random.default_rng(0)
RAW = np.concatenate([RNG.normal(3.0, 2.0, (48, 2)), RNG.gamma(2.0, 20.0, (48, 2))], 1)
Y = RAW[:, 0] - 3.0 + 0.05 * (RAW[:, 2] - 40.0) + 0.3 * RNG.normal(size=48)
DATA = {
    "raw": RAW,
    "standardised": (RAW - RAW.mean(0)) / RAW.std(0),
    "x 1e-3": RAW * 1e-3,
    "x 1e3": RAW * 1e3,
    "mixed scales": RAW * np.array([1e3, 1e-3, 1.0, 30.0]),
}
FAST = {("sklearn.SVC", "raw", ()), ("sklearn.LogisticRegression", "mixed scales", ())}
LONG = {
    ("sklearn.SVC", "mixed scales", "auto"), ("sklearn.SVR", "x 1e-3", "auto"), ("sklearn.Ridge", "x 1e3", ()),
    ("sklearn.MLPClassifier", "x 1e-3", "auto"), ("lightgbm.LGBMRegressor", "mixed scales", "auto"),
}  # fmt: skip


def cases() -> list[Any]:
    def marks(case: Any) -> Any:
        return () if case in FAST else pytest.mark.long if case in LONG else pytest.mark.slow

    every = [(name, data, prior) for name in CLASSES for data in DATA for prior in ((), "auto")]
    return [pytest.param(*case, marks=marks(case)) for case in every]


@pytest.mark.parametrize(("name", "data", "prior"), cases())
@pytest.mark.filterwarnings("ignore")
def test_ten_trials_are_never_below_the_untouched_estimator(name: str, data: str, prior: Any) -> None:
    estimator, x = made(name), DATA[data]
    if "random_state" in estimator.get_params() or "catboost" in name:
        estimator.set_params(random_state=0)
    y = (np.median(Y) < Y).astype(int) if is_classifier(estimator) else Y
    before = cross_val_score(clone(estimator), x, y, cv=2).mean()
    search = HPOGymSearchCV(estimator, "auto", prior=prior, budget=10, cv=2, random_state=0).fit(x, y)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(before, abs=1e-9)
    assert search.best_score_ >= before - 1e-9
    assert np.isfinite(search.best_estimator_.predict(x)).all()
