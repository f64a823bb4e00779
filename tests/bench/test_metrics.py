"""Statistics of regret: invariances, refusals, and intervals that cover; answers by hand: `test_metrics_answers`."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.intervals import Resamples
from hpo_gym.bench.metrics import (
    Curves,
    cliques,
    normalised_regret,
    ranks,
    summarise,
)

NAMES = ("portfolio", "a", "b", "c")


def curves(regret, optimizer="a", suite="S", tasks=None):
    regret = np.asarray(regret, float)
    return Curves(suite, optimizer, tasks or tuple(f"t{i}" for i in range(len(regret))), regret)


def group(seed=0, k=8, r=3, h=6, names=NAMES):
    rng = np.random.default_rng(seed)
    return [curves(np.minimum.accumulate(rng.random((k, r, h)), axis=2), n) for n in names]


# --- normalised regret


@pytest.mark.parametrize(("best", "worst"), [(0.0, 1.0), (np.nan, 0.0), (np.inf, 0.0)])
def test_best_and_worst_must_be_ordered_and_finite(best, worst):
    with pytest.raises(InvalidValueError, match="`worst <= best` must hold and both be finite"):
        normalised_regret([0.5], best, worst)


@pytest.mark.long
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


# --- ranks and cliques


@pytest.mark.long
@given(hnp.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(0, 1)))
def test_ranks_of_a_task_sum_to_the_same(values):
    a = values.shape[1]
    np.testing.assert_allclose(ranks(values).sum(axis=1), a * (a + 1) / 2)


@given(st.lists(st.floats(1, 9), min_size=1, max_size=9), st.floats(0.1, 5))
def test_cliques_hold_every_pair_that_is_not_told_apart(mean_ranks, difference):
    found = cliques(mean_ranks, difference)
    ordered = sorted(mean_ranks)
    for i in range(len(ordered)):
        for j in range(i + 1, len(ordered)):
            assert (ordered[j] <= ordered[i] + difference) == any(a <= i and j <= b for a, b in found)


# --- intervals


def test_interval_covers_the_true_mean_and_agrees_with_the_normal_one():
    rng, k, hits, widths = np.random.default_rng(1), 50, 0, []
    sample = Resamples.of([f"t{i:02}" for i in range(k)])
    for _ in range(300):
        _, low, high = sample.mean(rng.normal(0.3, 0.1, k))
        hits += low <= 0.3 <= high
        widths.append(high - low)
    assert 0.93 <= hits / 300 <= 0.99
    assert np.mean(widths) == pytest.approx(2 * 2.14 * 0.1 / math.sqrt(k), rel=0.05)  # of a tail of .0165


# --- summaries


def test_without_the_portfolio_its_columns_are_none():
    s = summarise(group(names=("a", "b")))["a"]
    assert s["gain"] == s["ratio"] == s["p_better"] == [None, None, None]
    assert s["p"] is s["p_holm"] is None
    json.dumps(s, allow_nan=False)


@pytest.mark.long
@settings(max_examples=25)
@given(st.integers(0, 10**6), st.permutations(range(8)), st.permutations(range(4)))
def test_order_of_tasks_and_optimizers_changes_nothing(seed, tasks, optimizers):
    given_curves = group(seed)
    families = ("x", "y", "x", "z", "y", "x", "w", "v")
    given_curves = [replace(c, families=families) for c in given_curves]
    moved = [
        replace(c, regret=c.regret[tasks], tasks=[c.tasks[i] for i in tasks], families=[families[i] for i in tasks])
        for c in given_curves
    ]
    want = json.dumps(summarise(given_curves))
    assert json.dumps(summarise([moved[i] for i in optimizers])) == want
    assert json.dumps(summarise([given_curves[0], *moved[1:]])) == want


@pytest.mark.long
@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_summaries_are_ordered_and_ranks_add_up(seed):
    got = summarise(group(seed))
    for s in got.values():
        for value in (
            s["auc"],
            s["log_auc"],
            s["rank"],
            s["win_rate"],
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
    assert all(s["win_rate"][0] == pytest.approx((4 - s["rank"][0]) / 3, abs=1e-6) for s in got.values())


def test_another_optimizer_leaves_all_but_ranks_and_the_correction_alone():
    few, many = summarise(group()[:2]), summarise(group())
    others = {"rank", "win_rate", "p_holm"}
    assert {k: v for k, v in few["a"].items() if k not in others} == {
        k: v for k, v in many["a"].items() if k not in others
    }


def test_replicates_are_averaged_first():
    c = curves([[[0.1], [0.3]], [[0.2], [0.6]]])
    assert summarise([c])["a"]["auc"] == summarise([curves(c.mean[:, None, :])])["a"]["auc"]
