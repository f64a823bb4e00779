"""The guide: its numbers by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT / "benchmarks" / "studies"

pytest.importorskip("stable_baselines3")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module


# ---------------------------------------------------------------------- ratios, by hand
PART = {"tasks": ["a", "b"], "families": ["f", "g"], "auc": {"x": [0.1, 0.3], "y": [0.2, 0.6]}}


def test_ratios_of_means_are_pooled_by_their_geometric_mean(study: Any) -> None:
    ratios = study("ratios")
    other = {**PART, "auc": {"x": [0.4, 0.4], "y": [0.2, 0.2], "z": [0.1, 0.1]}}
    rows = ratios.against({"S": PART, "T": other}, "y")
    assert rows["x"]["ratio"][0] == pytest.approx(1.0)  # 1/2 and 2
    assert rows["z"]["ratio"][0] == pytest.approx(0.5) and rows["z"]["n_suites"] == 1
    assert ratios.shown(rows, "z") == "0.50" and ratios.shown(rows, "w") == "not measured"
    assert set(ratios.against({"S": PART}, "y", ["x"])) == {"x", "y"}


def test_what_cannot_be_told_apart_has_1_in_its_interval(study: Any) -> None:
    alike = study("ratios").alike
    assert alike([1.2, 0.9, 1.5]) and alike([1.0, 1.0, 1.0]) and alike([2.0, None, None])
    assert not alike([1.2, 1.01, 1.5]) and not alike([0.5, 0.4, 0.99])


def test_the_lowest_and_those_who_are_not_told_apart_from_it(study: Any) -> None:
    """`b` is behind `a` on all families by as much, `c` is ahead on half of them and behind on the others."""
    two = {"random": [0.8, 0.8], "a": [0.2, 0.2], "b": [0.4, 0.4], "c": [0.1, 0.4]}
    part = {"tasks": list("abcdefgh"), "families": list("abcdefgh"), "auc": {name: 4 * v for name, v in two.items()}}
    best, rows, near = study("earlier_tasks").standing({"S": part})
    assert (best, near) == ("a", ["c"])
    assert {name: row["ratio"][0] for name, row in rows.items()} == pytest.approx(
        {"random": 1.0, "a": 0.25, "b": 0.5, "c": 0.3125}
    )


# ---------------------------------------------------------------------- studies
