"""What all recipes share: subsets of the training rows, scores, and the mean over folds of what a fit predicts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, REGRESSION, Fold, Predict, Problem, by_share
from hpo_builders.training.recipe import TrainingFailed, unmeasured
from hpo_gym.base import Floats

SHARES = (0.25, 0.5, 1.0)
INF, NAN = float("inf"), float("nan")
VAL, TEST = (0.0, 1.0, 2.0), (1.0, 1.0, 0.5)
"""Column of the validation rows and of the test rows, by fold."""


def _fold(val: float, test: float, n: int = 40) -> Fold:
    two = np.array([-1.0, 1.0])
    return Fold(np.full((n, 1), val), np.zeros(n), np.full((2, 1), val), two, np.full((2, 1), test), two)


PROBLEM = Problem("toy", REGRESSION, 0, tuple(map(_fold, VAL, TEST)))


def _fit(x: Floats, y: NDArray[Any]) -> Predict:
    """Predicts a hundredth of the number of rows, times a row's only column: c of a target of -1 and 1 has R^2 -c^2."""
    return lambda rows: len(x) / 100 * rows[:, 0]


# ---------------------------------------------------------------------------------------------- subsets and scores
def test_the_first_rows_are_a_share_but_ten_and_one_of_each_class_at_least() -> None:
    x = np.arange(50.0)[:, None]
    of_values = Fold(x, x[:, 0], x, x[:, 0], x, x[:, 0])
    assert [len(of_values.first(s)[1]) for s in (0.01, 0.25, 0.5, 1.0)] == [10, 12, 25, 50]
    assert np.array_equal(of_values.first(0.5)[0], x[:25])
    labels = np.arange(50) % 15
    of_classes = Fold(x, labels, x, labels, x, labels)
    assert [len(of_classes.first(s)[1]) for s in (0.01, 0.5)] == [15, 25]
    few = Fold(x[:6], x[:6, 0], x, x[:, 0], x, x[:, 0])
    assert len(few.first(0.1)[1]) == 6


def test_the_score_of_classes_is_balanced_accuracy() -> None:
    problem = Problem("toy", CLASSIFICATION, 3, ())
    y = np.array([0, 0, 0, 0, 1, 1, 2])
    found = problem.score(y, np.array([0, 0, 0, 1, 1, 0, 0]))
    assert found == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert problem.score(y[:6], np.array([0, 0, 0, 1, 1, 0])) == pytest.approx((3 / 4 + 1 / 2) / 2)  # no row of 2


def test_the_score_of_values_is_r2_but_not_below_minus_one() -> None:
    problem, y = Problem("toy", REGRESSION, 0, ()), np.array([0.0, 2.0, 4.0])
    assert problem.score(y, np.array([0.0, 2.0, 3.0])) == pytest.approx(1 - 1 / 8)
    assert problem.score(y, np.array([0.0, 2.0, 1e200])) == -1
    for odd in (NAN, INF):
        with pytest.raises(TrainingFailed, match="not finite"):
            problem.score(y, np.array([0.0, 2.0, odd]))


def test_test_scores_are_unmeasured_below_full_fidelity() -> None:
    assert unmeasured(3, 0.5).tolist() == pytest.approx([NAN, NAN, 0.5], nan_ok=True)
    assert unmeasured(1, -INF).tolist() == [-INF]


# ---------------------------------------------------------------------------------------------- means over folds
def test_scores_are_means_over_the_folds_and_the_test_is_at_the_last_share_only() -> None:
    found = by_share(PROBLEM, SHARES, _fit)
    c = np.array([0.1, 0.2, 0.4])  # 10, 20 and 40 rows
    assert found.score == pytest.approx(-(c**2) * (0 + 1 + 4) / 3)
    assert found.test_score == pytest.approx([NAN, NAN, -(0.4**2) * (1 + 1 + 0.25) / 3], nan_ok=True)


def test_each_fold_learns_from_its_first_rows_and_predicts_its_own() -> None:
    seen: list[tuple[str, float, int]] = []

    def fit(x: Floats, y: NDArray[Any]) -> Predict:
        seen.append(("fit", x[0, 0], len(x)))
        assert len(y) == len(x)

        def predict(rows: Floats) -> NDArray[Any]:
            seen.append(("predict", rows[0, 0], len(rows)))
            return np.zeros(len(rows))

        return predict

    by_share(PROBLEM, (0.5, 1.0), fit)
    half = [step for v in VAL for step in (("fit", v, 20), ("predict", v, 2))]
    whole = [s for v, t in zip(VAL, TEST, strict=True) for s in (("fit", v, 40), ("predict", v, 2), ("predict", t, 2))]
    assert seen == half + whole


def test_one_fidelity_is_the_last() -> None:
    found = by_share(PROBLEM, (1.0,), _fit)
    assert found.score.shape == found.test_score.shape == found.cost.shape == (1,)
    assert np.isfinite(found.test_score).all()


# ---------------------------------------------------------------------------------------------- failures
def _failing(share: float, val: float, fault: type[Exception] = TrainingFailed) -> Callable[..., Predict]:
    """`_fit` that raises in one fold at one share."""

    def fit(x: Floats, y: NDArray[Any]) -> Predict:
        if len(x) == round(40 * share) and x[0, 0] == val:
            raise fault("no model")
        return _fit(x, y)

    return fit


