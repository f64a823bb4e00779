"""What a candidate promises, by hand: improvement at and below the incumbent, its logarithm, and weighted gains."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from hpo_baselines._models.acquisition import (
    best_of,
    expected_improvement,
    floored_log_improvement,
    log_expected_improvement,
    standardised,
    weighted_gain,
)
from hpo_gym.base.scores import LARGEST, tame

# The density of a standard normal at 0 is .39894228, at 5 it is 1.48671951e-6, and beyond 5 lie 2.86651572e-7 of it.
AT_INCUMBENT = 0.39894228
FIVE_BELOW = 1.48671951e-6 - 5 * 2.86651572e-7  # 5.3461666e-8


def of_one(function: Any, mean: float, sd: float, best: float) -> float:
    kind = np.float32 if function is floored_log_improvement else np.float64
    return float(function(np.array([mean], kind), np.array([sd], kind), kind(best))[0])


@pytest.mark.parametrize("function", [log_expected_improvement, floored_log_improvement])
def test_the_logarithm_is_that_of_an_integral(function: Any) -> None:
    for mean, sd in ((0.3, 0.5), (-1.0, 0.4), (-4.0, 1.0), (2.0, 0.1)):
        value, _ = integrate.quad(lambda y, m=mean, s=sd: y * stats.norm.pdf(y, m, s), 0, mean + 12 * sd + 1)
        assert of_one(function, mean, sd, 0.0) == pytest.approx(math.log(value), abs=1e-4)
        assert of_one(expected_improvement, mean, sd, 0.0) == pytest.approx(value, rel=1e-6)


def test_improvement_at_the_incumbent_is_the_density_times_the_deviation() -> None:
    assert of_one(expected_improvement, 2.0, 3.0, 2.0) == pytest.approx(3 * AT_INCUMBENT)
    for function in (log_expected_improvement, floored_log_improvement):
        assert of_one(function, 2.0, 3.0, 2.0) == pytest.approx(math.log(3 * AT_INCUMBENT), rel=1e-6)


def test_five_deviations_below_the_incumbent_the_shipped_form_is_a_tenth_too_high() -> None:
    assert of_one(expected_improvement, -8.0, 2.0, 2.0) == pytest.approx(2 * FIVE_BELOW, rel=1e-6)
    exact = of_one(log_expected_improvement, -8.0, 2.0, 2.0)
    assert exact == pytest.approx(math.log(2 * FIVE_BELOW), rel=1e-7)
    floored = of_one(floored_log_improvement, -8.0, 2.0, 2.0)  # 2 x density(5) / 25
    assert floored == pytest.approx(math.log(2 * 1.48671951e-6 / 25), rel=1e-6)
    assert 0.10 < floored - exact < 0.11


def test_the_shipped_form_rises_to_its_floor_and_no_lower() -> None:
    z = np.linspace(-5.5, 0, 50, dtype=np.float32)
    far = floored_log_improvement(z, np.ones_like(z), np.zeros_like(z))
    assert far.dtype == np.float32
    assert (np.diff(far) > 0).all()
    assert of_one(floored_log_improvement, -1e9, 1e-3, 0.0) == -20


def test_without_a_deviation_improvement_is_what_is_certain() -> None:
    assert of_one(expected_improvement, 3.0, 0.0, 1.0) == 2.0
    assert of_one(expected_improvement, 1.0, 0.0, 3.0) == 0.0
    assert of_one(log_expected_improvement, 3.0, 0.0, 1.0) == pytest.approx(math.log(2.0))


def test_the_logarithm_is_exact_far_below_the_incumbent() -> None:
    mp = pytest.importorskip("mpmath", reason="comes with torch")
    with mp.workdps(60):
        for z in (-0.5, -1.0 - 1e-9, -1.0 + 1e-9, -30.0, -500.0, -999.999, -1000.001, -1e5):
            exact = mp.log(mp.npdf(z) + z * mp.erfc(-mp.mpf(z) / mp.sqrt(2)) / 2) + mp.mpf(z) ** 2 / 2
            ours = of_one(log_expected_improvement, z, 1.0, 0.0) + z * z / 2
            assert ours == pytest.approx(float(exact), abs=1e-8 + 1e-15 * z * z)


def test_gains_of_tasks_add_up_by_their_weights() -> None:
    mean = np.array([[1.0, 3.0], [0.0, -1.0], [9.0, 9.0]])
    # The first task gains 0 and 1 on its best of 2, the second 2 and 1 on its -2, the third has no weight.
    assert weighted_gain(mean, np.array([2.0, -2.0, 0.0]), np.array([0.5, 0.25, 0.0])).tolist() == [0.5, 0.75]
    many = weighted_gain(np.full((9, 1), 3.0), np.ones(9), np.full(9, 0.5))  # more than are summed at once
    assert many.tolist() == [9.0]


def test_scores_are_tamed_and_standardised() -> None:
    assert tame(np.array([-np.inf, 2.0, 1e300])).tolist() == [-LARGEST, 2.0, LARGEST]
    assert standardised(np.array([1.0, 3.0])) == pytest.approx([-1.0, 1.0])
    assert standardised(np.array([3.0, 3.0])).tolist() == [0.0, 0.0]


def test_of_values_that_differ_by_rounding_any_may_be_the_best() -> None:
    rng, value = np.random.default_rng(0), np.array([0.5, 1.0, 0.25, 1.0 - 1e-14])
    assert {best_of(value, rng) for _ in range(20)} == {1, 3}
    assert best_of(np.array([0.0, np.inf, np.inf]), rng) == 1
