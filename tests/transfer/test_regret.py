"""Normalised regret by hand: a task with a range, a flat one, and what has no score."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_baselines._transfer.earlier import scaled
from hpo_gym.problem.regret import relative_regret, share_of


def test_regret_of_a_task_with_a_range_and_of_a_flat_one() -> None:
    """Three rows each; best and worst are 8 and 0, and 3 and 3."""
    score = np.array([[0.0, 2.0, 8.0], [3.0, 3.0, 3.0]], np.float32)
    found = relative_regret(score, [[8.0], [3.0]], [[0.0], [3.0]])
    assert found.dtype == np.float64
    assert found.tolist() == [[1.0, 0.75, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(("best", "worst"), [(8.0, 0.0), (3.0, 3.0)])
def test_what_has_not_succeeded_has_regret_one_and_what_is_unknown_stays_so(best: float, worst: float) -> None:
    lost, unknown = relative_regret([-math.inf, math.nan], best, worst)
    assert lost == 1.0
    assert math.isnan(unknown)


def test_scores_outside_the_range_are_cut_unless_more_is_asked_for() -> None:
    assert relative_regret([-2.0, 9.0], 8.0, 0.0).tolist() == [1.0, 0.0]
    assert relative_regret([-2.0, 9.0, -math.inf], 8.0, 0.0, most=math.inf).tolist() == [1.25, 0.0, 1.0]
    assert relative_regret([2.0], 3.0, 3.0).tolist() == [0.0]  # a flat task has no worse


def test_differences_are_shares_of_the_range_of_their_task() -> None:
    assert share_of(np.array([[1.0, 4.0], [0.0, 2.0]]), np.array([[8.0], [0.0]])).tolist() == [[0.125, 0.5], [0, 0]]


def test_scores_are_scaled_by_the_range_of_successes() -> None:
    score, good = np.array([2.0, 6.0, -99.0, 3.0]), np.array([True, True, False, True])
    assert scaled(score, good).tolist() == [0.0, 1.0, 0.0, 0.25]
    assert scaled(score[:2]).tolist() == [0.0, 1.0]
    assert scaled(np.array([-1.7e308, 0.0, 1.7e308])).tolist() == [0.0, 0.5, 1.0]  # the range itself is no float
    assert scaled(np.array([5.0, 5.0])).tolist() == [0.0, 0.0]
    assert scaled(np.array([5.0, 6.0]), np.zeros(2, bool)).tolist() == [0.0, 0.0]
