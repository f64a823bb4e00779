"""The study that tunes open loops of policies: its settings, and what it chose is what ships."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.optimize.forms import make_optimizer

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("policy_schedules")


def test_baselines_ship_with_what_was_chosen(study: Any) -> None:
    found = importlib.import_module("frame").stored("policy_schedules")["hidden unit"]
    for rule in (study.SCHEDULE, study.PER_KIND):
        made = make_optimizer(rule)
        assert {name: vars(made)[name] for name in found[rule]["chosen"]} == {
            name: tuple(v) if isinstance(v, list) else v for name, v in found[rule]["chosen"].items()
        }


def test_numbers_become_settings_by_hand(study: Any) -> None:
    assert study.settings(study.CONSTANT, np.array([[-1.0, 0.0]])) == {
        "rate": 0.1, "last_rate": 0.1, "rate_power": 1.0, "sigma": 1.0, "last_sigma": 1.0, "sigma_power": 1.0,
    }  # fmt: skip
    kinds = np.array([[-1.0, -2.0, 1.0, 0.0, 0.0, 0.0]] * 3)
    chosen = study.settings(study.PER_KIND, kinds)
    assert chosen["reacher"] == [0.1, 0.01, 2.0, 1.0, 1.0, 1.0]
    assert study.logs(study.PER_KIND, chosen) == pytest.approx(kinds)


def test_the_cross_entropy_method_finds_the_best_of_each_part(study: Any) -> None:
    """Two parts with goals of their own, and noise of a tenth."""
    rng, goals = np.random.default_rng(0), np.array([[1.0, -1.0], [0.5, 2.0]])

    def score(numbers: Any, generation: int, size: int) -> Any:
        assert generation < 12 and size == 3
        return -((numbers - goals) ** 2).sum(1) + 0.1 * rng.standard_normal(2)

    centre = importlib.import_module("cross_entropy").centre_of(
        "toy", np.zeros((2, 2)), np.ones((2, 2)), ((12, 40, 3),), score
    )
    assert centre == pytest.approx(goals, abs=0.15)
