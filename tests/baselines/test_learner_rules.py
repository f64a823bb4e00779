"""Control of actor-critics: the open loop and the network that PPO has trained, by hand and on `Learners`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from hpo_baselines import learner_ppo
from hpo_baselines._schedules.schedule import Epoch
from hpo_baselines.learner_level import LearnerLevel
from hpo_baselines.learner_ppo import READS, LearnerPPO, moved, view
from hpo_baselines.learner_schedule import LearnerSchedulePerKind
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_one
from hpo_gym.suites.load import load_suite

KINDS = {"cartpole": (1.0, 0.01, 1.0, 0.1, 0.1, 1.0), "pendulum": (0.1, 0.1, 1, 10.0, 0.1, 2.0)}


def signals(*weights: float, **known: float) -> dict[str, Any]:
    return {name: np.full(len(weights), known.get(name, 0.0)) for name in READS} | {"weights": np.array(weights)}


def test_the_view_by_hand() -> None:
    """Half of the time is over; a pendulum and an arm."""
    seen = signals(41.0, 90.0, score=0.6, score_before=0.5, best_score=0.7, reward=0.4, critic_error=0.99,
                   advantage_deviation=0.05, divergence=0.01, gradient_norm=0.09, alignment=-0.5, falls=0.25,
                   weight_norm=9.9, action_size=0.5, path=0.9)  # fmt: skip
    found = view(seen, np.array([0.5, 0.5]), np.array([[0.1, -0.2], [0.3, 0.4]]))
    own = [0.2, 0.5, 0.3, 0.4, 0, 0.5, 0.5 * math.log10(0.010001) + 1, -1, -0.5, 0.25, 0.5, 0.5, 0]
    assert found[0] == pytest.approx([1, 0, 1, 0, 0.1, -0.2, *own], abs=1e-6)
    assert found[1, :6] == pytest.approx([1, 0, 0, 1, 0.3, 0.4]) and (found[1, 6:] == found[0, 6:]).all()
    first = view(seen, np.zeros(2), np.zeros((2, 2)))
    assert not first[:, 4:].any() and (first[:, 1] == -1).all()
    far = view(signals(49.0, weight_norm=1e9, score=-1.0), np.ones(1), np.zeros((1, 2)))
    assert far.min() == -3 and far.max() == 3


def layers(**bias: tuple[float, float]) -> dict[str, Any]:
    """A network whose action is its last bias."""
    return {
        "first": np.zeros((4, 19)), "second": np.zeros((4, 4)), "action": np.zeros((2, 4)), "first bias": np.zeros(4),
        "second bias": np.zeros(4), "action bias": np.array(bias["action"]),
    }  # fmt: skip


def test_moves_by_hand() -> None:
    """A tenth of a move is lost, an action of 1 adds .3 decades, one beyond 2 counts as 2; 1.5 decades are the end."""
    seen = np.zeros((2, 19))
    found = moved(layers(action=(1.0, -9.0)), np.array([[0.5, 0.5], [1.5, -1.5]]), seen)
    assert found == pytest.approx(np.array([[0.75, -0.15], [1.5, -1.5]]))
    one = layers(action=(0.0, 0.0)) | {"first": np.eye(4, 19), "second": np.eye(4), "action": np.eye(2, 4)}
    x = np.zeros((1, 19))
    x[0, 1] = 0.5
    assert moved(one, np.zeros((1, 2)), x)[0] == pytest.approx([0, 0.3 * math.tanh(math.tanh(0.5))])


def test_the_network_moves_both_controls_from_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_ppo, "shipped", lambda: layers(action=(1.0, -1.0)))
    rule = LearnerPPO(**KINDS, reacher=(2.0, 2.0, 1.0, 3.0, 3.0, 1.0))
    now = Epoch(np.full(1, 10.0), np.full(1, 21.0), signals(49.0), np.full(1, np.nan), np.empty((1, 0)))
    for total in (0.3, 0.57):
        assert rule.log_rate(now) == pytest.approx([-1 + total])
        assert rule.others(now)["sigma"] == pytest.approx([0.1 * 10**-total])


def test_the_score_moves_both_controls_by_hand() -> None:
    """Half of the time is over: the rate by .4 (2 - 1) + .1, sigma by .4 * 1."""
    rule = LearnerLevel(**KINDS, reacher=(2.0, 2.0, 1.0, 3.0, 3.0, 1.0), of_cartpole=(2, 0, -2, 2, 0.1, 0, 0.2))
    now = Epoch(np.full(1, 10.0), np.full(1, 21.0), signals(49.0, score=0.6), np.full(1, np.nan), np.empty((1, 0)))
    assert rule.log_rate(now) == pytest.approx([-1 + 0.5])
    assert rule.others(now)["sigma"] == pytest.approx([0.1 * 10**0.4])
    far = dataclasses.replace(rule, of_cartpole=(0, 0, 0, 0, 9, -9, 0))
    assert far.log_rate(now) == pytest.approx([0.5]) and far.others(now)["sigma"] == pytest.approx([0.1 * 10**-1.5])
    with pytest.raises(InvalidValueError, match="`of_reacher` must be 7 finite numbers, rate_slope"):
        LearnerLevel(of_reacher=(1,)).check()


@pytest.mark.parametrize("rule", [LearnerSchedulePerKind(), LearnerLevel(), LearnerPPO()])
def test_a_training_is_set_at_both_controls(rule: Any) -> None:
    task = load_suite("Learners").tasks("val")[4]
    run = Run(task, 20, 1)
    run_one(rule, run, Context.of(task, 20), np.random.default_rng(0))
    rates, sigmas = ([trial.config[name] for trial in run.trials] for name in ("learning_rate", "sigma"))
    assert len(set(rates)) == 20 and all(1e-4 <= r <= 1 for r in rates) and all(0.02 <= s <= 3 for s in sigmas)
    if type(rule) is LearnerSchedulePerKind:
        assert (rates[0], sigmas[-1]) == pytest.approx((rule.pendulum[0], rule.pendulum[4]), rel=1e-4)


@pytest.mark.long
def test_on_learners_the_network_is_ahead_of_its_schedule() -> None:
    """On the training families, 36 trainings each."""
    tasks, ends = load_suite("Learners").tasks("train"), []
    for rule in (LearnerSchedulePerKind(), LearnerPPO()):
        scores = []
        for task in tasks:
            run = Run(task, 20, 1)
            run_one(rule, run, Context.of(task, 20), np.random.default_rng(0))
            scores.append(run.trials[-1].score)
        ends.append(np.mean(scores))
    assert ends[1] > ends[0] + 0.02
