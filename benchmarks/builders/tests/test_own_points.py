"""Data sets with configurations of their own: what is drawn, what is proposed by what was found, going on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe

from hpo_builders import files
from hpo_builders.order import BUILDERS, Order
from hpo_builders.pools import keyed_orders
from hpo_builders.trained import boosting, studies
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


AS_TRIED = {
    "x": "8430ec44a178b2b31753680e5b198ebe418a5432f8484fbf9cfed0e47ffb27d0",
    "score": "d0561f6c5b6a41d8daa84051b5595a23f2d3f3ba2cb8fa9e1c0b591b66639fa4",
    "test_score": "2a1af810856307b610a9f2b56385c13a61be42473bc23d41144fc1fe00806edf",
    "cost": "34327a13200e27d56d68390cee6c1ab31f8652343647b7b9eabd21314874104f",
}
"""SHA-256 of the arrays of version 1 of `Studies`, with a task's rows as they were tried."""


def test_studies_has_the_cells_of_version_1_in_another_order():
    suite = load_suite("Studies")
    table, proposed = suite.table, suite.table.proposed
    rows = keyed_orders("Studies", [t.name for t in suite.members], 200, 175).argsort(1)
    for name, expected in AS_TRIED.items():
        whole = np.concatenate([getattr(table, name), getattr(proposed, name)], 1)
        before = np.ascontiguousarray(whole[np.arange(table.k)[:, None], rows])
        assert hashlib.sha256(before.data).hexdigest() == expected, name
    for task in suite.members:
        drawn = cells.configurations(studies.RECIPE, 175, task.name)
        assert set(keys(task.pool)) == set(keys(drawn.astype(float)))


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


# ---------------------------------------------------------------------------------------------- the recipe of Studies
SPACE = load_suite("Boosting").space


def tried(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, and scores that are the better the lower the share of columns is; the worst have failed."""
    x = SPACE.sample(np.random.default_rng(1), n)
    score = -x[:, SPACE.names.index("colsample_bytree")]
    return x, np.where(score < np.quantile(score, 0.1), -np.inf, score)


def test_tpe_proposes_new_legal_points_where_scores_are_high():
    x, score = tried(100)
    found = studies.propose(SPACE, x, score, 25, 3)
    assert found.shape == (25, SPACE.d) and SPACE.legal(found).all()
    assert len({*keys(found), *keys(x)}) == 125
    column = SPACE.names.index("colsample_bytree")
    assert found[:, column].mean() < 0.35, "half is what random points have"
    assert np.array_equal(found[:7], studies.propose(SPACE, x, score, 7, 3)), "fewer are the first of more"
    assert not np.array_equal(found, studies.propose(SPACE, x, score, 25, 4))


def test_the_recipe_is_that_of_boosting_with_points_of_its_own():
    made = studies.RECIPE
    assert (made.suite, made.version, made.configurations, made.material.limit) == ("Studies", 3, 200, 120)
    assert made.search is not None and made.search.drawn == 175 == 7 * CHUNK
    assert (made.train, made.fidelities, made.material.rows) == (boosting.train, boosting.RECIPE.fidelities, 900)
    assert BUILDERS.get("Studies") is studies.studies


def test_studies_are_built_by_trials_that_follow_trials(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "STUDY_SEEDS", ())
    order = Order(tmp_path / "none", tmp_path / "out", tmp_path / "work", engine="serial", tasks=("iris",), rows=3)
    studies.studies(order)
    assert files.read_json(tmp_path / "out/Studies/suite.json")["name"] == "Studies"
