"""A process that learns trial by trial is the one that learns them at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_baselines._models.gaussian_process import matern52
from hpo_baselines._transfer import incremental
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.incremental import IncrementalPosterior, Matern, RowProcess
from hpo_baselines._transfer.posterior import TaskPosterior, TaskPrior, TaskProcess

RNG = np.random.default_rng(0)
X = RNG.random((40, 3))
Y = RNG.normal(size=(6, 1)) + RNG.normal(size=(6, 40)) @ matern52(X, X, 0.5)
PRIOR = TaskPrior.of(Y)
MINE = RNG.normal(size=40)


def process(x: np.ndarray = X, prior: TaskPrior = PRIOR, shrinkage: float = 0.4, noise: float = 0.05) -> RowProcess:
    return RowProcess(x, prior, Matern(x), shrinkage, noise)


def learned(of: RowProcess, rows: list[int], y: np.ndarray) -> IncrementalPosterior:
    out = IncrementalPosterior(of)
    for row, score in zip(rows, y, strict=True):
        out.add(of.x[row], row, True, float(score))
    return out


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("n", [1, 2, 20])
def test_it_is_the_process_that_learns_all_trials_at_once(n: int, held: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not held:
        monkeypatch.setattr(incremental, "_HELD", 10)
    monkeypatch.setattr(incremental, "_UNLIKELY", 0.0)
    rows = RNG.permutation(40)[:n].tolist()
    seen = Place(X[rows], np.array(rows))
    whole = TaskProcess(PRIOR, lambda a, b: matern52(a, b, 0.5 * np.sqrt(3)), 0.4, 0.05)
    right, mine = TaskPosterior(whole, seen, MINE[rows]), learned(process(), rows, MINE[rows])
    near = Place(X[:5] + 0.01, np.arange(5), exact=False)
    for at in (Place(X, slice(None)), Place(X[[3, 8]], np.array([3, 8])), near):
        assert mine.log_acquisition(at) == pytest.approx(right.log_acquisition(at), rel=1e-3, abs=1e-3)
    assert mine.scales()[0] == pytest.approx(right.weight, rel=1e-3, abs=1e-6)


def test_points_that_are_no_rows_are_learned_as_well() -> None:
    whole = TaskProcess(PRIOR, lambda a, b: matern52(a, b, 0.5 * np.sqrt(3)), 0.4, 0.05)
    x, rows, y = X[:4] + 0.02, np.arange(4), MINE[:4]
    right, mine = TaskPosterior(whole, Place(x, rows, exact=False), y), IncrementalPosterior(process())
    for point, row, score in zip(x, rows.tolist(), y, strict=True):
        mine.add(point, row, False, float(score))
    at = Place(X, slice(None))
    assert mine.log_acquisition(at) == pytest.approx(right.log_acquisition(at), rel=1e-3, abs=1e-3)


def test_weights_are_as_many_copies_of_a_task() -> None:
    twice = TaskPrior.of(Y[[0, 1, 1, 2]])
    weighed = TaskPrior.of(Y[:3], np.array([1.0, 2.0, 1.0]))
    assert weighed.mean == pytest.approx(twice.mean)
    assert weighed.residual.T @ weighed.residual == pytest.approx(twice.residual.T @ twice.residual)
    assert weighed.variance == pytest.approx(twice.variance)
    assert (weighed.centre, weighed.spread) == pytest.approx((twice.centre, twice.spread))
    assert weighed.scales == pytest.approx(twice.scales)


def test_log_expected_improvement_of_two_tasks_and_three_rows_is_that_worked_out_by_hand() -> None:
    # Standardised, the tasks are (-c, 0, c) and (-c, c, 0) with c = 1.2247: the mean is (-c, c/2, c/2), rows 1 and 2
    # have variance 3/8 and covariance -3/8, and row 0 has none. Both tasks have mean 1 and scale .8165.
    x = np.array([[0.0], [0.5], [1.0]])
    of = process(x, TaskPrior.of(np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]])), shrinkage=0.0, noise=0.125)
    mine = learned(of, [1], np.array([2.0]))
    c, total, weights = math.sqrt(1.5), 0.0, 0.0
    for i in range(7):
        g = -1.6 + i * 3.2 / 6
        s = math.sqrt(2.0 / 3.0) * math.exp(0.3 * g)
        residual = (2.0 - 1.0) / s - c / 2
        weight = math.exp(-0.5 * g * g - 0.5 * residual**2 / 0.5) / s  # the trial's variance is 3/8 + 1/8
        mean = 1.0 + s * (c / 2 - 0.75 * residual)  # -3/8 of 1/2
        sd = s * math.sqrt(0.375 - 0.375**2 / 0.5)
        z = (mean - 2.0) / sd
        improvement = (mean - 2.0) * 0.5 * math.erfc(-z / math.sqrt(2)) + sd * math.exp(-0.5 * z * z) / math.sqrt(
            2 * math.pi
        )
        total, weights = total + weight * improvement, weights + weight
    value = mine.log_acquisition(Place(x, slice(None)))
    assert value[2] == pytest.approx(math.log(total / weights), rel=1e-4)
    assert value[0] < -100.0  # surely below the best
