"""Looks at test data: all are counted, the page shows them, and what is not said is a fault."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_gym.problem.suite import SUITES

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
OF = {"suites": ["SVM", "MLP"], "what": "regret", "why": "a page"}
LOOK = {
    "date": "2026-01-02", "commit": "abc1234", "study": "a.py", "command": "python a.py", "suites": ["SVM"],
    "split": "test", "what": "regret", "why": "a page", "chosen": "nothing",
}  # fmt: skip


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("looks")


# ---------------------------------------------------------------------- those of this repository
def test_every_study_that_looks_at_test_tasks_has_its_entry(study: Any) -> None:
    assert list(study.faults(study.stored())) == []
    assert study.FILE.read_bytes() == study.written(study.stored())


def test_looks_are_at_suites_that_there_are(study: Any) -> None:
    known = {*SUITES.entries(), "Live"}
    assert {name for look in study.stored() for name in look["suites"]} <= known
    assert all(re.fullmatch(r"[0-9a-f]{7}|\d+\.\d+.*", look["commit"]) for look in study.stored())


# ---------------------------------------------------------------------- by hand
def test_a_look_is_counted_once_for_each_version(study: Any, monkeypatch: Any, tmp_path: Path) -> None:
    path, command = tmp_path / "looks.json", "python benchmarks/studies mine out"
    monkeypatch.setattr(study, "commit", lambda: "aaaaaaa")
    assert study.count(command, **OF, path=path)
    assert not study.count(command, **OF, path=path)  # a study that goes on
    assert study.count(command, **{**OF, "suites": ["SVM"]}, path=path)
    monkeypatch.setattr(study, "commit", lambda: "bbbbbbb")
    assert study.count(command, **OF, path=path)
    found = json.loads(path.read_text())
    assert [(look["commit"], look["suites"]) for look in found] == [
        ("aaaaaaa", ["MLP", "SVM"]), ("aaaaaaa", ["SVM"]), ("bbbbbbb", ["MLP", "SVM"]),
    ]  # fmt: skip
    assert {look["study"] for look in found} == {"mine.py"}
    assert {look["split"] for look in found} == {"test"}
    assert list(study.faults(found, tmp_path)) == [
        f"look {i} (mine.py, {found[0]['date']}) must say chosen: write it into test_looks.json" for i in (1, 2, 3)
    ]


def test_the_version_is_that_of_the_checkout(study: Any, monkeypatch: Any, tmp_path: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{7}|\d+\.\d+.*", study.commit())
    monkeypatch.setattr(study, "HERE", tmp_path)  # no checkout
    assert re.fullmatch(r"\d+\.\d+.*", study.commit())


def test_faults_by_hand(study: Any, tmp_path: Path) -> None:
    assert list(study.faults([LOOK], tmp_path)) == []
    reported = [
        {**LOOK, "split": "val"}, {**LOOK, "date": "2026-01-01", "what": ""},
        {k: v for k, v in LOOK.items() if k != "why"},
    ]  # fmt: skip
    assert list(study.faults(reported, tmp_path)) == [
        "look 1 (a.py, 2026-01-02) must be of the split 'test', got 'val'",
        "look 2 (a.py, 2026-01-01) must say what: write it into test_looks.json",
        "look 3 (a.py, 2026-01-02) must have date, commit, study, command, suites, split, what, why, chosen, got date, "
        "commit, study, command, suites, split, what, chosen",
        "looks must stand in the order of their dates",
    ]


def test_a_study_says_whether_it_looks_at_test_tasks(study: Any, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('LOOKS = Look("regret", "a page", ())\ndef cell(): ...\n')
    (tmp_path / "b.py").write_text('LOOKS = Look("regret", "a page", ())\ndef cell(): ...\n')
    (tmp_path / "c.py").write_text("def cell(): ...\n")
    (tmp_path / "d.py").write_text('LOOKS = "validation tasks"\ndef cell(): ...\n')
    (tmp_path / "helper.py").write_text("def looked(): ...\n")
    assert list(study.faults([LOOK], tmp_path)) == [
        "b.py looks at test tasks and has no entry: run it, or write down what it was",
        "c.py must state `LOOKS`: a `Look`, or a few words on its tasks",
    ]


def test_only_cells_of_the_test_split_are_counted(study: Any, monkeypatch: Any) -> None:
    counted = list[tuple[str, tuple[str, ...]]]()
    monkeypatch.setattr(study, "count", lambda command, suites, what, why: counted.append((what, suites)))
    look = study.Look("regret", "a page", ("SVM",), "test")
    for path in (("val", "SVM"), ("test", "SVM")):
        study.count_of(SimpleNamespace(LOOKS=look, __file__="a.py"), path)
    study.count_of(SimpleNamespace(LOOKS="validation tasks", __file__="b.py"), ("test",))
    assert counted == [("regret", ("SVM",))]


def test_the_table_by_hand(study: Any) -> None:
    some = [LOOK, {**LOOK, "suites": ["MLP"], "date": "2026-01-05", "chosen": "a rule"}, {**LOOK, "study": "by hand"}]
    assert study.tables(some)["looks"].rows == (
        ("`a.py`", "2", "2026-01-02, 2026-01-05", "MLP, SVM", "regret", "a page", "a rule"),
        ("by hand", "1", "2026-01-02", "SVM", "regret", "a page", "nothing"),
    )


def test_what_has_nothing_to_run_counts_nothing(study: Any, monkeypatch: Any, tmp_path: Path) -> None:
    reference, done = importlib.import_module("reference"), []
    (tmp_path / "plain-SVM-0").mkdir()
    (tmp_path / "plain-SVM-0" / "results.json").write_text("{}")
    monkeypatch.setattr(reference, "cells", lambda: iter([("plain", "SVM", "0"), ("plain", "MLP", "0")]))
    monkeypatch.setattr(reference, "GROUPS", {"plain": SimpleNamespace(optimizers=["random"])})
    monkeypatch.setattr(reference, "benchmark", lambda *of, **more: done.append(of) or SimpleNamespace(failed_cells=0))
    monkeypatch.setattr(study, "count", lambda command, suites, what, why: done.append((command, suites)))
    reference.carry_out(tmp_path, "SVM")  # it has its results
    assert done == []
    reference.carry_out(tmp_path, "MLP")
    counted = "python benchmarks/studies/reference.py MLP", {"MLP"}
    assert done == [counted, (["random"], "MLP")]
