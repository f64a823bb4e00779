"""The study that tunes schedules: its draws, its scores, and its choice."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import SCHEDULES, made

from hpo_gym.base import seeding
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import Run, run_one
from hpo_gym.suites.load import load_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("schedule_rules")


def test_every_setting_of_every_schedule_has_a_range(study: Any) -> None:
    assert set(study.RANGES) == set(SCHEDULES)
    for rule, ranges in study.RANGES.items():
        assert set(ranges) == set(inspect.signature(OPTIMIZERS.get(rule)).parameters)


def test_values_by_hand(study: Any) -> None:
    assert study.value(("log", 0.01, 1.0), 0.5) == 0.1
    assert study.value(("linear", 1.0, 2.0), 0.12345) == 1.12
    assert [study.value(("whole", 1, 3), u) for u in (0.0, 0.34, 0.99)] == [1, 2, 3]


@pytest.mark.parametrize("rule", SCHEDULES)
def test_what_is_drawn_is_in_range_and_of_more_the_first_are_those_of_fewer(study: Any, rule: str) -> None:
    many = list(study.drawn(rule, 40))
    assert many[:5] == list(study.drawn(rule, 5)) and len({json.dumps(s) for s in many}) > 20
    for settings in many:
        made(rule, **settings).check()
        for name, value in settings.items():
            _, low, high = study.RANGES[rule][name]
            assert low <= value <= high


@pytest.mark.parametrize("name", ["Schedules", "Drift"])
def test_a_score_is_the_mean_of_what_counts(study: Any, name: str) -> None:
    suite = load_suite(name)
    tasks, expected = suite.tasks("val")[:2], []
    for task in tasks:
        for w in range(2):
            instance = seeding.instance_seed(name, task.name, "schedule rules", w)
            run = Run(task, float(suite.env["budget"]), instance)
            rng = seeding.generator(seeding.optimizer_seed(instance, "random-schedule", {}))
            run_one(made("random-schedule", low=0.01), run, Context.of(task, float(suite.env["budget"])), rng)
            scores = [t.score for t in run.trials]
            expected.append(scores[-1] if name == "Schedules" else np.mean(scores))
    found = study.score("random-schedule", {"low": 0.01}, suite, tasks, 2)
    assert found == pytest.approx(np.mean(expected), abs=1e-12)


def test_the_best_setting_is_chosen_by_training_tasks(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    score = {0.1: -0.5, 0.2: -0.4, 0.3: -0.6}
    monkeypatch.setattr(study, "drawn", lambda rule, count: iter([{"rate": r} for r in score]))
    monkeypatch.setattr(
        study, "score", lambda rule, settings, suite, tasks: score[settings["rate"]] - (tasks == suite.tasks("val"))
    )
    row = study.cell("Schedules", "constant")
    assert (row["chosen"], row["train"], row["validation"]) == ({"rate": 0.2}, -0.4, -1.4)
    found = {"Schedules": {"constant": row, "exponential": {**row, "validation": -1.5}}}
    assert study.tables(found)["rules"].rows == (
        ("Schedules", "`constant`", "-0.400", "-1.400", "`rate=0.2`"),
        ("Schedules", "`exponential`", "-0.400", "-1.500", "`rate=0.2`"),
    )
    said = list(study.stale(found))
    assert said[0].startswith("constant: the defaults are {'rate': 0.0") and "chosen was {'rate': 0.2}" in said[0]
    assert "step: not tuned on Schedules" in said and len(said) == len(SCHEDULES)


def test_defaults_are_those_that_were_chosen(study: Any) -> None:
    assert list(study.stale(importlib.import_module("frame").stored("schedule_rules"))) == []
