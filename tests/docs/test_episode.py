"""The study that draws an episode: which one it shows, and where it marks the change of the stream."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.base import seeding
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.suites.load import load_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("matplotlib", reason="figures need: pip install matplotlib")
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("episode")


def test_the_episode_of_schedules_has_large_inputs(study: Any) -> None:
    task = load_suite("Schedules").task(study.TASK)
    seed = next(s for s in range(100) if study.shown(task, s, 25))
    for s in range(seed + 1):
        instance = seeding.instance_seed("Schedules", task.name, "rollout", s)
        begun = task.begun(np.array([instance], np.uint64), 25).save(0)
        assert (float(begun["scale"]) >= 3.0) == (s == seed)


def test_the_inputs_of_drift_jump_where_it_is_marked_and_nothing_else_changes(study: Any) -> None:
    task = load_suite("Drift").task(study.TASK)
    seed = next(s for s in range(1000) if study.shown(task, s, 40))
    scale, changes = study.drawn(task, seed, 40)
    instance = seeding.instance_seed("Drift", task.name, "rollout", seed)
    run = task.begun(np.array([instance], np.uint64), 40)
    begun, scales = run.save(0), list[float]()
    for _ in range(40):
        run.advance(task.space.to_unit({"learning_rate": 0.01})[None], None)
        scales.append(float(run.save(0)["scale"]))
    marked, factor = int(changes.epoch[0, 0]), float(changes.factor[0, 0])
    assert 12 <= marked <= 28 and factor >= 10
    assert scales == pytest.approx([scale] * marked + [scale * factor] * (40 - marked))
    for name in ("noise", "names", "turned"):
        assert (run.save(0)[name] == begun[name]).all()


def test_rules_play_with_the_settings_that_were_tuned_on_the_suite(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    default: Any = make_optimizer("cosine")
    found = {"Drift": {"cosine": {"chosen": {"rate": 0.031}}}}
    monkeypatch.setattr(importlib.import_module("frame"), "stored", lambda name: found)
    assert study.players("Drift")["cosine"].rate == 0.031
    assert study.players("Schedules")["cosine"].rate == default.rate
