"""The study that tunes rules of trainings: what it chose is what ships."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_baselines.autopilot import SIZES, shipped
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.suites.load import load_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("fit_rules")


def test_rules_ship_with_what_was_chosen(study: Any) -> None:
    found = importlib.import_module("frame").stored("fit_rules")
    for rule in ("polynomial", "gap"):
        made = vars(make_optimizer(rule))
        assert {name: made[name] for name in study.RANGES[rule]} == found[rule]["chosen"]
    assert shipped()["numbers"] == found["autopilot"]["chosen"]
    assert shipped()["evolved"]["epochs"] == found["autopilot"]["epochs"]


def test_points_are_settings_in_their_own_scale(study: Any) -> None:
    search = study.Search("polynomial", *study.ends("polynomial"))
    low = search.read(search.low)
    assert low == pytest.approx({name: span[1] for name, span in study.RANGES["polynomial"].items()})
    point = study.point_of(study.START)
    assert len(point) == sum(SIZES.values())
    again = study.numbers_of(point)
    assert {k: np.asarray(v).tolist() for k, v in again.items()} == {k: study.START[k] for k in SIZES}


def test_episodes_take_every_table_before_one_comes_again(study: Any) -> None:
    count = len(load_suite("Trainings").tasks("val"))
    few, more = study.Episodes.of("val", count, 0), study.Episodes.of("val", count + 3, 0)
    assert len(set(few.tasks)) == count and max(Counter(more.tasks).values()) == 2
    assert Counter(few.epochs) == {12: 7, 24: 7, 48: 7}


@pytest.mark.long
def test_a_population_plays_as_its_members(study: Any) -> None:
    drawn = study.Episodes.of("train", 2, 0)
    episodes = study.Episodes(drawn.tasks, drawn.keys, (3, 3))
    first, second = ({name: span[i] for name, span in study.RANGES["gap"].items()} for i in (1, 2))
    both = study.play("gap", [first, second], episodes)
    assert both.shape == (2, 2) and both[0].tolist() != both[1].tolist()
    for settings, scores in zip((first, second), both, strict=True):
        assert study.play("gap", [settings], episodes)[0].tolist() == scores.tolist()
