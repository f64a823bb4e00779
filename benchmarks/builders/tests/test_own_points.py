"""Data sets with configurations of their own: what is drawn, what is proposed by what was found, going on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_recipe

from hpo_builders.order import Order
from hpo_builders.pools import keyed_orders
from hpo_builders.training import build, cells
from hpo_builders.training.recipe import CHUNK, Search
from hpo_builders.training.shards import Shards
from hpo_gym.base import StateError
from hpo_gym.problem import keys
from hpo_gym.suites import load_suite

NAMES = ("iris", "wine")


def beside_the_best(space, x, score, count, seed):
    """Points beside the best one so far, a thousandth further each."""
    best = x[np.where(np.isfinite(score), score, -np.inf).argmax()]
    out = np.repeat(best[None], count, 0)
    out[:, space.names.index("shift")] = (best[space.names.index("shift")] + 0.001 * np.arange(1, count + 1)) % 1.0
    return space.snap(out)


def recipe(train=tiny_recipe.train, drawn=CHUNK):
    return tiny_recipe.recipe(train, search=Search(drawn, beside_the_best))


def built(folder: Path, made=None, **changes):
    options = {"engine": "serial", "tasks": NAMES, **changes}
    build.build(made or recipe(), Order(folder / "none", folder / "out", folder / "work", **options))
    return load_suite(folder / "out" / "Tiny")


def contents(folder: Path):
    with np.load(folder / "out" / "Tiny" / "table.npz") as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files if name != "cost"}


def test_each_data_set_has_points_of_its_own_and_the_later_ones_follow_what_was_found(tmp_path):
    suite = built(tmp_path)
    (iris, _), (wine, _) = as_tried(suite)
    assert iris[0] == pytest.approx(suite.space.default_x) and wine[0] == pytest.approx(suite.space.default_x)
    assert set(keys(iris[1:CHUNK])).isdisjoint(keys(wine[1:CHUNK]))
    for task, (x, score) in zip(suite.members, as_tried(suite), strict=True):
        for start in (CHUNK, 2 * CHUNK):
            count = min(CHUNK, 60 - start)
            expected = beside_the_best(suite.space, x[:start], score[:start], count, 0)
            assert x[start : start + count] == pytest.approx(expected, abs=1e-6)
        problem = cells.load(recipe(), task.name, tmp_path, 0)
        for row in (0, 30, 59):
            trained = tiny_recipe.train(problem, suite.space.from_unit(x[row]), 0)
            assert score[row] == pytest.approx(trained.score[1], abs=1e-7)


def as_tried(suite):
    """The points of each task ``(60, d)`` and their scores at full fidelity, in the order of the build."""
    rows = keyed_orders(suite.name, NAMES, 60, CHUNK).argsort(1)
    known = [task.remembered() for task in suite.members]
    return [(e.x[order], e.score[order]) for e, order in zip(known, rows, strict=True)]


def test_what_was_proposed_is_known_of_other_tasks_and_is_no_candidate(tmp_path):
    suite = built(tmp_path)
    assert suite.table.x.shape == (2, CHUNK, 2) and suite.table.proposed.x.shape == (2, 60 - CHUNK, 2)
    for task, (x, score) in zip(suite.members, as_tried(suite), strict=True):
        assert set(keys(task.pool)) == set(keys(x[:CHUNK])) and task.best == score[:CHUNK].max()


def test_orders_are_by_key_and_put_what_was_drawn_first():
    one, two = keyed_orders("Mine", ("a", "b"), 50, 30)
    assert sorted(one[:30]) == [*range(30)] and sorted(one[30:]) == [*range(30, 50)]
    assert one.tolist() != two.tolist() and one[:30].tolist() != [*range(30)]
    assert sorted(keyed_orders("Mine", ("a",), 50)[0]) == [*range(50)]
    assert np.array_equal(keyed_orders("Mine", ("a",), 20, 30), keyed_orders("Mine", ("a",), 20))


@pytest.mark.parametrize("rows", [10, CHUNK, 40])
def test_a_build_goes_on_to_the_same_table(tmp_path, rows):
    built(tmp_path / "whole")
    built(tmp_path / "parts", rows=rows)
    built(tmp_path / "parts", resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")


@pytest.mark.long
def test_two_workers_change_no_byte(tmp_path):
    built(tmp_path / "a")
    built(tmp_path / "b", engine="process", workers=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.long
def test_a_cell_that_dies_keeps_its_point(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "STUDY_SEEDS", ())
    suite = built(tmp_path, recipe(tiny_recipe.die), engine="process", workers=1, tasks=("iris",), rows=30)
    shift = [c["shift"] for c in suite.space.decode(suite.members[0].pool)]
    assert suite.table.failed[0, :, 1].tolist() == [s > 0.6 for s in shift]
    assert suite.table.failed.any()


def test_what_comes_later_waits_for_what_comes_before(tmp_path):
    part = cells.Part(recipe(), "iris", (CHUNK,), 0, tmp_path, Shards(tmp_path))
    with pytest.raises(StateError, match="iris/0-00000-00024 must be there before row 25 is proposed"):
        cells.points(part)
