"""Regret at equal cost: ratios by hand, with intervals where the AUC of each task is kept."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
FAMILIES = [f"family {i}" for i in range(12)]
AUC = {"transfer-time": 0.2, "portfolio": 0.4, "transfer-mix": 0.5, "portfolio-per-cost": 0.25}
AUC |= {"transfer-mix-per-cost": 0.22, "random": 0.8, "asha": 0.1}


def part(names: set[str]) -> dict[str, Any]:
    """The AUCs of tasks that are all alike."""
    return {"tasks": FAMILIES, "families": FAMILIES, "auc": {n: [a] * 12 for n, a in AUC.items() if n in names}}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    course = {suite: {n: [a, a] for n, a in AUC.items()} for suite in ("SVM", "AutoML")}
    known = {"SVM": part({*AUC} - {"asha"}), "AutoML": part({*AUC} - {"asha", "random"})}
    found = {"val": {"course": course, "tasks": {"SVM": [4, 2], "AutoML": [1, 1]}}}
    return importlib.import_module("seconds").tables(found | {"test": {"course": course, "auc": known}})


def test_a_ratio_has_an_interval_where_each_pooled_suite_keeps_the_tasks(tables: Any) -> None:
    rows = {row[0]: row[1:] for row in tables["test"].rows}
    assert rows["`transfer-time`"][:3] == ("0.500\\* [0.500, 0.500]", "0.400\\* [0.400, 0.400]", "1.000 [1.000, 1.000]")
    assert rows["`random`"][0] == "2.000" and rows["`asha`"][0] == "0.250"
    assert [row[0] for row in tables["test"].rows][:2] == ["`asha`", "`transfer-time`"]


def test_validation_has_ratios_alone_over_suites_of_two_families(tables: Any) -> None:
    assert dict(row[:2] for row in tables["val"].rows)["`transfer-time`"] == "0.500"
    assert tables["val"].note.startswith("Pooled: `SVM`.")


def test_suites_stand_beside_the_pooled_ratio(tables: Any) -> None:
    assert [row[:3] for row in tables["ratios"].rows] == [
        ("pooled", "12", "0.500\\* [0.500, 0.500]"),
        ("pooled without AutoML, MLP", "12", "0.500\\* [0.500, 0.500]"),
        ("`SVM`", "12", "0.500\\* [0.500, 0.500]"),
        ("`AutoML`", "12", "0.500\\* [0.500, 0.500]"),
    ]
