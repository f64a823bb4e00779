"""Speed of a tree against another's: slower code fails, equal code does not, in processes that import one tree each."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEED = ROOT / "benchmarks" / "speed"
CASES = """
import sys
sys.path.append({speed!r})
import ab_cases
ab_cases.CASES.clear()
import hpo_gym

@ab_cases.case("work")
def prepare():
    return lambda count: [hpo_gym.work() for _ in range(count)]

@ab_cases.case("new")
def prepare_new():
    return lambda count: [hpo_gym.new() for _ in range(count)]

ab_cases.serve()
"""


@pytest.fixture
def ab(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SPEED))
    return importlib.import_module("ab")


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[Path]:
    """Packages whose `work` takes some time, the same time, and twice that; one offers what the others do not."""
    for name, rounds, more in (("old", 2000, ""), ("same", 2000, ""), ("slow", 4000, ""), ("wide", 2000, "new = work")):
        package = tmp_path / name / "hpo_gym"
        package.mkdir(parents=True)
        text = f"def work():\n    return sum(i * i for i in range({rounds}))\n{more}\n"
        (package / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "cases.py").write_text(CASES.format(speed=str(SPEED)), encoding="utf-8")
    yield tmp_path


def compared(ab: Any, trees: Path, new: str, cases: Iterable[str] = ("work",)) -> tuple[dict[str, Any], list[str]]:
    lines: list[str] = []
    with ab.tree_at(trees / "old", trees / "cases.py") as one, ab.tree_at(trees / new, trees / "cases.py") as other:
        return ab.ratios(one, other, cases, lines.append), lines


@pytest.mark.long
def test_a_tree_that_takes_twice_as_long_has_half_the_rate_and_an_equal_one_the_same(ab: Any, trees: Path) -> None:
    found, lines = compared(ab, trees, "slow")
    assert found["work"].ratio == pytest.approx(0.5, abs=0.15)
    assert found["work"].old / found["work"].new == pytest.approx(0.5, abs=0.15)
    assert lines[0].split()[0] == "work"
    assert compared(ab, trees, "same")[0]["work"].ratio == pytest.approx(1.0, abs=0.25)


def test_a_case_fails_if_its_fastest_turns_in_all_runs_are_slow(ab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ab, "RUNS", 5)
    paces = {  # a is as fast as the old tree in one process, c in none
        "a": [(0.8, 8.0, 10.0), (0.7, 8.0, 11.0), (0.8, 8.0, 10.0), (1.2, 10.0, 8.2), (0.8, 8.0, 10.0)],
        "b": [(0.95, 8.0, 8.4)],
        "c": [(0.7, 8.0, 11.0), (1.2, 11.0, 9.2), (0.85, 8.0, 9.4), (1.0, 9.0, 9.1), (0.89, 8.1, 9.1)],
    }
    asked: list[list[str]] = []

    def measure(cases: Iterable[str]) -> dict[str, Any]:
        asked.append(list(cases))
        return {name: ab.Pace(*paces[name][len(asked) - 1]) for name in cases or paces}

    assert ab.fallen(measure, [], 0.9) == ["c"]  # 8 / 8.2 and 8 / 9.1
    assert asked == [[], *[["a", "c"]] * 3, ["c"]]
    asked.clear()
    assert ab.fallen(measure, [], 0.5) == []
    assert len(asked) == 1


def test_cases_use_the_public_api_alone() -> None:
    """They time trees whose folders differ."""
    text = (SPEED / "ab_cases.py").read_text(encoding="utf-8")
    assert "from hpo_gym" not in text and "import hpo_gym." not in text
    code = "import ab_cases, hpo_gym\nassert len(ab_cases.CASES) >= 10\nprint(hpo_gym.__file__)"
    subprocess.run([sys.executable, "-c", code], cwd=SPEED, check=True, capture_output=True)
