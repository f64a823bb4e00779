"""Statistics of regret: invariances, refusals, and intervals that cover; answers by hand: `test_metrics_answers`."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.metrics import (
    Curves,
    normalised_regret,
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
