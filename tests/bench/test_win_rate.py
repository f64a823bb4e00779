"""Win rates: known answers by hand, and of several suites together."""

from __future__ import annotations

import numpy as np
import pytest

from hpo_gym.bench.metrics import Curves, summarise, win_rate
from hpo_gym.bench.pooling import pooled, with_ratings


def curves(suite: str, **values: list[float]) -> list[Curves]:
    """One task of each family, runs of one trial."""
    names = tuple(f"{suite}{i:02}" for i in range(len(next(iter(values.values())))))
    return [Curves(suite, n, names, np.array(v)[:, None, None], names) for n, v in values.items()]


NINE = {
    "a": [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9],
    "b": [0.2, 0.3, 0.2, 0.3, 0.3, 0.4, 0.5, 0.1, 0.9],
    "random": [0.5, 0.1, 0.4, 0.5, 0.6, 0.7, 0.3, 0.8, 0.9],
}


def test_a_tie_counts_a_half() -> None:
    assert win_rate(np.array([[0.5, 0.5], [0.1, 0.2], [0.3, 0.3 + 1e-13]])).tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]
    assert win_rate(np.array([[1.0, 1.0, 2.0, 1.0]])).tolist() == [[2 / 3, 2 / 3, 0, 2 / 3]]


def test_the_summary_by_hand() -> None:
    found = summarise(curves("S", **NINE))["a"]["win_rate"]  # beats both on four, one on four
    assert found[0] == pytest.approx((4 + 4 * 0.5) / 9, abs=1e-6) and found[1] < found[0] < found[2]
    alone = summarise(curves("S", a=[0.5] * 9))["a"]
    assert alone["win_rate"] == [None, None, None] and alone["rank"] == [1.0, 1.0, 1.0]


def test_one_pooled_suite_has_the_ratings_of_its_own_summary() -> None:
    group = {"Nine": curves("Nine", **NINE)}
    own = summarise(group["Nine"])
    assert with_ratings(pooled(group), group)["ratings"] == {n: {"win_rate": own[n]["win_rate"]} for n in NINE}


def test_pooled_suites_weigh_the_same_and_rate_those_that_ran_on_all() -> None:
    """`a` wins 8 of 10 and 8 of 20: .6 over suites, 16 of 30 over tasks."""
    group = {
        "Ten": curves("Ten", a=[0.1] * 8 + [0.9] * 2, random=[0.5] * 10, b=[0.2] * 10),
        "Twenty": curves("Twenty", a=[0.1] * 8 + [0.9] * 12, random=[0.5] * 20),
    }
    found = with_ratings(pooled(group), group)["ratings"]
    assert list(found) == ["a", "random"] and found["a"]["win_rate"][0] == 0.6
    low, high = found["a"]["win_rate"][1:]
    assert low < 0.6 < high and found["random"]["win_rate"][1:] == pytest.approx([1 - high, 1 - low], abs=1e-5)
    few = {"Three": curves("Three", a=[0.1] * 3, random=[0.5] * 3)}
    assert with_ratings(pooled(few), few)["ratings"] == {}
