"""Groups and win rates of a table, by hand; tests of pairs equal to single ones, and what few families can show."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_gym.bench.groups import letters, pooled_groups, suite_groups, with_groups
from hpo_gym.bench.metrics import Curves, summarise, win_rate
from hpo_gym.bench.pooling import pooled, with_ratings
from hpo_gym.bench.significance import differing, holm


def apart(k: int, *pairs: tuple[int, int]) -> np.ndarray:
    found = np.zeros((k, k), bool)
    for i, j in pairs:
        found[i, j] = found[j, i] = True
    return found


def curves(suite: str, values: dict[str, list[float]]) -> list[Curves]:
    """One task of each family, runs of one trial."""
    k = len(next(iter(values.values())))
    names = tuple(f"{suite}{i:02}" for i in range(k))
    return [Curves(suite, n, names, np.array(v)[:, None, None], names) for n, v in values.items()]


# ---------------------------------------------------------------------- letters
@pytest.mark.parametrize(
    ("k", "pairs", "expected"),
    [
        (3, [(0, 2)], ["a", "ab", "b"]),  # A is like B, B like C, A not like C
        (3, [], ["a", "a", "a"]),
        (3, [(0, 1), (0, 2), (1, 2)], ["a", "b", "c"]),
        (3, [(0, 1), (0, 2)], ["a", "b", "b"]),
        (3, [(0, 1)], ["a", "b", "ab"]),  # the worst varies most
        (4, [(0, 2), (0, 3), (1, 3)], ["a", "ab", "bc", "c"]),
        (4, [(0, 2), (1, 3)], ["ab", "ac", "cd", "bd"]),  # a ring
        (1, [], ["a"]),
    ],
)
def test_letters_by_hand(k: int, pairs: list[tuple[int, int]], expected: list[str]) -> None:
    assert letters(apart(k, *pairs)) == expected


@given(
    st.integers(1, 8).flatmap(lambda k: st.tuples(st.just(k), st.sets(st.sampled_from([*combinations(range(8), 2)]))))
)
@settings(max_examples=20, deadline=None)
def test_exactly_those_share_a_letter_that_are_not_apart(given: tuple[int, set[tuple[int, int]]]) -> None:
    k, pairs = given
    inside = {(i, j) for i, j in pairs if j < k}
    found = letters(apart(k, *inside))
    assert all(found) and all(len(set(text)) == len(text) for text in found)
    for i, j in combinations(range(k), 2):
        assert bool(set(found[i]) & set(found[j])) == ((i, j) not in inside)


# ---------------------------------------------------------------------- tests of pairs
def test_groups_of_a_suite_by_hand() -> None:
    """Ten families: .1, .2 (noisy), .3. The last differs from the first in one sign: p 2/2^10, Holm's 3/512."""
    noisy = [0.1, 0.3] * 5
    found = suite_groups(curves("S", {"low": [0.1] * 10, "last": [0.3] * 10, "mid": noisy}))
    assert found == {"low": "a", "mid": "ab", "last": "b"} and list(found) == ["low", "mid", "last"]


@pytest.mark.parametrize(("pairs", "apart"), [(96, True), (97, False)])
def test_all_exchanges_are_tried_where_they_are_no_more_than_drawn_ones(pairs: int, apart: bool) -> None:
    """Of sixteen families one speaks against: 17 of 2^15 exchanges part as far, p .00052; times 96 it is .0498."""
    signs = np.array([1.0] * 15 + [-1.0])

    def statistic(swapped: np.ndarray, which: np.ndarray) -> np.ndarray:
        return np.outer(np.where(swapped, -1.0, 1.0) @ signs, which == 0)

    assert differing(statistic, pairs, 16).tolist() == [apart] + [False] * (pairs - 1)  # type: ignore[union-attr]


@pytest.mark.parametrize(("optimizers", "families", "some"), [(2, 5, False), (2, 6, True), (3, 6, False), (3, 7, True)])
def test_few_families_tell_nothing_apart(optimizers: int, families: int, some: bool) -> None:
    """Pairs times 2 / 2^f must not be above .05: one pair needs six families, three need seven."""
    values = {f"o{i}": [0.1 + 0.2 * i] * families for i in range(optimizers)}
    found = suite_groups(curves("S", values))
    assert found == (dict(zip(values, "abc", strict=False)) if some else {})
    assert differing(lambda swapped, which: np.ones((len(swapped), len(which))), 1, 1) is None


