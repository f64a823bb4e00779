"""Schedules of both controls of an evolution strategy: answers by hand, and on `Policies`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpo_baselines._schedules.schedule import Epoch
from hpo_baselines.policy_schedule import PolicySchedule, PolicySchedulePerKind
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_one
from hpo_gym.suites.policies import policies_with
from hpo_gym.suites.tasks.policies.setup import Setup

KINDS = {"cartpole": (1.0, 0.01, 1.0, 0.1, 0.1, 1.0), "pendulum": (0.1, 0.1, 1, 10.0, 0.1, 2.0)}


def epoch(t: int, *weights: float) -> Epoch:
    n = len(weights)
    seen = {"weights": np.array(weights)}
    return Epoch(np.full(n, float(t)), np.full(n, 21.0), seen, np.full(n, np.nan), np.empty((n, 0)))


def controls(rule: Any, now: Epoch) -> list[list[float]]:
    return np.stack([10.0 ** rule.log_rate(now), rule.others(now)["sigma"]], 1).tolist()


def test_both_go_from_one_value_to_another_by_hand() -> None:
    """Of 21 generations the eleventh is half of the way: a square leaves three quarters of it."""
    rule = PolicySchedule(1.0, 0.01, 1.0, 10.0, 0.1, 2.0)
    for t, expected in ((0, [1.0, 10.0]), (10, [0.1, 10**0.5]), (20, [0.01, 0.1]), (25, [0.01, 0.1])):
        assert controls(rule, epoch(t, 41.0)) == [pytest.approx(expected)]


def test_weights_tell_the_kind() -> None:
    rule = PolicySchedulePerKind(**KINDS, reacher=(2.0, 2.0, 1.0, 3.0, 3.0, 1.0))
    found = controls(rule, epoch(10, 41.0, 49.0, 90.0))
    assert found == [pytest.approx(row) for row in ([0.1, 10**0.5], [0.1, 0.1], [2.0, 3.0])]


def test_numbers_are_checked() -> None:
    with pytest.raises(InvalidValueError, match=r"`1e-12 <= last_sigma <= 1e\+06` must hold"):
        PolicySchedule(last_sigma=0.0).check()
    with pytest.raises(InvalidValueError, match=r"`0\.01 <= rate_power <= 100` must hold"):
        PolicySchedulePerKind(reacher=(1, 1, 0, 1, 1, 1)).check()
    with pytest.raises(InvalidValueError, match="`pendulum` must be 6 numbers, rate, last_rate"):
        PolicySchedulePerKind(pendulum=(1, 1)).check()


def test_a_training_is_set_at_both_controls() -> None:
    task = policies_with(Setup(pairs=3, starts=2, steps=12)).tasks("val")[5]
    run, rule = Run(task, 20, 1), PolicySchedulePerKind(**KINDS)
    run_one(rule, run, Context.of(task, 20), np.random.default_rng(0))
    assert [run.trials[i].config["sigma"] for i in (0, 19)] == pytest.approx([10.0, 0.1], rel=1e-6)
    assert run.trials[7].config["learning_rate"] == pytest.approx(0.1)