def test_one_fold_fails_its_fidelity_alone() -> None:
    whole = by_share(PROBLEM, SHARES, _fit)
    for at, share in enumerate(SHARES):
        for val in VAL:
            found = by_share(PROBLEM, SHARES, _failing(share, val))
            assert np.isneginf(found.score).tolist() == [i == at for i in range(3)]
            assert np.delete(found.score, at) == pytest.approx(np.delete(whole.score, at))
            assert np.isnan(found.test_score[:2]).all()
            assert found.test_score[2] == (-INF if at == 2 else whole.test_score[2])


def test_only_faults_that_are_named_are_failures() -> None:
    found = by_share(PROBLEM, SHARES, _failing(1.0, 1.0, ValueError), faults=(ArithmeticError, ValueError))
    assert found.score[2] == -INF and np.isfinite(found.score[:2]).all()
    for fault in (ValueError, MemoryError, KeyError):
        with pytest.raises(fault):
            by_share(PROBLEM, SHARES, _failing(1.0, 1.0, fault), faults=(ArithmeticError,))


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
@pytest.mark.parametrize("part", ["val", "test"])
def test_a_prediction_that_is_not_finite_fails(part: str, odd: float) -> None:
    """Of test rows too, at the only fidelity that predicts them: a table has no score whose test is unknown."""
    where = {"val": 2.0, "test": 0.5}[part]  # in the last fold

    def fit(x: Floats, y: NDArray[Any]) -> Predict:
        return lambda rows: np.array([0.1, odd if rows[0, 0] == where else 0.1])

    found = by_share(PROBLEM, SHARES, fit)
    assert np.isneginf(found.score).tolist() == ([True] * 3 if part == "val" else [False, False, True])
    assert np.isnan(found.test_score[:2]).all() and found.test_score[2] == -INF


# ---------------------------------------------------------------------------------------------- cost
class _Clock:
    """Processor time that passes only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5.0
        monkeypatch.setattr(time, "process_time", lambda: self.now)

    def fit(self, x: Floats, y: NDArray[Any]) -> Predict:
        """A second to learn, 10 to predict validation rows, 100 to predict test rows (those of 7)."""
        self.now += 1
        return self.predict

    def predict(self, rows: Floats) -> NDArray[Any]:
        self.now += 100 if rows[0, 0] == 7 else 10
        return np.zeros(len(rows))


def _timed() -> Problem:
    return Problem("toy", REGRESSION, 0, tuple(_fold(val, 7.0) for val in VAL))


def test_the_cost_is_to_train_and_to_predict_the_validation_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)
    found = by_share(_timed(), SHARES, clock.fit)
    assert found.cost.tolist() == [33, 33, 33]
    assert clock.now == 5 + 3 * 33 + 3 * 100


def test_a_failure_costs_what_it_took_to_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)
    fits: list[float] = []

    def fit(x: Floats, y: NDArray[Any]) -> Predict:
        fits.append(x[0, 0])
        predict = clock.fit(x, y)
        if x[0, 0] == 1.0 and len(x) != 20:
            raise TrainingFailed("no model")
        return predict

    found = by_share(_timed(), SHARES, fit)
    assert found.cost.tolist() == [11 + 1, 33, 11 + 1]
    assert fits == [0.0, 1.0, 0.0, 1.0, 2.0, 0.0, 1.0], "the folds after the first that fails are not trained"
    assert np.isneginf(found.score).tolist() == [True, False, True]


def test_a_failure_of_test_rows_costs_the_time_until_it_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)

    def fit(x: Floats, y: NDArray[Any]) -> Predict:
        predict = clock.fit(x, y)
        return lambda rows: predict(rows) + (NAN if rows[0, 0] == 7 and x[0, 0] == 1.0 else 0.0)

    found = by_share(_timed(), SHARES, fit)
    assert found.cost.tolist() == [33, 33, 11 + 11 + 100]
    assert (found.score[2], found.test_score[2]) == (-INF, -INF)


def test_what_is_prepared_costs_what_it_took_whenever_that_was(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _Clock(monkeypatch)
    made: dict[tuple[Fold, float], Fold] = {}

    def prepare(fold: Fold, share: float) -> tuple[Fold, float]:
        if (fold, share) not in made:
            clock.now += 1000
            x, y = fold.first(share)
            made[fold, share] = replace(fold, x=x, y=y, x_val=fold.x_val + 2, x_test=np.full_like(fold.x_test, 8))
        return made[fold, share], 1000

    problem, first = _timed(), []
    for _ in range(2):
        found = by_share(problem, SHARES, lambda x, y: clock.fit(x, y), prepare=prepare)
        first.append(clock.now)
        assert found.cost.tolist() == [3033, 3033, 3033]
    # 9 preparations once; each time 9 fits, 9 predictions of validation rows and 3 of test rows, at 10 seconds
    assert first == [5 + 9000 + 9 * 11 + 3 * 10, 5 + 9000 + 2 * (9 * 11 + 3 * 10)]
