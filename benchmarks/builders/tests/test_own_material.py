"""Tasks that are no data sets: a recipe with a material of its own, scores of single seeds, and sides set by hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe

from hpo_builders.order import Order
from hpo_builders.training import build as training
from hpo_builders.training.material import Material
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed
from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.problem import Objective, Sizes
from hpo_gym.suites import load_suite


@dataclass(frozen=True)
class Valley:
    name: str
    family: str
    at: float
    kind: str = "valley"
    package: str = ""


VALLEYS = (Valley("left", "wide", -0.5), Valley("middle", "narrow", 0.0), Valley("right", "wide", 0.5))


@dataclass(frozen=True, eq=False)
class Valleys(Material):
    """Each task is a number that a shift should meet."""

    shift: float = 0.0

    def entries(self):
        return VALLEYS

    def fault(self, entry, archives):
        return "must not be in the middle." if entry.name == "middle" else None

    def sides(self):
        return {"wide": "test"}

    def problem(self, entry, archives, seed):
        return Valley(entry.name, entry.family, entry.at + self.shift + seed / 100)

    def digest(self, problem):
        return hashlib.sha256(repr(problem.at).encode()).digest()

    def toy(self):
        return Valley("toy", "toy", 0.0)

    def meta(self, entry, problem, archives):
        return {"at": problem.at}

    def describe(self):
        return {"score": {"name": "height"}, "cost": {"name": "steps"}, "preprocessing": {"none": "needed"}}

    def record(self, problems):
        return {"places": {name: p.at for name, p in problems.items()}}


def descend(problem, config, seed):
    """Three seeds, the second .1 worse and the third .2; above .9 there is no model."""
    if config["shift"] > 0.9:
        raise TrainingFailed("too high")
    height = -abs(config["shift"] - problem.at)
    single = np.array([[height / 2 - 0.1 * r for r in range(3)], [height - 0.1 * r for r in range(3)]])
    return Measured(single.mean(1), np.array([np.nan, height]), np.array([0.5, 1.0]), repeats=single)


def recipe(**changes) -> Recipe:
    settings = {"material": Valleys(), "train": descend, "repeats": 3, "study": 1, **changes}
    return tiny_recipe.recipe(**settings)


def order(folder: Path, **changes) -> Order:
    return Order(folder / "none", folder / "out", folder / "work", **{"engine": "serial", **changes})


def built(folder: Path, made: Recipe, **changes):
    training.build(made, order(folder, **changes))
    return load_suite(folder / "out" / "Tiny")


def test_a_material_decides_tasks_sides_meta_features_and_what_is_recorded(tmp_path):
    suite = built(tmp_path, recipe())
    assert [t.name for t in suite.members] == ["left", "right"], "the one in the middle has a fault"
    assert {t.family for t in suite.members} == {"wide"} and [t.meta_features["at"] for t in suite.members] == [
        -0.5,
        0.5,
    ]
    assert [t.name for t in suite.tasks("test")] == ["left", "right"] and not suite.tasks("train")
    assert suite.about["built"]["places"] == {"left": -0.5, "right": 0.5}
    assert suite.about["built"]["seed_study"]["tasks"] == 1


@pytest.mark.parametrize("engine", ["serial", "process"])
def test_scores_of_single_seeds_are_kept_and_a_failure_has_none(tmp_path, engine):
    suite = built(tmp_path, recipe(), engine=engine, workers=1, rows=30)
    table, task = suite.table, suite.task("left")
    shift = np.array([c["shift"] for c in suite.space.decode(task.pool)])
    failed = shift > 0.9
    assert failed.any() and table.repeats.shape == (2, 30, 2, 3)
    assert np.array_equal(np.isneginf(table.score).all(2)[0], failed) and np.isnan(table.repeats[0, failed]).all()
    row = int(np.flatnonzero(~failed)[3])
    height = -abs(shift[row] + 0.5)
    assert table.repeats[0, row, 1] == pytest.approx([height, height - 0.1, height - 0.2], abs=1e-6)
    assert table.score[0, row, 1] == pytest.approx(height - 0.1, abs=1e-6), "the mean of the three"
    seen = {round(task.run(suite.space.from_unit(task.pool[row]), seed=seed).score, 5) for seed in range(60)}
    assert seen == {round(height - 0.1 * r, 5) for r in range(3)}, "a trial gives one of them"


def test_other_numbers_of_a_material_make_no_common_table(tmp_path):
    built(tmp_path, recipe(), rows=5)
    with pytest.raises(DamagedDataError, match="shards of 'left' must come from the numbers"):
        built(tmp_path, recipe(material=Valleys(shift=0.25)), rows=5, resume=True)


def test_tasks_with_a_fault_and_unknown_ones_are_refused_by_name(tmp_path):
    with pytest.raises(InvalidValueError, match="`tasks` of Tiny must not be in the middle"):
        built(tmp_path, recipe(), tasks=("middle",))
    with pytest.raises(UnknownNameError, match="left"):
        built(tmp_path, recipe(), tasks=("lefft",))


def weighed(problem, config, seed):
    """As `descend`, with two further objectives; where there is no model, nothing is known of either."""
    measured = descend(problem, config, seed)
    return replace(measured, objectives=np.array([1.0 + config["shift"], problem.at]))


def test_objectives_and_sizes_are_written_and_those_of_failures_are_filled(tmp_path):
    weights = Objective("size", "weights"), Objective("depth", "layers", "maximize")
    made = recipe(train=weighed, objectives=weights, sizes=Sizes((10.0, 20.0), "weights"))
    suite = built(tmp_path, made, rows=40)
    table = suite.table
    shift = np.array([c["shift"] for c in suite.space.decode(suite.members[0].pool)])
    failed = shift > 0.9
    assert failed.any() and table.further == weights and table.sizes == made.sizes
    assert table.objectives.shape == (2, 40, 2)
    assert table.objectives[0, ~failed, 0] == pytest.approx(1.0 + shift[~failed], abs=1e-6)
    assert table.objectives[1, ~failed, 1] == pytest.approx(0.5)
    assert table.objectives[1, failed, 1] == pytest.approx(0.5), "the mean of the task"
    assert table.objectives[0, failed, 0] == pytest.approx(np.mean(1.0 + shift[~failed]), abs=1e-5)
