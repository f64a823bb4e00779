"""The pool: what is near, what is equal, what answers for a row that was not measured; for envs and baselines alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ConfigSpace as cs
import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_baselines._runs.baseline import all_points
from hpo_gym.base.errors import DamagedDataError
from hpo_gym.problem.nearest.answers import ANSWERS, answers_of, read_answers
from hpo_gym.problem.nearest.pool import Gaps, Pool, draw_rows
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.space.forms import read_space


def layers() -> SearchSpace:
    """A share, a model, and a rate that only a net has."""
    model = cs.CategoricalHyperparameter("model", ["tree", "net", "line"])
    rate = cs.UniformFloatHyperparameter("rate", 0.0, 1.0)
    space = cs.ConfigurationSpace()
    space.add(model, rate, cs.UniformFloatHyperparameter("share", 0.0, 1.0), cs.EqualsCondition(rate, model, "net"))
    return SearchSpace(space)


SPACE = layers()
ROWS = [
    {"model": "tree", "share": 0.25},
    {"model": "net", "share": 0.25, "rate": 0.5},
    {"model": "net", "share": 0.75, "rate": 1.0},
    {"model": "line", "share": 0.25},
]
POOL = Pool(SPACE, SPACE.encode(ROWS))
EVERY = np.ones(4, bool)


def at(**config: Any) -> np.ndarray:
    return SPACE.encode([config])


def allowed(*rows: int) -> np.ndarray:
    return np.isin(np.arange(4), rows)


# ---------------------------------------------------------------------- the distance
@pytest.mark.parametrize(
    ("config", "distances"),
    [
        # another choice, and the rate on one side only | .375^2 | .5^2 + .875^2 | another choice, and the rate
        ({"model": "net", "share": 0.25, "rate": 0.125}, [1 + 1, 0.140625, 0.25 + 0.765625, 1 + 1]),
        # only the share | another choice, and the rate on one side only, twice | another choice
        ({"model": "tree", "share": 0.5}, [0.0625, 0.0625 + 1 + 1, 0.0625 + 1 + 1, 0.0625 + 1]),
        ({"model": "line", "share": 0.25}, [1, 1 + 1, 0.25 + 1 + 1, 0]),
    ],
)
def test_the_distances_of_four_rows(config: dict[str, Any], distances: list[float]) -> None:
    assert POOL.distances(at(**config))[0] == pytest.approx(distances, abs=1e-12)
    assert POOL.nearest(at(**config), EVERY).tolist() == [int(np.argmin(distances))]


def test_of_rows_as_near_the_lowest_answers() -> None:
    between = at(model="net", share=0.5, rate=0.75)
    assert POOL.distances(between)[0][[1, 2]].tolist() == [0.125, 0.125]
    assert POOL.nearest(between, EVERY).tolist() == [1]
    assert Pool(SPACE, POOL.x[::-1]).nearest(between, EVERY).tolist() == [1]  # there, row 1 is what was row 2
    assert POOL.nearest(between, allowed(2, 3)).tolist() == [2]


# ---------------------------------------------------------------------- which rows may answer
def test_a_mask_of_one_row_for_each_point_and_one_for_all() -> None:
    x = np.concatenate([at(model="tree", share=0.5)] * 3)
    assert POOL.nearest(x, np.stack([EVERY, allowed(1, 2), allowed(2, 3)])).tolist() == [0, 1, 3]
    assert POOL.nearest(x, allowed(2, 3)).tolist() == [3, 3, 3]


# ---------------------------------------------------------------------- exactly
def test_a_row_answers_for_itself_and_a_point_that_is_none_is_not_found() -> None:
    x = np.concatenate([POOL.x, at(model="net", share=0.25, rate=0.50001)])
    assert POOL.exact(x).tolist() == [0, 1, 2, 3, -1]
    assert [POOL.row(point) for point in x] == [0, 1, 2, 3, -1]
    assert POOL.nearest(POOL.x, allowed(0, 2, 3)).tolist() == [0, 2, 2, 3]


def test_rows_of_one_configuration_are_a_group_of_which_the_lowest_available_is_the_first() -> None:
    pool = Pool(SPACE, POOL.x[[0, 1, 0, 3, 1]])
    assert (pool.group.tolist(), pool.distinct, POOL.distinct) == ([0, 1, 0, 3, 1], False, True)
    assert pool.exact(POOL.x).tolist() == [0, 1, -1, 3]
    assert pool.first(None).tolist() == [True, True, False, True, False]
    assert pool.first(np.array([False, True, True, False, True])).tolist() == [False, True, True, False, False]
    assert pool.nearest(POOL.x[:1], np.array([False, True, True, True, True])).tolist() == [2]


# ---------------------------------------------------------------------- pools


def test_a_small_space_is_listed_without_what_is_inactive_or_forbidden() -> None:
    space = cs.ConfigurationSpace({"a": ["x", "y"], "b": (0, 2), "c": ["p", "q"]})
    space.add(cs.EqualsCondition(space["c"], space["a"], "y"))
    space.add(
        cs.ForbiddenAndConjunction(cs.ForbiddenEqualsClause(space["a"], "x"), cs.ForbiddenEqualsClause(space["b"], 2))
    )
    listed = all_points(SearchSpace(space))
    assert listed is not None
    assert len(listed) == 2 + 6  # x with 0 or 1, y with 3 x 2
    assert all_points(SPACE) is None


# ---------------------------------------------------------------------- gaps
MEASURED = np.array([[True, True, True, False], [False, False, True, True]])


def test_the_nearest_measured_row_answers_for_one_that_was_not_measured() -> None:
    gaps = Gaps(MEASURED, lambda k: POOL)
    task, rows = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    for _ in range(2):  # found, then remembered
        assert gaps.answering(task, rows).tolist() == [0, 1, 2, 0, 3, 2, 2, 3]


@pytest.fixture
def line() -> tuple[Pool, list[int]]:
    """200 points of a line, and the sizes of the searches for the nearest."""
    pool, asked = Pool(SearchSpace(cs.ConfigurationSpace({"u": (0.0, 1.0)})), np.arange(200)[:, None] / 256.0), []
    search = pool.search
    pool.search = lambda x, shut: asked.append(len(x)) or search(x, shut)  # type: ignore[method-assign]
    return pool, asked


def test_many_runs_have_others_gaps_answered_with_those_that_they_meet(line: tuple[Pool, list[int]]) -> None:
    pool, asked = line
    gaps = Gaps(np.arange(200)[None] % 100 == 0, lambda k: pool)  # rows 0 and 100 were measured
    for row in range(200):
        assert gaps.answering(np.zeros(1, int), np.array([row])).tolist() == [0 if row <= 50 else 100]
    assert asked == [16, 16, 32, 64, 70]  # twice as many known after each, and the one that was met among them


def test_one_run_has_the_row_that_it_meets_answered_for_all_tasks(line: tuple[Pool, list[int]]) -> None:
    pool, asked = line
    gaps = Gaps(np.arange(200)[None] % np.array([[100], [1], [150]]) == 0, lambda k: pool)
    assert [gaps.answer(task, 90) for task in range(3)] == [100, 90, 150]
    assert asked == [2]


def test_draws_are_measured_rows_distinct_while_there_are_enough_and_functions_of_the_world() -> None:
    first, instance = (np.array([[0, 1, 2, 3], [2, 3, 0, 1]]), np.array([3, 2])), np.arange(60, dtype=np.uint64)
    task = np.repeat([0, 1], 30)
    rows = draw_rows(first, task, instance, 3, salt=5)
    assert MEASURED[task[:, None], rows].all()
    assert all(len(set(r)) == 3 for r in rows[:30].tolist())
    assert all(sorted(set(r)) == [2, 3] for r in rows[30:].tolist())
    assert {tuple(r) for r in rows[:30].tolist()} == {(a, b, 3 - a - b) for a in range(3) for b in range(3) if a != b}
    assert draw_rows(first, task[7:9], instance[7:9], 3, salt=5).tolist() == rows[7:9].tolist()
    assert draw_rows(first, task, instance, 3, salt=6).tolist() != rows.tolist()


def test_masks_are_what_a_space_samples_by() -> None:
    keywords = {"suite": "SVM", "codec": "pool", "duplicates": "mask", "budget": 3}
    one, many = gym.make("hpo_gym/HPO-v0", **keywords), gym.make_vec("hpo_gym/HPO-v0", num_envs=2, **keywords)
    one.reset(seed=0)
    many.reset(seed=0)
    one.step(4)
    mask = one.unwrapped.action_masks()
    assert mask.dtype == many.unwrapped.action_masks().dtype == np.int8
    assert mask[4] == 0 and mask.sum() == len(mask) - 1
    assert one.action_space.sample(mask=mask) != 4


# ---------------------------------------------------------------------- answers kept beside a table
LINE = read_space({"x": (0.0, 1.0)})
LINE_ROWS = np.array([[0.0], [0.375], [0.75], [1.0]])
LINE_HAS = np.array([[True, False, False, True], [False, True, True, True]])


def test_answers_kept_beside_a_table_are_the_nearest_measured_rows(tmp_path: Path) -> None:
    """Of the first task .375 is nearer to 0 and .75 to 1; the second lacks 0, to which .375 is nearest."""
    pool = Pool(LINE, LINE_ROWS)
    found = Gaps(LINE_HAS, lambda task: pool).every()
    assert found.tolist() == [0, 3, 1]
    np.savez(tmp_path / ANSWERS, **answers_of(LINE, LINE_ROWS, LINE_HAS, found))
    known = read_answers(tmp_path / ANSWERS, LINE, LINE_ROWS, LINE_HAS)
    assert known is not None
    gaps = Gaps(LINE_HAS, lambda task: pytest.fail("nothing is left to look up"), known)
    assert gaps.answering(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0])).tolist() == [0, 0, 3, 1]


def test_answers_of_another_table_are_not_used(tmp_path: Path) -> None:
    np.savez(tmp_path / ANSWERS, **answers_of(LINE, LINE_ROWS, LINE_HAS, np.array([0, 3, 1])))
    for x, measured in ((LINE_ROWS, ~LINE_HAS), (LINE_ROWS**2, LINE_HAS)):
        assert read_answers(tmp_path / ANSWERS, LINE, x, measured) is None


@pytest.mark.parametrize("rows", [[3], [0, 3], [0, 2, 1], [0, 4, 1]])
def test_answers_that_are_too_few_or_unmeasured_are_refused(tmp_path: Path, rows: list[int]) -> None:
    np.savez(tmp_path / ANSWERS, **answers_of(LINE, LINE_ROWS, LINE_HAS, np.array(rows)))
    with pytest.raises(DamagedDataError, match="a measured row for each of the 3 gaps"):
        read_answers(tmp_path / ANSWERS, LINE, LINE_ROWS, LINE_HAS)


@pytest.mark.parametrize("suite", ["AutoML", "Curves", "Pipelines"])
def test_shipped_answers_are_what_a_search_finds(suite: str) -> None:
    table = hpo_gym.load_suite(suite).table  # type: ignore[attr-defined]
    known, looked_up = table.gaps, Gaps(table.measured, table.pool)
    gaps = np.argwhere(~table.measured)
    assert read_answers(table.answers, table.space, table.x, table.measured) is not None
    task, row = gaps[np.random.default_rng(0).choice(len(gaps), min(len(gaps), 20), replace=False)].T
    assert known.answering(task, row).tolist() == looked_up.answering(task, row).tolist()
