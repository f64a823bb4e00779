"""The ways to search a pool, each against the definition of the distance, column by column in float64."""

from __future__ import annotations

from collections.abc import Callable

import ConfigSpace as cs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_spaces import KINDS, odd_space, tied_points

from hpo_gym.base import seeding
from hpo_gym.problem.nearest import exact as exactly
from hpo_gym.problem.nearest import scan
from hpo_gym.problem.nearest.candidates import Search, Shut, settle
from hpo_gym.problem.nearest.dense import Dense
from hpo_gym.problem.nearest.exact import Exact
from hpo_gym.problem.nearest.patterns import Patterns
from hpo_gym.problem.nearest.pool import Pool
from hpo_gym.problem.nearest.tree import Tree
from hpo_gym.problem.space import SearchSpace


def by_definition(space: SearchSpace, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Squared distances ``(n, m)``, a column at a time."""
    here, there = space.active(x), space.active(rows)
    total = np.zeros((len(x), len(rows)))
    for j, h in enumerate(space.hyperparameters):
        both = here[:, None, j] & there[None, :, j]
        apart = x[:, None, j] - rows[None, :, j]
        if not h.metric:
            apart = h.numbers(x[:, j])[:, None] != h.numbers(rows[:, j])[None]
        total += np.where(both, apart * apart if h.metric else apart, here[:, None, j] != there[None, :, j])
    return total.round(12)


def lowest_of_the_least(far: np.ndarray, closed: np.ndarray) -> list[int]:
    """The answer by brute force; `closed` is ``(n, m)``."""
    far = np.where(closed, np.inf, far)
    return np.where(closed.all(1), -1, far.argmin(1)).tolist()


def patterns(space: SearchSpace, x: np.ndarray) -> Search:
    same = Exact(space.active(x).astype(float)).group
    return Patterns(space, x, same) if space.conditional else Dense(space, x)


def any_tree(space: SearchSpace, x: np.ndarray) -> Search:
    return Dense(space, x) if space.conditional else Tree(space, x)


WAYS: dict[str, Callable[[SearchSpace, np.ndarray], Search]] = {"dense": Dense, "patterns": patterns, "tree": any_tree}
METRIC = ("float", "log float", "int", "log int", "ordinal")
OTHER = ("categorical", "constant", "flag")
MIXES = {"all": KINDS, "metric": METRIC, "other": OTHER, "grid": ("ordinal", "flag", "categorical")}


@pytest.mark.long
@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=50)  # of each of twelve pairs
@given(seed=st.integers(0, 10**6))
def test_the_nearest_is_the_lowest_of_the_least_by_definition(way: str, mix: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    conditions = 0.0 if way == "tree" else 0.7
    space = odd_space(rng, int(rng.integers(2, 9)), kinds=MIXES[mix], conditions=conditions)
    rows, x = tied_points(rng, space, int(rng.integers(3, 120))), tied_points(rng, space, 30)
    search, far = WAYS[way](space, rows), by_definition(space, x, rows)
    some = rng.random((4, len(rows))) < rng.choice([0.1, 0.5, 0.9])
    some[0] = True
    who = rng.integers(0, 4, len(x))
    for shut, closed in (
        (None, np.zeros(far.shape, bool)),
        (Shut(some[1:2], None), np.broadcast_to(some[1], far.shape)),
        (Shut(some, who), some[who]),
    ):
        expected = lowest_of_the_least(far, closed)
        assert settle(space, x, rows, search.find(x, shut)).tolist() == expected
        for i in range(0, len(x), 8):
            one, mine = x[i : i + 1], None if shut is None else shut.some(np.array([i]))
            assert settle(space, one, rows, search.find(one, mine)).tolist() == expected[i : i + 1]


def floats(d: int) -> SearchSpace:
    return SearchSpace(cs.ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(d)}))


# ---------------------------------------------------------------------- which way is taken


def test_small_and_large_pools_answer_by_one_rule() -> None:
    """2 x 20,001 rows, each twice; half of the points lie midway between two rows, where the lower one answers."""
    space = floats(2)
    x = space.snap(np.stack([np.arange(20_001) / 20_000, np.full(20_001, 0.5)], 1))
    pool = Pool(space, np.concatenate([x, x]))
    asked = space.snap(np.array([[0.5 / 20_000, 0.5], [3.0 / 20_000, 0.25], [1.0, 0.9], [0.25, 0.5]]))
    assert type(pool._search) is Tree
    assert pool.nearest(asked).tolist() == [0, 3, 20_000, 5_000]
    allowed = np.ones(len(pool.x), bool)
    allowed[[0, 3, 5_000]] = False
    assert pool.nearest(asked, allowed).tolist() == [1, 20_004, 20_000, 25_001]
    allowed[:39_990] = False  # so far away that the tree gives up and all rows are looked at
    assert pool.nearest(asked, allowed).tolist() == [39_990, 39_990, 40_001, 39_990]


def test_rows_all_as_near_are_answered_by_the_lowest() -> None:
    """A circle of 400 rows around the middle, on a grid: more ties than the tree asks neighbours for."""
    space, rng = floats(2), np.random.default_rng(0)
    corners = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]])
    rows = corners[rng.integers(0, 4, 400)]
    for search in (Tree(space, rows), Dense(space, rows)):
        middle = np.full((3, 2), 0.5)
        shut = Shut(np.arange(400) < np.array([[0], [17], [400]]), np.arange(3))
        assert settle(space, middle, rows, search.find(middle, shut)).tolist() == [0, 17, -1]


@pytest.mark.parametrize("held", [1, 7, 64, 1 << 20])
def test_how_many_products_are_held_changes_no_answer(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_HELD", held)
    monkeypatch.setattr(scan, "_POINTS", 1)
    rng = np.random.default_rng(3)
    space = odd_space(rng, 6, conditions=0.6)
    rows, x = tied_points(rng, space, 61), tied_points(rng, space, 45)
    closed = rng.random((45, 61)) < 0.5
    found = settle(space, x, rows, Dense(space, rows).find(x, Shut(closed, np.arange(45))))
    assert found.tolist() == lowest_of_the_least(by_definition(space, x, rows), closed)


def test_float32_that_cannot_tell_two_rows_apart_does_not_choose() -> None:
    """The second row is nearer by 2^-30 of the square; in float32 both products are the same."""
    space = floats(1)
    rows = space.snap(np.array([[0.75 + 2.0**-30], [0.25]]))
    search, x = Dense(space, rows), np.array([[0.5]])
    assert len(set(search.find(x, None).row.tolist())) == 2
    assert settle(space, x, rows, search.find(x, None)).tolist() == [1]


# ---------------------------------------------------------------------- exactly
def dictionary(x: np.ndarray) -> dict[tuple[float, ...], int]:
    found: dict[tuple[float, ...], int] = {}
    for row, one in enumerate(x.tolist()):
        found.setdefault(tuple(one), row)
    return found


@pytest.mark.long
@pytest.mark.parametrize("small", [0, 8192])
@pytest.mark.parametrize("poor", [False, True])
@settings(deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_row_is_found_as_in_a_dictionary_also_where_hashes_collide(poor: bool, small: int, seed: int) -> None:
    """With a poor hash, the sum of the columns, all orders of the same values collide."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (int(rng.integers(1, 60)), 3)) / 4.0
    every = np.stack(np.meshgrid(*[np.arange(4) / 4.0] * 3), -1).reshape(-1, 3)
    known = dictionary(x)
    expected = [known.get(tuple(one), -1) for one in every.tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exactly, "_SMALL", small)  # more rows than that have no dictionary for one point
        if poor:
            patch.setattr(seeding, "mix", lambda a, salt: np.zeros_like(a))
        exact = Exact(x)
        assert exact.rows(every).tolist() == expected
        assert [int(exact.rows(one[None])[0]) for one in every] == expected
        assert [exact.row(one) for one in every] == expected
    assert exact.group.tolist() == [known[tuple(one)] for one in x.tolist()]
    assert exact.distinct == (len(known) == len(x))
    assert exact.rows(every[:0]).tolist() == []


@pytest.mark.parametrize("small", [0, 8192])
def test_most_points_in_float32_are_found_where_no_two_rows_are_too_close(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactly, "_SMALL", small)
    x = np.random.default_rng(0).random((300, 3))
    rounded = x.astype(np.float32).astype(np.float64)
    found = exactly.Exact(x).rows(rounded)
    assert (rounded != x).all() and (found >= 0).mean() > 0.7
    assert found[found >= 0].tolist() == np.flatnonzero(found >= 0).tolist()
    close = np.concatenate([x, x[:1] + 2.0**-40])
    assert exactly.Exact(close).rows(close).tolist() == list(range(301))
    assert exactly.Exact(close).rows(rounded[:1]).tolist() == [-1]
    assert [exactly.Exact(x).row(one) for one in (rounded[7], x[7], x[7] + 2.0**-20)] == [7, 7, -1]
