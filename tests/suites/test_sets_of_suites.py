"""Sets of suites hold what their rules say, and their names stand for their suites."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import toys

from hpo_gym import leave_suite_out, load_suite
from hpo_gym.app._first import USES
from hpo_gym.app._listing import info
from hpo_gym.app._options import suites_of
from hpo_gym.base.errors import InvalidValueError, UnknownNameError
from hpo_gym.bench import load_suites
from hpo_gym.bench.pooling import POOLED
from hpo_gym.optimize.learning.train import train
from hpo_gym.problem.suite import SUITES, Suite
from hpo_gym.suites import SETS, each, suites_in

NEVER_COMPARED = {"Drift", "Schedules"}
"""Trainings of many families whose order was not compared with that of real training: their hardships are invented."""


def many_families(suite: Suite) -> bool:
    return len({t.family for t in suite.tasks("test")}) >= POOLED


def measured(suite: Suite) -> bool:
    return not any(math.isnan(t.cost_unit) for t in suite.members)


@pytest.mark.long
def test_each_suite_is_in_the_sets_whose_rules_it_meets() -> None:
    """A new suite fails here until it is entered in its sets, or in `NEVER_COMPARED`."""
    many = [suite for suite in map(load_suite, SUITES.names()) if many_families(suite)]
    tables = [suite for suite in many if suite.kind == "table"]
    assert SETS["tables"] == tuple(s.name for s in tables)
    assert SETS["seconds"] == tuple(s.name for s in tables if measured(s))
    training = {s.name for s in many if s.kind == "training"}
    assert set(SETS["training"]) == training - NEVER_COMPARED and training > NEVER_COMPARED


def test_names_of_sets_are_no_suites() -> None:
    assert list(USES) == list(SETS)
    assert all(name.islower() for name in SETS) and not set(SETS) & {name.lower() for name in SUITES.names()}
    assert all(list(names) == sorted(set(names)) for names in SETS.values())


def test_a_set_is_found_by_its_name_and_an_unknown_one_is_refused_with_the_nearest() -> None:
    assert suites_in("seconds") == SETS["seconds"]
    with pytest.raises(UnknownNameError, match=r"No set of suites 'table'\. Did you mean 'tables'\?"):
        suites_in("table")


def test_a_set_stands_for_its_suites_among_others() -> None:
    assert each("training") == ["Learners", "Trainings"]
    assert each(["SVM", "training", Path("training"), "./training"]) == [
        "SVM", "Learners", "Trainings", Path("training"), "./training",
    ]  # fmt: skip
    assert each(["training", "Learners"], left_out="Learners") == ["Trainings", "Learners"]  # only sets lack it


def test_an_option_names_suites_by_their_set() -> None:
    assert suites_of("SVM, training", None) == ["SVM", "Learners", "Trainings"]
    seven = ",".join(name for name in SETS["tables"] if name != "MLP")
    assert suites_of("tables", "MLP") == [f"{seven}->MLP"]


@pytest.mark.long
def test_a_comparison_has_a_suite_for_each_in_a_set(tmp_path: Path) -> None:
    found, live = load_suites(["training", "FCNet"], tmp_path)
    assert list(found) == ["Learners", "Trainings", "FCNet"] and not live
    with pytest.raises(InvalidValueError, match="must differ in name, got 'Trainings' twice"):
        load_suites(["training", "Trainings"], tmp_path)


@pytest.mark.long
def test_a_training_has_the_suites_of_a_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hpo_gym.suites.sets.SETS", {"few": ("MLP",)})
    train("q-learning", "few", steps=200, out=tmp_path / "trained")
    assert list(json.loads((tmp_path / "trained" / "training.json").read_text())["suites"]) == ["MLP"]


@pytest.mark.long
def test_a_set_is_loaded_as_its_suites_mixed_and_held_out_from_itself() -> None:
    assert load_suite("tables") is load_suite("tables")
    assert load_suite("tables").name == ",".join(SETS["tables"])
    tests = {t.name for t in load_suite("MLP").tasks("test")}
    apart, split = load_suite("tables->MLP"), leave_suite_out("MLP", "tables")
    assert {t.name for t in apart.tasks("test")} == {f"MLP/{name}" for name in tests}
    assert {t.suite for t in split.train} == set(SETS["tables"]) - {"MLP"}
    assert {t.name for t in split.test} == tests
    with pytest.raises(InvalidValueError, match="independent"):
        load_suite("training")  # trainings cannot be mixed


@pytest.mark.long
def test_a_folder_named_like_a_set_is_given_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = toys.plain()
    mine.save("tables")
    assert load_suite("tables").name == ",".join(SETS["tables"])
    assert load_suite("./tables").name == load_suite(Path("tables")).name == mine.name
    found, _ = load_suites(["./tables"], tmp_path / "out")
    assert list(found) == [str(tmp_path / "tables")]


@pytest.mark.parametrize(
    ("given", "meant"), [("secnds", "seconds"), ("Tables", "tables"), ("tabels", "tables"), ("Training", "Trainings")]
)
def test_a_misspelt_set_is_named_unless_a_suite_is_as_near(given: str, meant: str) -> None:
    for reads in (load_suite, info):
        with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
            reads(given)
