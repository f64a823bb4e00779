"""The study of controllers on PPO of Stable-Baselines3: its envs, its signals, and how it counts."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("learners_elsewhere")


def test_a_cart_is_pushed_by_a_share_of_its_force(study: Any) -> None:
    """Two steps: the first push counts for the velocity after it, .02 s of so many Newtons by 1.1 kg and the pole."""
    speeds = []
    for share in (0.5, 1.0, -1.0, 0.0):
        env = study.Pushed()
        env.reset(seed=0)
        env.unwrapped.state = np.zeros(4)
        speeds.append(env.step(np.array([share], np.float32))[0][1])
    assert speeds[1] == pytest.approx(0.195, abs=2e-3) and speeds[2] == pytest.approx(-speeds[1])
    assert speeds[0] == pytest.approx(speeds[1] / 2) and speeds[3] == 0


def test_rewards_of_the_pendulum_are_in_the_unit_interval(study: Any) -> None:
    env = study.made("Pendulum")
    env.reset(seed=0)
    env.unwrapped.state = np.array([np.pi, 8.0])
    assert env.step(np.ones(1, np.float32))[1] == pytest.approx(0.0, abs=1e-5)
    env.unwrapped.state = np.zeros(2)
    assert env.step(np.zeros(1, np.float32))[1] == pytest.approx(1.0)


def test_pairs_that_differ_in_the_suite_are_counted(study: Any) -> None:
    """Regrets of .5, .49 and .25: the first two are 2 % apart."""
    found = {"a": {"suite": 0.5, "score": [0.1, 0.3]}, "b": {"suite": 0.51, "score": [0.0]},
             "c": {"suite": 0.75, "score": [0.1]}}  # fmt: skip
    assert list(study.pairs(found)) == [(0.5, pytest.approx(-0.1)), (pytest.approx(0.24 / 0.49), pytest.approx(0.1))]
    table = study.tables({"8 units": {"CartPole": found}})["agreement"]
    assert [row[2:5] for row in table.rows] == [("1", "0", "1"), ("1 (50%)", "0 (0%)", "1 (50%)")]
    found["c"]["score"] = [0.2]
    equal = study.tables({"8 units": {"CartPole": found}})["agreement"]
    assert equal.rows[0][2:5] == ("1", "1", "0")


@pytest.mark.long
def test_a_stage_has_all_signals(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 32)
    runs = study.Watched("8 units", "CartPole", 0)
    assert not study.learners.features(runs)[0, 4:].any()
    for _ in range(2):
        runs.at(np.array([[-1.0, -0.3]]))
    seen = study.learners.features(runs)[0]
    assert runs.stage == 2 and np.isfinite(seen).all() and (seen[6:] != 0).all()
    assert runs.signal("falls")[0] > 0 and runs.signal("reward")[0] == 1 and runs.signal("divergence")[0] > 0
    assert runs.signal("score_before")[0] != runs.signal("score")[0]
    policy = runs.model.policy
    assert np.exp(policy.log_std.detach().numpy())[0] == pytest.approx(10**-0.3)
    assert policy.optimizer.param_groups[0]["lr"] == pytest.approx(0.001)
