"""The standings are those of a named set, stored: a suite that moves on later changes no number of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_builders.sets import newest_set
from hpo_gym.bench import ONE_LIST
from hpo_gym.optimize.learning import made_of as record

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module


def test_every_start_has_the_suites_tasks_and_optimizers_of_the_newest_set(study: Any) -> None:
    found, newest = study("frame").stored("standings"), newest_set()
    for start in ("cold", "init5"):
        assert tuple(sorted(found[start])) == newest.suites
        for suite, part in found[start].items():
            assert set(part["tasks"]) == set(newest.tasks[suite])
            assert set(part["auc"]) == set(part["summary"]) <= set(newest.optimizers)


def test_stored_areas_are_those_of_the_summaries(study: Any) -> None:
    for part in study("frame").stored("standings")["cold"].values():
        for name, areas in part["auc"].items():
            assert np.mean(areas) == pytest.approx(part["summary"][name]["auc"][0], abs=1e-6)


def test_another_version_of_a_suite_is_named_and_moves_no_number(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    standings, found = study("standings"), study("frame").stored("standings")
    before = standings.tables(found)["matrix"]
    real = record._suite_now
    monkeypatch.setattr(record, "_suite_now", lambda name: "99@00000000" if name == "MLP" else real(name))
    assert "-> 99" in standings.values(found)["old"]
    assert standings.tables(found)["matrix"] == before


def test_the_suites_of_one_list_are_those_of_the_rule(study: Any) -> None:
    assert sorted(study("one_list").enough(study("frame").stored("one_list"))) == sorted(ONE_LIST)


def test_each_look_at_test_tasks_is_counted_and_says_what_it_chose(study: Any) -> None:
    looks = study("looks")
    assert list(looks.faults(looks.stored())) == []
