"""Flat tasks: the expected regret of random rows against all draws, and what is left out of the splits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpo_builders.flat import expected_random_regret, splits_without_flat
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.problem.suite import SPLITS, split_of


def by_enumeration(score: list[float], trials: int) -> float:
    worst = min(s for s in score if np.isfinite(s))
    values = [worst if s == -np.inf else s for s in score if not np.isnan(s)]
    draws = list(itertools.combinations(values, min(trials, len(values))))
    return max(values) - sum(max(draw) for draw in draws) / len(draws)


@pytest.mark.parametrize("trials", [1, 2, 5, 9])
@pytest.mark.parametrize("m", [1, 2, 5, 6, 9])
def test_regret_is_the_mean_over_all_draws(m: int, trials: int) -> None:
    rng = np.random.default_rng(m)
    score = [*rng.normal(size=m).round(1).tolist(), np.nan, -np.inf, np.nan]
    assert expected_random_regret(score, trials) == pytest.approx(by_enumeration(score, trials), abs=1e-12)


def test_a_failure_counts_as_the_worst_and_an_unmeasured_row_not_at_all() -> None:
    assert expected_random_regret([0.5, 1.0, -np.inf], 1) == pytest.approx(1 / 3)
    assert expected_random_regret([0.5, 1.0, np.nan], 1) == pytest.approx(1 / 4)


def test_regret_of_many_rows_is_that_of_uniform_draws() -> None:
    m = 30_000
    assert expected_random_regret(np.arange(m) / m, 5) == pytest.approx(1 / 6, rel=1e-3)  # E[max] = t / (t + 1)


def test_regret_of_equal_rows_is_exactly_zero() -> None:
    assert expected_random_regret(np.full(1000, 0.1, np.float32), 5) == 0.0


@pytest.mark.parametrize(
    ("score", "trials"),
    [([np.nan, -np.inf], 5), ([1.0, np.inf], 5), ([], 5), ([[1.0]], 5), ([1.0], 0)],
)
def test_what_cannot_be_served_is_refused(score: list[float], trials: int) -> None:
    with pytest.raises(InvalidValueError, match=r"`(score|trials >= 1)`"):
        expected_random_regret(score, trials)


def test_splits_follow_the_family_and_leave_out_flat_tasks() -> None:
    tasks = [{"name": f"task-{i}", "family": f"family-{i // 2}"} for i in range(60)]
    score = np.zeros((60, 6), np.float32)
    score[:, 0] = np.where(np.arange(60) % 3 == 0, 0.01, 1)  # the best row is missed by 1 of 6 draws of five
    splits, flat = splits_without_flat(tasks, score)
    assert flat == [f"task-{i}" for i in range(0, 60, 3)]
    assert list(splits) == list(SPLITS) and all(splits.values())
    for split, names in splits.items():
        assert names == [t["name"] for t in tasks if t["name"] not in flat and split_of(t["family"]) == split]


def test_a_regret_at_the_threshold_is_not_flat() -> None:
    score = np.array([[0.0, 1.0]])
    assert splits_without_flat([{"name": "a", "family": "a"}], score, trials=1, least=0.5)[1] == []
    assert splits_without_flat([{"name": "a", "family": "a"}], score, trials=1, least=0.51)[1] == ["a"]
