"""Ratios of speed are held against stored ones, in a file for each kind of processor."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

SPEED = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"
SCRIPTS = ("defaults", "single", "vector_env", "growth", "first_calls", "memory")


@pytest.fixture
def ratios(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SPEED))
    return importlib.import_module("measured")


def make(ratios: Any, *found: dict[str, dict[str, float]], **settings: Any) -> Any:
    """Ratios of one group, whose measurements are given one after the other."""
    left = iter(found)
    settings = {"groups": lambda small: {"group": lambda small: next(left)}, **settings}
    return ratios.Ratios("sample", **settings)


@pytest.mark.parametrize(
    ("less", "ratio", "falls"),
    [(False, 2.0, True), (False, 2.01, False), (False, 9.0, False), (True, 4.5, True), (True, 4.49, False)],
)
def test_a_ratio_falls_when_it_is_worse_by_a_third(ratios, less: bool, ratio: float, falls: bool) -> None:
    sample, reached = make(ratios, less=less), {"a": {"ratio": 3.0}}
    assert sample.fallen({"a": {"ratio": ratio}}, reached) == (["a"] if falls else [])


def test_what_was_never_reached_fails_and_what_has_no_ratio_does_not(ratios) -> None:
    assert make(ratios).fallen({"new": {"ratio": 1.0}, "shown": {"MB": 1e9}}, {}) == ["new"]


def test_a_disturbed_group_is_measured_once_more_and_the_better_try_counts(ratios) -> None:
    reached = {"a": {"ratio": 3.0}, "b": {"ratio": 3.0}}
    tries = ({"a": {"ratio": 1.0}, "b": {"ratio": 3.0}}, {"a": {"ratio": 2.5}, "b": {"ratio": 1.0}})
    found, fallen = make(ratios, *tries).measure(True, True, "", reached)
    assert (found, fallen) == ({"a": {"ratio": 2.5}, "b": {"ratio": 3.0}}, [])
    _, fallen = make(ratios, tries[0], tries[0]).measure(True, True, "", reached)
    assert fallen == ["a"]
    found, fallen = make(ratios, tries[0]).measure(True, False, "", reached)
    assert (found, fallen) == (tries[0], [])


def test_a_check_that_fails_names_the_cases(ratios, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ratios, "REACHED", tmp_path / "reached.json")
    ratios.store(ratios.reached_here(), "sample", {"a": {"ratio": 3.0}})
    monkeypatch.setattr(sys, "argv", ["sample.py", "--small", "--check"])
    with pytest.raises(SystemExit, match="sample: worse than reached by a third, twice: a"):
        ratios.main(make(ratios, {"a": {"ratio": 1.0}}, {"a": {"ratio": 1.0}}), None)
    ratios.main(make(ratios, {"a": {"ratio": 3.0}}), None)


def test_another_processor_has_a_file_of_its_own(ratios, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ratios, "REACHED", tmp_path / "reached.json")
    monkeypatch.setattr(ratios, "level", lambda: "NEON")
    ratios.store(tmp_path / "reached.json", "sample", {"a": {"ratio": 3.0}})
    monkeypatch.setattr(sys, "argv", ["sample.py", "--check"])
    with pytest.raises(SystemExit, match="twice: a"):  # nothing of its own yet: the main file counts
        ratios.main(make(ratios, {"a": {"ratio": 1.5}}, {"a": {"ratio": 1.5}}), None)
    monkeypatch.setattr(sys, "argv", ["sample.py", "--write"])
    ratios.main(make(ratios, {"a": {"ratio": 1.5}}), None)
    assert ratios.stored(tmp_path / "reached-NEON.json", "sample") == {"a": {"ratio": 1.5}}
    ratios.store(tmp_path / "reached-X86_V3.json", "other", {"b": {"ratio": 2.0}})
    assert ratios.nearest("other") == {"b": {"ratio": 2.0}} and ratios.nearest("none") == {}
    assert ratios.stored(tmp_path / "reached.json", "sample") == {"a": {"ratio": 3.0}}
    monkeypatch.setattr(sys, "argv", ["sample.py", "--check"])
    ratios.main(make(ratios, {"a": {"ratio": 1.5}}), None)


@pytest.mark.parametrize("script", [*SCRIPTS, pytest.param("control", marks=pytest.mark.long)])
def test_every_case_has_its_figures(ratios, script: str) -> None:
    if script == "control":
        pytest.importorskip("torch", reason="the script needs: pip install 'hpo-gym[torch]'")
    made = importlib.import_module(script).RATIOS
    files = [ratios.REACHED, *ratios.REACHED.parent.glob(f"{ratios.REACHED.stem}-*.json")]
    assert set(made.goals) <= {case for path in files for case in ratios.stored(path, script)}
    assert set(made.groups(True)) <= set(made.groups(False))
    page = SPEED.parents[1] / "docs" / "speed.md"
    assert f"benchmarks/speed/{script}.py" in page.read_text(encoding="utf-8")
