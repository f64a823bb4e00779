"""The study of schedules: ratios by hand, and the pairs that are compared."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("schedule_agents")


def part(*regrets: list[float]) -> dict[str, list[list[float]]]:
    return {"regret": [list(r) for r in regrets], "loss": [[0.5 + v for v in r] for r in regrets]}


def test_a_ratio_is_of_means_over_trainings_and_tasks_and_its_interval_counts_families(study) -> None:
    found = {"ppo": part([0.1, 0.3] * 4, [0.3, 0.5] * 4), "ppo blind": part([0.6, 0.6] * 4)}
    mean, low, high = study.ratio(found, tuple("abcdefgh"), "regret", "ppo", "ppo blind")
    assert mean == pytest.approx(0.3 / 0.6)
    assert (low, high) == (
        pytest.approx(0.2 / 0.6, abs=1e-6),
        pytest.approx(0.4 / 0.6, abs=1e-6),
    )  # 15 of 254 subsets hold families of one kind alone: more than .0145
    few = study.ratio(found, tuple("abcdabcd"), "loss", "ppo", "ppo blind")
    assert few == [pytest.approx(0.8 / 1.1, abs=1e-6), None, None]


def test_learning_is_held_against_the_best_rule_by_hand_too(study) -> None:
    found = {
        name: part([value])
        for name, value in {"ppo": 0.1, "constant": 0.4, "cosine": 0.3, "jump": 0.2, "plateau": 0.25}.items()
    }
    assert study.pairs(found) == [("ppo", "constant"), ("ppo", "cosine"), ("ppo", "jump")]
