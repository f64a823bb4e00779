"""The study of learning on trainings: its effort and its tables by hand."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("fit_agents")


def test_the_effort_has_the_imitation(study: Any) -> None:
    made = [study.fit_learning.FitPPO(**study.SETTINGS, teacher=teacher) for teacher in ("", "gap")]
    assert [study.effort(one) - study.STEPS for one in made] == [0, 3 * 48 * (12 + 24 + 48)]


def test_a_ratio_is_of_losses_over_seeds_and_optimizers(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    of = {"families": list("abcdefgh"), "score": dict.fromkeys(study.RULES, [0.5] * 8)}
    monkeypatch.setattr(study.frame, "stored", lambda name: {b: {"sgd": of, "adamw": of} for b in study.LENGTHS})
    each = ({"sgd": [0.5] * 8, "adamw": [score] * 8} for score in (0.5, 0.9))
    seeds = {str(i): dict.fromkeys(study.LENGTHS, one) for i, one in enumerate(each)}
    found = {
        "test": {"PPO from gap": seeds, "PPO from chance": {"0": seeds["0"]}},
        "training": {"PPO from gap": {"0": {"epochs": 1234, "curve": [[0, 0.5], [7, 0.6], [9, 0.4]]}}},
    }
    made = study.tables(found)
    rows, ratio = made["learning"].rows, math.exp(-0.1)
    assert len(rows) == 6 and rows[0][:4] == ("test", "12", "PPO from gap", "2")
    assert rows[0][4] == f"{ratio:.3f} [{ratio:.3f}, {ratio:.3f}]"
    assert made["training"].rows == (("PPO from gap", "0", "1,234", "0.5000", "0.6000"),)
    told = {"epochs": 1234, "added": 0.1, "level-low": ratio, "level-high": ratio}
    assert study.values(found) == pytest.approx(told)
