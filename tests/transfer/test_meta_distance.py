"""Ranks of meta-features and distances by them, of three earlier tasks by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_baselines._transfer.meta_distance import MetaRanks

A, B, C = {"a": 10.0, "b": 1.0}, {"a": 30.0, "b": None}, {"a": 20.0, "b": 1.0}


def test_a_number_is_the_share_of_earlier_ones_below_it_and_half_of_those_equal() -> None:
    ranks = MetaRanks([A, B, C])
    assert ranks.names == ("a", "b")
    assert ranks.ranks == pytest.approx(np.array([[1 / 6, 1 / 2], [5 / 6, math.nan], [1 / 2, 1 / 2]]), nan_ok=True)
    assert ranks.of({"a": 25.0, "b": 2.0}) == pytest.approx([2 / 3, 1.0])
    assert ranks.of({"a": -1e300}) == pytest.approx([0.0, math.nan], nan_ok=True)


def test_a_distance_is_the_mean_over_the_features_that_both_know() -> None:
    ranks = MetaRanks([A, B, C])
    assert ranks.distances({"a": 20.0, "b": 0.0}) == pytest.approx([(1 / 3 + 1 / 2) / 2, 1 / 3, 1 / 4])
    assert ranks.distances({"a": 20.0, "b": None}) == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert ranks.distances({"b": 1.0}) == pytest.approx([0.0, math.nan, 0.0], nan_ok=True)


@pytest.mark.parametrize("task", [{}, {"a": None}, {"a": math.nan, "b": math.inf}, {"c": 1.0}])
def test_of_a_task_that_tells_nothing_of_the_earlier_ones_no_distance_is_known(task: dict[str, float | None]) -> None:
    assert np.isnan(MetaRanks([A, B, C]).distances(task)).all()
    assert np.isnan(MetaRanks([{}, {"d": None}, {}]).distances(A)).all()
