"""Ratios of speed are held against stored ones, in a file for each kind of processor."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

SPEED = Path(__file__).resolve().parents[2] / "benchmarks" / "speed"
SCRIPTS = ("defaults", "fresh_actions", "single", "vector_env", "growth", "first_calls", "memory")


@pytest.fixture
def ratios(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SPEED))
    return importlib.import_module("measured")


def make(ratios: Any, *found: dict[str, dict[str, float]], **settings: Any) -> Any:
    """Ratios of one group, whose measurements are given one after the other."""
    left = iter(found)
    settings = {"groups": lambda small: {"group": lambda small: next(left)}, **settings}
    return ratios.Ratios("sample", **settings)


def test_a_check_that_fails_names_the_cases(ratios, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ratios, "REACHED", tmp_path / "reached.json")
    ratios.store(ratios.reached_here(), "sample", {"a": {"ratio": 3.0}})
    monkeypatch.setattr(sys, "argv", ["sample.py", "--small", "--check"])
    with pytest.raises(SystemExit, match="sample: worse than reached by a third, twice: a"):
        ratios.main(make(ratios, {"a": {"ratio": 1.0}}, {"a": {"ratio": 1.0}}), None)
    ratios.main(make(ratios, {"a": {"ratio": 3.0}}), None)


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
