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


def stored(**trained: float) -> dict[str, object]:
    """Results of rules and agents that have one loss each on eight tasks of eight families."""
    losses = {"step": 0.4, "cosine": 0.3, "jump": 0.2, "plateau": 0.25}
    rules = {name: part([value - 0.5] * 8) for name, value in losses.items()}
    agents = {name: part([value - 0.5] * 8, [value - 0.3] * 8) for name, value in trained.items()}
    train = {"step": -0.3, "cosine": -0.35, "jump": -0.3, "plateau": -0.2}
    places = {"tasks": list("abcdefgh"), "families": list("abcdefgh")}
    rules["constant"] = part([0.4] * 8)
    bred = {"members": 8, "loss": [0.25] * 8}
    return {"rules": {**places, "found": rules, "train": train, "population": bred}, "agents": {"found": agents}}


def test_the_best_open_loop_and_the_best_rule_are_those_of_the_training_tasks(study) -> None:
    some = stored(ppo=0.2)
    assert study.best(some, study.OPEN) == "step" and study.best(some, study.FEEDBACK) == "plateau"
    assert study.pairs(some) == {
        "ppo / best open loop": ("ppo", "step"),
        "best rule / best open loop": ("plateau", "step"),
        "ppo / best rule": ("ppo", "plateau"),
    }


def test_tables_and_figures_by_hand(study) -> None:
    both = {suite: {"test": stored(**{"ppo": 0.1, "ppo blind": 0.42})} for suite in study.SUITES}
    ratios = {row[0]: row[1] for row in study.tables(both)["schedules-ratios"].rows}
    assert ratios["ppo / best open loop"].startswith("0.500")  # the mean of .1 and .3, over .4
    assert ratios["best rule / best open loop"].startswith("0.625")
    assert "`step`" in study.tables(both)["schedules-ratios"].note
    found = study.values(both)
    assert found["Schedules-blind-best"] == pytest.approx(0.42) and found["Schedules-blind-worst"] == pytest.approx(
        0.62
    )
    assert found["Drift-open"] == pytest.approx(0.4) and found["Drift-constant"] == pytest.approx(0.9)
