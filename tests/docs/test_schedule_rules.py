"""The study that tunes schedules: its draws, its scores, and its choice."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from small import SCHEDULES, made

from hpo_gym.base import seeding
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import Run, run_one
from hpo_gym.suites.load import load_suite

RATES = [name for name in SCHEDULES if OPTIMIZERS.get(name).controls == ("learning_rate",)]  # type: ignore[attr-defined]
STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("schedule_rules")


def test_every_setting_of_every_schedule_has_a_range(study: Any) -> None:
    assert set(study.RANGES) == set(RATES)
    for rule, ranges in study.RANGES.items():
        assert set(ranges) == set(inspect.signature(OPTIMIZERS.get(rule)).parameters)


def test_values_by_hand(study: Any) -> None:
    assert study.value(("log", 0.01, 1.0), 0.5) == 0.1
    assert study.value(("linear", 1.0, 2.0), 0.12345) == 1.12
    assert [study.value(("whole", 1, 3), u) for u in (0.0, 0.34, 0.99)] == [1, 2, 3]


@pytest.mark.parametrize("rule", RATES)
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
    found = study.score("random-schedule", {"low": 0.01}, suite, tasks, range(2))
    assert found == pytest.approx(np.mean(expected), abs=1e-12)


class Toy:
    """A suite of two training tasks and five epochs, whose score is highest at a rate of .1."""

    name, env = "Toy", {"budget": 5}

    def tasks(self, split: str) -> list[Any]:
        return ["a", "b"] if split == "train" else ["c"]

    @staticmethod
    def score(rule: str, settings: Any, suite: Any, tasks: Any, worlds: Any) -> float:
        return -abs(np.log10(settings["rate"]) + 1) - float(np.mean(list(worlds))) - (tasks == ["c"])


def test_a_search_plays_what_is_missing_and_counts_each_epoch(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "score", Toy.score)
    search = study.Search("constant", Toy())
    low, high = study.RANGES["constant"]["rate"][1:]
    place = (float(np.log(0.1 / low) / np.log(high / low)),)  # the rate .1
    search.play([place, (0.0,)], 1)
    assert search.epochs == 2 * 2 * 5 and search.mean(place) == pytest.approx(0.0, abs=1e-3)
    search.play([place], 4)  # three more instances of two tasks of five epochs
    assert search.epochs == 20 + 3 * 10 and search.mean(place) == pytest.approx(-1.5, abs=1e-3)
    search.play([place], 4)
    search.play([(0.5,), (0.7,)], 1, until=60)  # the second would be too many
    assert search.epochs == 60 and len(search.played) == 3
    assert search.best(4) == [place] and search.best(1)[0] == (0.5,)
    steps = list(study.Search.steps(search, 4, 0.01))
    assert 900 < len(steps) <= 1000 and all(0 <= u < 1 and abs(u - place[0]) < 0.06 for (u,) in steps)


def test_tuning_finds_the_best_rate_with_the_epochs_it_has(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "score", Toy.score)
    monkeypatch.setattr(study, "compiled", lambda **_: contextlib.nullcontext(True))
    toy: Any = Toy()
    toy.members = [SimpleNamespace(counts="last")]
    row = study.tuned("constant", toy, 6000)
    assert row["chosen"]["rate"] == pytest.approx(0.1, rel=0.05) and 5800 < row["epochs"] <= 6000
    assert row["train"] == pytest.approx(-7.5, abs=0.03) and row["validation"] == pytest.approx(-8.5, abs=0.03)
    assert row["worlds"] == 16 and row["settings"] > 180


def test_the_best_on_validation_tasks_is_shown_first_and_old_defaults_are_told(study: Any) -> None:
    row = {"epochs": 1188000, "chosen": {"rate": 0.2}, "train": -0.4, "validation": -1.4}
    found = {"Schedules": {"exponential": {**row, "validation": -1.5, "epochs": 270000}, "constant": row}}
    assert study.tables(found)["rules"].rows == (
        ("Schedules", "`constant`", "-0.400", "-1.400", "1,188,000", "`rate=0.2`"),
        ("Schedules", "`exponential`", "-0.400", "-1.500", "270,000", "`rate=0.2`"),
    )
    assert study.values(found) == {"epochs": 1_200_000, "least": 270000, "most": 1188000}
    said = list(study.stale(found))
    assert said[0].startswith("constant: the defaults are {'rate': 0.0") and "chosen was {'rate': 0.2}" in said[0]
    assert "step: not tuned on Schedules" in said and len(said) == len(RATES)


def test_defaults_are_those_that_were_chosen(study: Any) -> None:
    assert list(study.stale(importlib.import_module("frame").stored("schedule_rules"))) == []
