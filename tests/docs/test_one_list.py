"""The suites on which one list is enough: by measured values, and never among those that are pooled."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.bench import ONE_LIST, Curves, pooled
from hpo_gym.suites import SETS

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def one_list(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("one_list")


def test_the_suites_are_those_of_the_rule(one_list: Any) -> None:
    frame = importlib.import_module("frame")
    assert sorted(one_list.enough(frame.stored("one_list"))) == sorted(ONE_LIST)


def test_what_is_saved_is_worked_out_by_hand(one_list: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random .4 on the mean, the list .12, the best that reads scores .1: (.12 - .1) / .4 = .05."""
    auc = {"random": [0.2, 0.6], "average-rank": [0.01, 0.01], "ga": [0.1, 0.1], "tpe": [0.15, 0.15]}
    monkeypatch.setattr(
        one_list.frame, "stored", lambda _: {"cold": {"S": {"tasks": ["a", "b"], "families": ["a", "b"], "auc": auc}}}
    )
    lists = {"list of 33": [0.08, 0.16], "list of 5": [0.2, 0.2]}
    row = one_list.saved({"S": {"tasks": ["a", "b"], "families": ["a", "b"], "auc": lists}})["S"]
    assert row["best"] == "ga"
    assert row["saves"] == pytest.approx(0.05)
    assert row["shares"] == pytest.approx({"list of 33": 0.3, "list of 5": 0.5, "ga": 0.25})
    assert row["ratio"][0] == pytest.approx(1.2)


def test_such_a_suite_is_not_pooled() -> None:
    def group(suite: str) -> list[Curves]:
        tasks = tuple(f"t{i}" for i in range(12))
        return [
            Curves(suite, name, tasks, np.full((12, 1, 2), level)) for name, level in (("portfolio", 0.2), ("ga", 0.1))
        ]

    found = pooled({suite: group(suite) for suite in ("Boosting", "SVM", "MLP")})
    assert found["suites"] == ["MLP", "SVM"]
    assert found["apart"] == {"Boosting": "one list is enough"}
    assert pooled({suite: group(suite) for suite in ("Boosting", "SVM")}, least=2)["apart"] == {}
    assert set(ONE_LIST).intersection(SETS["tables"]) == {"Boosting"}
