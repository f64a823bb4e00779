"""Exchanges of two optimizers by family, and Holm's correction: equal to loops, and right where nothing is found."""

from __future__ import annotations

import numpy as np
import pytest
import slow_statistics as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_gym.bench.intervals import placed
from hpo_gym.bench.significance import holm, mean_p, swap_p

EIGHTHS = st.integers(-8, 8).map(lambda i: i / 8)  # sums are exact, and ties are common


@given(st.lists(st.tuples(EIGHTHS, st.sampled_from("abcdef")), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_p_of_a_mean_is_that_of_all_exchanges(pairs: list[tuple[float, str]]) -> None:
    values, families = np.array([v for v, _ in pairs]), [f for _, f in pairs]
    found = mean_p(values, families)
    if len(set(families)) == 1:
        assert found is None
        return
    expected = slow.exchanged_p(lambda swapped: slow.mean([-v if f in swapped else v for v, f in pairs]), families)
    assert found == pytest.approx(expected, abs=1e-6)


def test_p_by_hand() -> None:
    assert mean_p(np.array([1.0, 1.0, 1.0]), "abc") == 0.25  # of 8 exchanges two leave all signs alike
    assert mean_p(np.array([1.0, 1.0, 1.0]), "aab") == 0.5  # a family is exchanged as a whole
    assert mean_p(np.array([3.0, -1.0, 0.0]), "abc") == 1.0  # 2 is the least that there is: 2, 4
    assert mean_p(np.zeros(4), "abcd") == 1.0
    assert mean_p(np.array([1.0, -1.0]), "aa") is None
    assert mean_p(np.array([np.nan, 1.0]), "ab") is None
    assert swap_p(lambda swapped: np.ones(len(swapped)), 1) is None


@pytest.mark.parametrize(("k", "exact"), [(14, True), (15, False)])
def test_many_families_are_exchanged_at_random(k: int, exact: bool) -> None:
    """Of 14 families the share of all 2 ** 14 exchanges, of 15 near to it, and never 0."""
    names = [f"f{i:02}" for i in range(k)]
    values = np.random.default_rng(5).normal(0.5, 1.0, k)
    signs = np.array(np.meshgrid(*[[1.0, -1.0]] * k)).reshape(k, -1)
    every = float((np.abs(values @ signs) >= abs(values.sum()) - 1e-9).mean())
    found = mean_p(values, names)
    assert found is not None
    assert found == pytest.approx(every, abs=1e-6 if exact else 0.01)
    clear = mean_p(np.ones(40), [f"f{i:02}" for i in range(40)])
    assert clear == 1e-4


def test_p_is_uniform_where_two_optimizers_are_alike() -> None:
    """Also where families differ in size and one is of far larger values: 5 % of p are at most .05, not more."""
    rng = np.random.default_rng(11)
    families = [f"f{i:02}" for i in rng.integers(0, 9, 30)]
    _, place = placed(families)
    scale = np.where(place == 0, 20.0, 1.0)
    ps = []
    for _ in range(1500):
        common = rng.normal(size=place.max() + 1)[place]
        p = mean_p(scale * (common + rng.normal(size=30)), families)
        assert p is not None
        ps.append(p)
    assert np.mean(np.array(ps) <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(np.array(ps) <= 0.5) == pytest.approx(0.5, abs=0.04)


# ---------------------------------------------------------------------- Holm
def test_holm_by_hand() -> None:
    """Holm (1979); the third is carried up to the second's 0.04."""
    assert holm({"a": 0.01, "b": 0.02, "c": 0.03, "d": None}) == {"a": 0.03, "b": 0.04, "c": 0.04, "d": None}
    assert holm({"a": 0.5, "b": 0.6}) == {"a": 1.0, "b": 1.0}
    assert holm({"a": 0.04}) == {"a": 0.04}
    assert holm({"a": None}) == {"a": None} and holm({}) == {}


@given(st.lists(st.integers(0, 100).map(lambda i: i / 100), min_size=1, max_size=8))
def test_holm_equals_a_loop(ps: list[float]) -> None:
    found = holm({str(i): p for i, p in enumerate(ps)})
    assert [found[str(i)] for i in range(len(ps))] == pytest.approx(slow.holm(ps), abs=1e-6)
