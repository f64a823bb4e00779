"""Win rates and Elo: known answers by hand, what changes nothing, equal to `bencheval`, ends, and several suites."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from bencheval.elo_utils import BT_RIDGE
from bencheval.evaluator import BenchmarkEvaluator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from hpo_gym.bench.elo import elo, ratings, win_rate
from hpo_gym.bench.intervals import OF_MEANS, Resamples, edges
from hpo_gym.bench.metrics import Curves, summarise
from hpo_gym.bench.pooling import pooled, with_ratings

TWICE = 400.0 * math.log10(2.0)


def table(**times: int) -> np.ndarray:
    """Errors of `a`, `b` and so on: an order, the best first, on so many tasks."""
    names = sorted(next(iter(times)))
    return np.array([[float(order.index(n)) for n in names] for order, k in times.items() for _ in range(k)])


def curves(suite: str, **values: list[float]) -> list[Curves]:
    """One task of each family, runs of one trial."""
    names = tuple(f"{suite}{i:02}" for i in range(len(next(iter(values.values())))))
    return [Curves(suite, n, names, np.array(v)[:, None, None], names) for n, v in values.items()]


# ---------------------------------------------------------------------------------------------- known answers
@pytest.mark.parametrize(("wins", "losses"), [(1, 1), (3, 1), (1, 4), (19, 1)])
def test_of_two_the_difference_is_the_logarithm_of_the_odds(wins: int, losses: int) -> None:
    values = table(ab=wins, ba=losses)
    assert win_rate(values).mean(axis=0).tolist() == pytest.approx([wins / (wins + losses), losses / (wins + losses)])
    gap = 400.0 * math.log10(wins / losses)
    assert elo(values) == pytest.approx([1000 + gap / 2, 1000 - gap / 2], abs=0.001)
    assert elo(values, 1) == pytest.approx([1000 + gap, 1000], abs=0.001)


def test_of_three_with_strengths_of_four_two_and_one() -> None:
    """`a` beats `b` on 10 of 15 tasks, `b` beats `c` on 10, `a` beats `c` on 12: odds of 2, 2 and 4."""
    values = table(abc=8, acb=2, bac=2, cba=3)
    assert win_rate(values).sum(axis=0).tolist() == [11, 7.5, 4]
    assert elo(values, 2) == pytest.approx([1000 + 2 * TWICE, 1000 + TWICE, 1000], abs=0.001)
    assert elo(values).mean() == pytest.approx(1000)


def test_a_tie_counts_a_half() -> None:
    assert win_rate(np.array([[0.5, 0.5], [0.1, 0.2], [0.3, 0.3 + 1e-13]])).tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]
    assert win_rate(np.array([[1.0, 1.0, 2.0, 1.0]])).tolist() == [[2 / 3, 2 / 3, 0, 2 / 3]]
    assert elo(np.ones((4, 3))).tolist() == [1000, 1000, 1000]
    one_win_two_ties = np.array([[1.0, 2.0], [1.0, 1.0], [3.0, 3.0]])
    assert elo(one_win_two_ties, 1)[0] == pytest.approx(1000 + TWICE, abs=0.001)


def test_one_that_always_wins_has_the_elo_of_the_ridge_of_bencheval() -> None:
    gap = brentq(lambda d: 20.0 / (1.0 + math.exp(d)) - BT_RIDGE * d, 0.0, 100.0) * 400.0 / math.log(10.0)
    assert elo(table(ab=20), 1) == pytest.approx([1000 + gap, 1000], abs=0.01)
    everywhere = elo(np.tile(np.arange(30.0), (50, 1)))
    assert np.isfinite(everywhere).all() and (np.diff(everywhere) < -1000).all()


def test_one_alone_has_neither() -> None:
    assert np.isnan(win_rate(np.ones((3, 1)))).all() and np.isnan(elo(np.ones((3, 1)))).all()
    alone = summarise(curves("S", a=[0.5] * 9))["a"]
    assert alone["win_rate"] == alone["elo"] == [None, None, None] and alone["rank"] == [1.0, 1.0, 1.0]


# ---------------------------------------------------------------------------------------------- properties
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(5)), st.lists(st.floats(-3, 3), min_size=12, max_size=12))
def test_order_and_constants_of_tasks_change_nothing(seed: int, order: list[int], added: list[float]) -> None:
    values = np.random.default_rng(seed).integers(0, 8, (12, 5)) / 8
    found = elo(values)
    assert elo(values[:, order]) == pytest.approx(found[order], abs=0.01)
    assert elo(values[::-1]) == pytest.approx(found, abs=0.01)
    assert elo(values + np.array(added)[:, None]) == pytest.approx(found, abs=0.01)
    by_wins, by_elo = win_rate(values).mean(axis=0), found
    assert all(by_elo[i] > by_elo[j] for i in range(5) for j in range(5) if by_wins[i] > by_wins[j] + 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_both_are_those_of_bencheval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.integers(0, 6, (20, 6)) + rng.integers(0, 4, 6)) / 10
    assert any(len(set(row)) < 6 for row in values.tolist())
    lines = [(f"m{j}", f"t{i:02}", e) for i, row in enumerate(values.tolist()) for j, e in enumerate(row)]
    frame = pd.DataFrame(lines, columns=["method", "task", "metric_error"])
    theirs = BenchmarkEvaluator()
    assert win_rate(values).mean(axis=0) == pytest.approx(theirs.compute_winrate(frame).sort_index().to_numpy())
    for anchor, name in ((None, None), (2, "m2")):
        found = theirs.compute_elo(
            frame, calibration_framework=name, calibration_elo=1000, include_quantiles=False, round_decimals=None
        )
        assert elo(values, anchor) == pytest.approx(found["elo"].sort_index().to_numpy(), abs=1e-4)


# ---------------------------------------------------------------------------------------------- ends
def test_ends_are_the_elo_of_the_ends_of_the_win_rate() -> None:
    shares = (np.array([0.75, 0.25]), np.array([0.5, 0.1]), np.array([0.9, 0.5]))
    found = ratings(("a", "random"), shares, 1000)
    third = 400.0 * math.log10(3.0)
    assert found["a"]["win_rate"] == [0.75, 0.5, 0.9]
    assert found["a"]["elo"] == pytest.approx([1000 + third, 1000, 1000 + 2 * third], abs=0.06)
    assert found["random"]["elo"] == pytest.approx([1000, 1000 - third, 1000 + third], abs=0.06)


def test_an_end_of_nothing_or_all_is_none() -> None:
    shares = (np.array([0.75, 0.25]), np.array([0.5, 0.0]), np.array([1.0, np.nan]))
    found = ratings(("a", "b"), shares, 10)
    assert found["a"]["elo"][2] is None and found["a"]["elo"][1] is not None
    assert found["b"]["win_rate"] == [0.25, 0.0, None] and found["b"]["elo"][1:] == [None, None]


@pytest.mark.long
def test_ends_are_near_the_quantiles_of_the_elo_of_subsets() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 4)) + np.arange(4) / 3
    sample = Resamples.of([f"f{i:02}" for i in range(40)])
    found = ratings("abcd", sample.estimate(win_rate(values)), 40)
    heavy = [elo(values[weights > 0]) for weights in sample.resampled]
    low, high = edges(np.array(heavy), sample.families, OF_MEANS)
    for i, name in enumerate("abcd"):
        width = high[i] - low[i]
        assert found[name]["elo"][1:] == pytest.approx([low[i], high[i]], abs=0.2 * width)


# ---------------------------------------------------------------------------------------------- suites
NINE = {
    "a": [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9],
    "b": [0.2, 0.3, 0.2, 0.3, 0.3, 0.4, 0.5, 0.1, 0.9],
    "random": [0.5, 0.1, 0.4, 0.5, 0.6, 0.7, 0.3, 0.8, 0.9],
}


def test_random_is_the_anchor_and_else_the_mean() -> None:
    found = summarise(curves("S", **NINE))
    assert found["random"]["elo"][0] == 1000.0 and found["a"]["elo"][0] > 1000.0
    assert found["a"]["win_rate"][0] == pytest.approx((4 + 4 * 0.5) / 9, abs=1e-6)  # beats both on four, one on four
    others = summarise(curves("S", a=NINE["a"], b=NINE["b"]))  # on six `a` is better, on one they tie
    assert others["a"]["win_rate"][0] == pytest.approx(6.5 / 9, abs=1e-6)
    assert others["a"]["elo"][0] + others["b"]["elo"][0] == pytest.approx(2000, abs=0.11)


def test_one_pooled_suite_has_the_ratings_of_its_own_summary() -> None:
    group = {"Nine": curves("Nine", **NINE)}
    found, own = with_ratings(pooled(group), group)["ratings"], summarise(group["Nine"])
    assert found == {n: {key: own[n][key] for key in ("win_rate", "elo")} for n in NINE}
    assert found["a"]["win_rate"][1] is not None


def test_pooled_suites_weigh_the_same_and_rate_those_that_ran_on_all() -> None:
    """`a` wins 8 of 10 and 8 of 20: .6 over suites, 16 of 30 over tasks."""
    group = {
        "Ten": curves("Ten", a=[0.1] * 8 + [0.9] * 2, random=[0.5] * 10, b=[0.2] * 10),
        "Twenty": curves("Twenty", a=[0.1] * 8 + [0.9] * 12, random=[0.5] * 20),
    }
    found = with_ratings(pooled(group), group)["ratings"]
    assert list(found) == ["a", "random"] and found["a"]["win_rate"][0] == 0.6
    assert found["a"]["elo"][0] == pytest.approx(1000 + 400 * math.log10(1.5), abs=0.06)
    low, high = found["a"]["win_rate"][1:]
    assert low < 0.6 < high and found["random"]["win_rate"][1:] == pytest.approx([1 - high, 1 - low], abs=1e-5)


def test_no_pooled_suite_has_no_ratings() -> None:
    group = {"Three": curves("Three", a=[0.1] * 3, random=[0.5] * 3)}
    assert with_ratings(pooled(group), group)["ratings"] == {}
