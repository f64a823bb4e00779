"""Statistics of regret: values worked by hand, invariances, and intervals that cover."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from hpo_gym.bench.bootstrap import RESAMPLES, Resamples, plain
from hpo_gym.bench.metrics import (
    Curves,
    auc,
    better,
    cliques,
    compare,
    critical_difference,
    friedman,
    iqm,
    log_auc,
    normalised_regret,
    performance_profile,
    ranks,
    regret_at,
    solved,
    summarise,
)
from hpo_gym.errors import InvalidValueError

NAMES = ("portfolio", "a", "b", "c")


def curves(regret, optimizer="a", suite="S", tasks=None):
    regret = np.asarray(regret, float)
    return Curves(suite, optimizer, tasks or tuple(f"t{i}" for i in range(len(regret))), regret)


def group(seed=0, k=7, r=3, h=6, names=NAMES):
    rng = np.random.default_rng(seed)
    return [curves(np.minimum.accumulate(rng.random((k, r, h)), axis=2), n) for n in names]


# --- normalised regret


def test_regret_is_zero_at_the_best_and_one_at_the_worst():
    got = normalised_regret([[[0.0, 5.0, 10.0]], [[2.0, 3.0, 4.0]]], [10.0, 4.0], [0.0, 2.0])
    assert got.tolist() == [[[1.0, 0.5, 0.0]], [[1.0, 0.5, 0.0]]]


def test_a_constant_task_has_no_regret_and_a_failed_cell_stays_nan():
    got = normalised_regret([[3.0, -np.inf, np.nan]], [3.0], [3.0])
    assert got[0, :2].tolist() == [0.0, 1.0] and np.isnan(got[0, 2])


def test_before_the_first_success_regret_is_one():
    assert normalised_regret([-np.inf, 1.0], 2.0, 0.0).tolist() == [1.0, 0.5]


def test_only_what_rounding_explains_is_clipped():
    assert normalised_regret(np.float64(np.float32(0.1)), 0.1, 0.0) == 0.0  # float32 of .1 is above .1
    with pytest.raises(InvalidValueError, match=r"`score <= best` must hold, got a score of 0\.01 above it"):
        normalised_regret([1.01], 1.0, 0.0)


@pytest.mark.parametrize(("best", "worst"), [(0.0, 1.0), (np.nan, 0.0), (np.inf, 0.0)])
def test_best_and_worst_must_be_ordered_and_finite(best, worst):
    with pytest.raises(InvalidValueError, match="`worst <= best` must hold and both be finite"):
        normalised_regret([0.5], best, worst)


@given(
    hnp.arrays(float, (3, 2, 4), elements=st.floats(-5, 5)),
    st.floats(0.01, 100),
    st.floats(-100, 100),
)
def test_regret_ignores_shift_and_scale_and_falls_as_the_incumbent_rises(scores, a, b):
    incumbent = np.maximum.accumulate(scores, axis=2)
    best, worst = scores.max(axis=(1, 2)) + 1.0, scores.min(axis=(1, 2)) - 1.0
    got = normalised_regret(incumbent, best, worst)
    assert (got >= 0).all() and (got <= 1).all() and (np.diff(got, axis=2) <= 0).all()
    np.testing.assert_allclose(normalised_regret(a * incumbent + b, a * best + b, a * worst + b), got, atol=1e-6)


# --- Curves


@pytest.mark.parametrize(
    ("regret", "tasks", "match"),
    [
        (np.zeros((2, 3)), ("x", "y"), "must have shape"),
        (np.zeros((2, 0, 3)), ("x", "y"), "must have shape"),
        (np.zeros((2, 1, 3)), ("x",), "must have shape"),
        (np.zeros((2, 1, 3)), ("x", "x"), "`tasks` must be unique"),
        ([[[np.nan, 0.1]]], ("x",), "must be NaN at all trials"),
        ([[[-0.1, 0.1]]], ("x",), "`0 <= regret < inf` must hold"),
        ([[[np.inf, 0.1]]], ("x",), "`0 <= regret < inf` must hold"),
    ],
)
def test_curves_refuse_what_is_not_regret(regret, tasks, match):
    with pytest.raises(InvalidValueError, match=match):
        curves(regret, tasks=tasks)


def test_curves_hold_a_copy_that_nobody_can_change():
    given_array = np.zeros((1, 1, 2))
    c = curves(given_array)
    given_array[:] = 1
    assert c.regret.sum() == 0
    with pytest.raises(ValueError, match="read-only"):
        c.regret[0, 0, 0] = 1


def test_a_failed_cell_counts_as_regret_one_and_is_counted():
    c = curves([[[0.2, 0.0], [np.nan, np.nan]]])
    assert auc(c) == pytest.approx([(0.1 + 1.0) / 2])
    assert solved(c).tolist() == [0.5] and c.failed.tolist() == [[False, True]]
    s = summarise([c], portfolio="a")["a"]
    assert (s["cells"], s["failed_cells"], s["n_tasks"]) == (2, 1, 1)


# --- values of one task


def test_values_worked_by_hand():
    c = curves([[[0.9, 0.1, 0.0], [0.4, 0.4, 0.01]], [[1.0, 0.5, 0.009], [0.0, 0.0, 0.0]]])
    np.testing.assert_allclose(auc(c), [1.81 / 6, 1.509 / 6])
    first = np.mean([math.log10(v + 0.001) for v in (0.9, 0.1, 0.0, 0.4, 0.4, 0.01)])
    assert log_auc(c)[0] == pytest.approx(first)
    np.testing.assert_allclose(regret_at(c, 2), [0.25, 0.25])
    np.testing.assert_allclose(regret_at(c, 33), [0.005, 0.0045])  # beyond the budget: the last
    assert solved(c).tolist() == [0.5, 1.0]  # .01 is not below .01
    with pytest.raises(InvalidValueError, match="`trial >= 1` must hold"):
        regret_at(c, 0)


def test_ranks_share_ties_even_where_rounding_parts_them():
    assert ranks(np.array([[0.3, 0.1 + 0.2, 0.1]])).tolist() == [[2.5, 2.5, 1.0]]
    assert better(np.array([0.1, 0.3, 0.5]), np.array([0.2, 0.1 + 0.2, 0.2])).tolist() == [1.0, 0.5, 0.0]


@given(hnp.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(0, 1)))
def test_ranks_of_a_task_sum_to_the_same(values):
    a = values.shape[1]
    np.testing.assert_allclose(ranks(values).sum(axis=1), a * (a + 1) / 2)


def test_interquartile_mean_cuts_weight_not_values():
    assert iqm(np.array([0.0, 1.0, 2.0, 100.0])) == pytest.approx(1.5)
    assert iqm(np.array([100.0, 1.0])) == pytest.approx(50.5)
    x = np.random.default_rng(0).random(40)
    assert iqm(x) == pytest.approx(stats.trim_mean(x, 0.25))


def test_performance_profile_is_a_distribution_function():
    values = np.array([0.1, 0.3, 0.3, 0.8])
    assert performance_profile(values, np.array([0.0, 0.1, 0.3, 1.0])).tolist() == [0.0, 0.25, 0.75, 1.0]


# --- tests over ranks


def test_critical_difference_is_the_published_one():
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)  # Demsar (2006), section 3.2.2
    assert critical_difference(2, 6) == pytest.approx(1.960 * math.sqrt(2 * 3 / 36), abs=1e-3)  # his table 5
    assert critical_difference(10, 1, 0.1) == pytest.approx(2.920 * math.sqrt(10 * 11 / 6), abs=5e-3)
    with pytest.raises(InvalidValueError, match="`n_optimizers >= 2`"):
        critical_difference(1, 3)


def test_friedman_worked_by_hand():
    values = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [2.0, 1.0, 3.0]])  # rank sums 4, 5, 9
    statistic, p = friedman(values)
    assert statistic == pytest.approx(12 / (3 * 3 * 4) * (16 + 25 + 81) - 3 * 3 * 4)
    assert p == pytest.approx(math.exp(-statistic / 2))  # chi squared with two degrees of freedom


@pytest.mark.parametrize("values", [np.eye(3)[:, :2], np.eye(3)[:1], np.ones((4, 3))])
def test_friedman_is_undefined_without_three_optimizers_two_families_and_a_difference(values):
    assert all(math.isnan(v) for v in friedman(values))


def test_cliques_are_the_largest_groups():
    assert cliques([1.0, 2.0, 3.0, 6.0, 6.5], 1.2) == [(0, 1), (1, 2), (3, 4)]
    assert cliques([3.0, 1.0, 2.0], 2.0) == [(0, 2)]
    assert cliques([1.0, 3.0], 1.0) == []


@given(st.lists(st.floats(1, 9), min_size=1, max_size=9), st.floats(0.1, 5))
def test_cliques_hold_every_pair_that_is_not_told_apart(mean_ranks, difference):
    found = cliques(mean_ranks, difference)
    ordered = sorted(mean_ranks)
    for i in range(len(ordered)):
        for j in range(i + 1, len(ordered)):
            assert (ordered[j] <= ordered[i] + difference) == any(a <= i and j <= b for a, b in found)


# --- bootstrap


def test_equal_tasks_have_an_interval_of_no_width():
    assert Resamples.of(("x", "y")).mean(np.array([0.25, 0.25])) == [0.25, 0.25, 0.25]


def test_resamples_draw_each_task_alike():
    sample = Resamples.of([f"t{i}" for i in range(10)])
    assert sample.resampled.shape == (RESAMPLES, 10)
    np.testing.assert_allclose(sample.resampled.mean(axis=0), 0.1, atol=0.01)
    assert sample.resampled.std() == pytest.approx(math.sqrt(10 * 0.1 * 0.9) / 10, rel=0.03)  # multinomial


def test_interval_covers_the_true_mean_and_agrees_with_the_normal_one():
    rng, k, hits, widths = np.random.default_rng(1), 50, 0, []
    sample = Resamples.of([f"t{i:02}" for i in range(k)])
    for _ in range(300):
        _, low, high = sample.mean(rng.normal(0.3, 0.1, k))
        hits += low <= 0.3 <= high
        widths.append(high - low)
    assert 0.90 <= hits / 300 <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 1.96 * 0.1 / math.sqrt(k), rel=0.05)


def test_ratio_is_paired_and_undefined_over_zero():
    sample = Resamples.of(("x", "y", "z"))
    own = np.array([0.1, 0.2, 0.9])
    assert sample.ratio(own / 2, own) == [0.5, 0.5, 0.5]
    assert sample.ratio(own, np.zeros(3)) == [None, None, None]
    assert sample.ratio(own, np.array([0.0, 0.0, 0.4])) == [3.0, None, None]  # a resample may miss z


def test_plain_numbers_are_json_and_have_no_negative_zero():
    assert (
        json.dumps([plain(-1e-9), plain(0.12345678), plain(math.nan), plain(math.inf)]) == "[0.0, 0.123457, null, null]"
    )


# --- summaries


def test_summary_worked_by_hand():
    portfolio = curves([[[0.4, 0.2]], [[0.2, 0.0]]], "portfolio")
    other = curves([[[0.2, 0.0]], [[0.3, 0.1]]], "other")
    got = summarise([portfolio, other])
    assert list(got) == ["other", "portfolio"]
    s = got["other"]
    assert s["auc"][0] == 0.15 and s["rank"][0] == 1.5 and s["gain"][0] == 0.05  # (.3 - .1 + .1 - .2) / 2
    assert s["p_better"][0] == 0.5 and s["ratio"][0] == 0.75 and s["solved"][0] == 0.5
    assert {t: v[0] for t, v in s["regret"].items()} == {
        "1": 0.25,
        "2": 0.05,
        "5": 0.05,
        "10": 0.05,
        "15": 0.05,
        "33": 0.05,
    }
    p = got["portfolio"]
    assert p["gain"] == [0.0, 0.0, 0.0] and p["ratio"] == [1.0, 1.0, 1.0] and p["p_better"] == [0.5, 0.5, 0.5]


def test_without_the_portfolio_its_columns_are_none():
    s = summarise(group(names=("a", "b")))["a"]
    assert s["gain"] == s["ratio"] == s["p_better"] == [None, None, None]
    assert s["p"] is s["p_holm"] is None
    json.dumps(s, allow_nan=False)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.permutations(range(7)), st.permutations(range(4)))
def test_order_of_tasks_and_optimizers_changes_nothing(seed, tasks, optimizers):
    given_curves = group(seed)
    families = ("x", "y", "x", "z", "y", "x", "w")
    given_curves = [replace(c, families=families) for c in given_curves]
    moved = [
        replace(c, regret=c.regret[tasks], tasks=[c.tasks[i] for i in tasks], families=[families[i] for i in tasks])
        for c in given_curves
    ]
    want = json.dumps(summarise(given_curves))
    assert json.dumps(summarise([moved[i] for i in optimizers])) == want
    assert json.dumps(summarise([given_curves[0], *moved[1:]])) == want


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_summaries_are_ordered_and_ranks_add_up(seed):
    got = summarise(group(seed))
    for s in got.values():
        for value in (
            s["auc"],
            s["log_auc"],
            s["rank"],
            s["gain"],
            s["solved"],
            s["p_better"],
            s["ratio"],
            *s["regret"].values(),
        ):
            assert value[1] - 1e-6 <= value[0] <= value[2] + 1e-6
        at = [s["regret"][t][0] for t in ("1", "2", "5", "10", "15", "33")]
        assert at == sorted(at, reverse=True) and at[-1] >= 0
        assert s["gain"][0] == pytest.approx(got["portfolio"]["auc"][0] - s["auc"][0], abs=2e-6)
    assert sum(s["rank"][0] for s in got.values()) == pytest.approx(10, abs=1e-5)


def test_another_optimizer_leaves_all_but_the_rank_and_the_correction_alone():
    few, many = summarise(group()[:2]), summarise(group())
    others = {"rank", "p_holm"}
    assert {k: v for k, v in few["a"].items() if k not in others} == {
        k: v for k, v in many["a"].items() if k not in others
    }


def test_replicates_are_averaged_first():
    c = curves([[[0.1], [0.3]], [[0.2], [0.6]]])
    assert summarise([c])["a"]["auc"] == summarise([curves(c.mean[:, None, :])])["a"]["auc"]


@pytest.mark.parametrize(
    "other",
    [
        curves(np.zeros((7, 3, 6)), suite="T"),
        curves(np.zeros((7, 3, 5))),
        curves(np.zeros((6, 3, 6))),
        curves(np.zeros((7, 3, 6)), tasks=tuple("abcdefg")),
        replace(curves(np.zeros((7, 3, 6))), families=tuple("aabcdef")),
        replace(curves(np.zeros((7, 3, 6))), score="test"),
    ],
)
def test_curves_that_do_not_belong_together_are_refused(other):
    with pytest.raises(InvalidValueError, match="must be the same for all"):
        summarise([group()[0], other])


def test_no_curves_and_double_names_are_refused():
    with pytest.raises(InvalidValueError, match="must not be empty"):
        summarise([])
    with pytest.raises(InvalidValueError, match="must be unique"):
        summarise(group(names=("a", "a")))


def test_compare_worked_by_hand():
    a, b = curves([[[0.1]], [[0.1]], [[0.3]], [[0.5]]]), curves([[[0.2]], [[0.3]], [[0.6]], [[0.9]]], "b")
    got = compare(a, b)
    assert got["ratio"][0] == 0.5 and got["p_better"] == [1.0, 1.0, 1.0] and got["n_tasks"] == 4
    assert got["p"] == 0.125  # all four signs alike: 2 / 2**4
    back = compare(b, a)
    assert back["ratio"][0] == 2.0 and back["p_better"][0] == 0.0 and back["p"] == 0.125


def test_compare_with_itself_finds_nothing():
    a = group()[0]
    assert compare(a, a) == {"ratio": [1.0] * 3, "p_better": [0.5] * 3, "p": 1.0, "n_tasks": 7, "n_families": 7}
