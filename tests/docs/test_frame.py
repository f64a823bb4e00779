"""The frame of the studies: cells are measured once, results know their code, and cheap ones are repeated."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
STUDY = '''"""A study of two numbers."""
import frame
from frame import Table

LOOKS = "no tasks"
FACTOR = 2
CHEAP = {("double", "3"): ()}
CALLS, STOP = [], []


cells = frame.grid(("double",), ("1", "3"))


def cell(part, number):
    """Double."""
    CALLS.append(number)
    if number == "3" and STOP:
        raise STOP.pop()
    return FACTOR * int(number)


def tables(found):
    return {"numbers": Table.of(("number", "double"), [(n, str(v)) for n, v in found["double"].items()])}
'''


@pytest.fixture
def frame(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The frame, over a folder with one study, `mine`."""
    monkeypatch.syspath_prepend(str(STUDIES))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine.py").write_text(STUDY)
    for name in ("frame", "sources"):
        monkeypatch.setattr(importlib.import_module(name), "HERE", tmp_path)
    for cached in ("_tree", "_definitions", "_imports"):
        getattr(importlib.import_module("sources"), cached).cache_clear()
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    return importlib.import_module("frame")


def edit(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "mine.py").write_text(STUDY.replace(old, new))
    for cached in ("_tree", "_definitions", "_imports"):
        getattr(importlib.import_module("sources"), cached).cache_clear()


# ---------------------------------------------------------------------- cells
def test_a_stopped_study_continues_with_what_is_missing(frame: Any, tmp_path: Path) -> None:
    frame.module("mine").STOP.append(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        frame.measure("mine")
    assert frame.stored("mine") == {"double": {"1": 2}}
    frame.measure("mine")
    assert frame.stored("mine") == {"double": {"1": 2, "3": 6}}
    assert frame.module("mine").CALLS == ["1", "3", "3"]
    assert frame.tables("mine")["numbers"].rows == (("1", "2"), ("3", "6"))


# ---------------------------------------------------------------------- sources
def test_results_are_stale_once_the_code_that_measures_them_changes(frame: Any, tmp_path: Path) -> None:
    frame.measure("mine", only=("1",))
    assert frame.stale("mine") == []
    for old, new in (('"""Double."""', '"""Twice."""'), ('"number", "double"', '"n", "2 n"'), ('"1", "3"', '"1", "5"')):
        edit(tmp_path, old, new)
        assert frame.stale("mine") == [], "a docstring, a table, another cell"
    edit(tmp_path, "FACTOR = 2", "FACTOR = 3")
    assert frame.stale("mine") == ["mine.py: other code"]


# ---------------------------------------------------------------------- again
def test_a_cheap_cell_is_repeated_and_compared(frame: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = importlib.import_module("again")
    frame.measure("mine", only=("1",))
    frame.store("mine", ("double", "3"), 6.000009)
    assert again.main(["mine"]) == 0 and "equal" in capsys.readouterr().out
    frame.store("mine", ("double", "3"), 6.1)
    assert again.main(["mine"]) == 1
    assert "differs" in (out := capsys.readouterr().out) and "6 now, 6.1 stored" in out


def test_other_code_with_equal_results_is_recorded(frame: Any, tmp_path: Path) -> None:
    again = importlib.import_module("again")
    frame.measure("mine")
    edit(tmp_path, "return FACTOR * int(number)", "return int(number) * FACTOR")
    assert again.main(["mine"]) == 0 and frame.stale("mine") == ["mine.py: other code"]
    assert again.main(["mine", "--record"]) == 0 and frame.stale("mine") == []


# ---------------------------------------------------------------------- the studies of this repository