def test_what_has_no_number_is_not_told_apart() -> None:
    """Of two pairs, one differs in all seven families, and one is NaN: no p speaks for the latter."""

    def statistic(swapped: np.ndarray, which: np.ndarray) -> np.ndarray:
        sums = np.where(swapped, -1.0, 1.0).sum(axis=1)
        return np.stack([sums, np.full(len(sums), np.nan)], axis=1)[:, which]

    for families in (7, 20):  # all exchanges, and drawn ones
        assert differing(statistic, 2, families).tolist() == [True, False]  # type: ignore[union-attr]


# ---------------------------------------------------------------------- several suites
def test_groups_of_pooled_suites_agree_with_their_p() -> None:
    rng = np.random.default_rng(3)
    by = {
        s: curves(
            s,
            {
                n: (0.2 + rng.random(6) * 0.1 + shift).tolist()
                for n, shift in (("portfolio", 0.0), ("a", 0.02), ("b", 0.2))
            },
        )
        for s in ("A", "B")
    }
    found = with_groups(pooled(by, anchors=("portfolio", "a", "b"), least=2), by)["groups"]
    ps = {
        a + b: found_p["optimizers"][b]["p"]
        for a, b in combinations(("portfolio", "a", "b"), 2)
        for found_p in [pooled(by, anchors=(a,), least=2)["anchors"][a]]
    }
    corrected = holm(ps)
    assert (not set(found["portfolio"]) & set(found["b"])) == (corrected["portfoliob"] <= 0.05)  # type: ignore[operator]
    assert (not set(found["portfolio"]) & set(found["a"])) == (corrected["portfolioa"] <= 0.05)  # type: ignore[operator]
    assert pooled_groups(by, ["portfolio", "a", "b"]) == found


def test_who_lacks_a_pooled_suite_has_no_letter() -> None:
    values = {n: [0.1 + s] * 8 for n, s in (("portfolio", 0.0), ("a", 0.2), ("b", 0.4))}
    by = {"A": curves("A", values), "B": curves("B", {n: v for n, v in values.items() if n != "a"})}
    assert with_groups(pooled(by, least=2), by)["groups"] == {"portfolio": "a", "b": "b"}
    assert with_groups(pooled({}), {})["groups"] == {}


# ---------------------------------------------------------------------- win rates
NINE = {
    "a": [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9],
    "b": [0.2, 0.3, 0.2, 0.3, 0.3, 0.4, 0.5, 0.1, 0.9],
    "random": [0.5, 0.1, 0.4, 0.5, 0.6, 0.7, 0.3, 0.8, 0.9],
}


def test_a_tie_counts_a_half() -> None:
    assert win_rate(np.array([[0.5, 0.5], [0.1, 0.2], [0.3, 0.3 + 1e-13]])).tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]
    assert win_rate(np.array([[1.0, 1.0, 2.0, 1.0]])).tolist() == [[2 / 3, 2 / 3, 0, 2 / 3]]


def test_the_summary_by_hand() -> None:
    found = summarise(curves("S", NINE))["a"]["win_rate"]  # beats both on four, one on four
    assert found[0] == pytest.approx((4 + 4 * 0.5) / 9, abs=1e-6) and found[1] < found[0] < found[2]
    alone = summarise(curves("S", {"a": [0.5] * 9}))["a"]
    assert alone["win_rate"] == [None, None, None] and alone["rank"] == [1.0, 1.0, 1.0]


def test_one_pooled_suite_has_the_ratings_of_its_own_summary() -> None:
    group = {"Nine": curves("Nine", NINE)}
    own = summarise(group["Nine"])
    assert with_ratings(pooled(group), group)["ratings"] == {n: {"win_rate": own[n]["win_rate"]} for n in NINE}


def test_pooled_suites_weigh_the_same_and_rate_those_that_ran_on_all() -> None:
    """`a` wins 8 of 10 and 8 of 20: .6 over suites, 16 of 30 over tasks."""
    group = {
        "Ten": curves("Ten", {"a": [0.1] * 8 + [0.9] * 2, "random": [0.5] * 10, "b": [0.2] * 10}),
        "Twenty": curves("Twenty", {"a": [0.1] * 8 + [0.9] * 12, "random": [0.5] * 20}),
    }
    found = with_ratings(pooled(group), group)["ratings"]
    assert list(found) == ["a", "random"] and found["a"]["win_rate"][0] == 0.6
    low, high = found["a"]["win_rate"][1:]
    assert low < 0.6 < high and found["random"]["win_rate"][1:] == pytest.approx([1 - high, 1 - low], abs=1e-5)
    few = {"Three": curves("Three", {"a": [0.1] * 3, "random": [0.5] * 3})}
    assert with_ratings(pooled(few), few)["ratings"] == {}
