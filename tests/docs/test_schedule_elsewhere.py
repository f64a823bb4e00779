"""The study of schedules elsewhere: one scale, the same suites, and its table by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_batch, run_one
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.training import changes

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("schedule_elsewhere")


def test_inputs_have_one_scale_within_the_context_and_the_suite_stays(study: Any) -> None:
    keys = np.arange(50, dtype=np.uint64)
    before, digest = changes.start_scale(keys), load_suite("Schedules").data_hash
    with study.standardised():
        assert (changes.start_scale(keys) == 1.0).all() and study.suite_of("sgd").data_hash == digest
    assert (changes.start_scale(keys) == before).all() and len(set(before.tolist())) == 50
    assert study.suite_of("adam").data_hash != digest


@pytest.mark.parametrize("world", ["inputs standardised", "Adam"])
def test_the_table_names_the_best_of_the_training_tasks(
    study: Any, monkeypatch: pytest.MonkeyPatch, world: str
) -> None:
    known = {"step": -0.5, "cosine": -0.4, "jump": -0.3, "plateau": -0.35}
    rules = {"Schedules": {name: {"train": value} for name, value in known.items()}}
    monkeypatch.setattr(study.frame, "stored", lambda name: rules)
    loss = {"cosine": 0.4, "jump": 0.3, "step tuned there": 0.25, "plateau tuned there": 0.2, "ppo-schedules": 0.5}
    part = {"families": list("abcdefgh"), "loss": {name: [value] * 8 for name, value in loss.items()}}
    there = {"step": {"train": -0.2}, "plateau": {"train": -0.1}}
    rows = study.tables({world: {"test": part, "tuned": there}})["worlds"].rows
    assert [row[:4] for row in rows] == [
        (world, "best open loop", "`step`", "0.250"),
        (world, "best rule", "`plateau`", "0.200"),
        (world, "best open loop of Schedules", "`cosine`", "0.400"),
        (world, "best rule of Schedules", "`jump`", "0.300"),
        (world, "policy", "`ppo-schedules`", "0.500"),
    ]
    assert rows[0][4] == "1" and rows[1][4].startswith("0.800 [") and rows[4][4].startswith("2.000 [")


@pytest.mark.long
def test_runs_side_by_side_are_those_of_one_after_the_other(study: Any) -> None:
    suite = load_suite("Schedules")
    tasks, policy, budget = suite.tasks("val")[::6], hpo_gym.load("ppo-schedules"), 12
    contexts, rngs = [Context.of(task, budget) for task in tasks], [np.random.default_rng(0) for _ in tasks]
    many = run_batch(study.Together(policy), tasks, [3, 4, 5], contexts, rngs, budget=budget, n_init=0).scores()
    for task, instance, scores in zip(tasks, (3, 4, 5), many, strict=True):
        run = Run(task, float(budget), instance)
        run_one(policy, run, Context.of(task, budget), np.random.default_rng(0))
        assert [trial.score for trial in run.trials] == scores.tolist()
