"""Schedules that set weight decay and dropout beside the learning rate: answers by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float

from hpo_baselines._schedules.controls import ControlColumns
from hpo_baselines._schedules.schedule import Epoch
from hpo_baselines.autopilot import SIZES, Autopilot, shipped
from hpo_baselines.gap import Gap
from hpo_baselines.polynomial import Polynomial
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status, Trial


def space() -> SearchSpace:
    controls = ConfigurationSpace()
    controls.add(Float("learning_rate", (1e-5, 3.0), log=True, default=0.01))
    controls.add(Float("weight_decay", (1e-5, 3.0), log=True, default=1e-3))
    controls.add(Float("dropout", (0.0, 0.7), default=0.0))
    return SearchSpace(controls)


def epoch(t: int, epochs: int, memory: dict[str, Any], **signals: float) -> Epoch:
    facts = {"adaptive": 0.0, "normalised": 0.0, "rows": 512.0, "weights": 2.0**11.5, "batch": 2.0**4.5, "layers": 2.0}
    losses = {"validation_loss": 1.0, "validation_loss_before": 1.0, "training_loss": 1.0, "since_best": 0.0}
    losses["best_validation_loss"] = 1.0
    seen = {k: np.array([v]) for k, v in {**facts, **losses, "classes": 2.0**1.5, **signals}.items()}
    return Epoch(np.array([float(t)]), np.array([float(epochs)]), seen, np.array([np.nan]), np.empty((1, 0)), memory)


def settings(rule: Any, now: Epoch) -> tuple[float, float, float]:
    rate, others = 10.0 ** rule.log_rate(now).item(), rule.others(now)
    return rate, others["weight_decay"].item(), others["dropout"].item()


def test_the_open_loop_falls_as_a_power_and_knows_the_optimizer() -> None:
    rule = Polynomial(rate=0.4, adaptive_rate=0.1, decay=0.01, adaptive_decay=0.2, dropout=0.3, power=2.0)
    assert settings(rule, epoch(0, 4, {})) == pytest.approx((0.4, 0.01, 0.3))
    assert settings(rule, epoch(2, 4, {})) == pytest.approx((0.1, 0.01, 0.3))  # .4 * (1/2)^2
    assert settings(rule, epoch(3, 4, {}, adaptive=1.0)) == pytest.approx((0.1 / 16, 0.2, 0.3))
    assert settings(rule, epoch(9, 4, {})) == pytest.approx((0.4 / 16, 0.01, 0.3))  # past the end: as at the end


def test_a_gap_between_the_losses_regularises_and_a_rise_cuts_the_rate() -> None:
    rule = Gap(
        rate=0.1, decay=0.01, dropout=0.1, power=0.0, gap=0.2, up=1.0, dropout_up=0.04, release=0.5, rise=0.1, cut=0.5
    )
    memory: dict[str, Any] = {}
    assert settings(rule, epoch(0, 9, memory, validation_loss=9.0)) == pytest.approx((0.1, 0.01, 0.1))
    memorised = epoch(1, 9, memory, validation_loss=0.9, training_loss=0.6)
    assert settings(rule, memorised) == pytest.approx((0.1, 0.1, 0.14))
    fine = epoch(2, 9, memory, validation_loss=0.8, validation_loss_before=0.9, training_loss=0.7)
    assert settings(rule, fine) == pytest.approx((0.1, 10**-1.5, 0.12))
    risen = epoch(3, 9, memory, validation_loss=0.9, validation_loss_before=0.8, training_loss=0.6)
    assert settings(rule, risen) == pytest.approx((0.05, 10**-0.5, 0.16))


def numbers(**given: Any) -> dict[str, Any]:
    return {name: given.get(name, [0.0] * count if count > 1 else 0.0) for name, count in SIZES.items()}


def test_first_settings_of_the_autopilot_are_linear_in_what_is_known() -> None:
    """The middle recipe has facts 1, -1/2, -1/2 and 0; two more doublings of the rows are 2/3."""
    rule = Autopilot(numbers(rate=[-1.0, 0.4, 0.2, 0.3, *[0.0] * 5], decay=[-2.0, *[0.0] * 8]))
    rule.check()
    middle = epoch(0, 24, {})
    assert rule.log_rate(middle).item() == pytest.approx(-1.3)
    rule.others(middle)
    adaptive = epoch(0, 24, {}, adaptive=1.0, rows=2048.0)
    assert rule.log_rate(adaptive).item() == pytest.approx(-1.0 + 0.2 - 0.1 + 0.2)
    many = epoch(0, 24, {}, rows=1e9)
    assert rule.log_rate(many).item() == pytest.approx(-1.3 + 0.3)  # 4,096 rows are the most it knows


def test_feedback_of_the_autopilot() -> None:
    rule = Autopilot(
        numbers(
            rate=[-1.0, *[0.0] * 8], decay=[-2.0, *[0.0] * 8], dropout=[0.1, *[0.0] * 8], power=[1.0, 0.0], warm=0.5,
            feedback=[-8.0, 80.0, *[0.0] * 6], up=0.3, down=0.1, dropout_up=0.05, dropout_down=0.02, rise=0.1, cut=0.2,
            patience=3.0, late=0.4,
        )
    )  # fmt: skip
    rule.check()
    memory: dict[str, Any] = {}
    first = epoch(0, 10, memory)
    assert rule.log_rate(first).item() == pytest.approx(-1.5)
    assert {k: v.item() for k, v in rule.others(first).items()} == pytest.approx({"weight_decay": 0.01, "dropout": 0.1})
    risen = epoch(5, 10, memory, validation_loss=1.2, training_loss=0.9)
    assert rule.log_rate(risen).item() == pytest.approx(-1.2 + np.log10(0.5))
    assert {k: v.item() for k, v in rule.others(risen).items()} == pytest.approx(
        {"weight_decay": 10**-1.7, "dropout": 0.15}
    )
    late = epoch(6, 10, memory, since_best=3.0)
    assert rule.log_rate(late).item() == pytest.approx(-1.6 + np.log10(0.4))
    assert rule.others(late)["dropout"].item() == pytest.approx(0.13)


@pytest.mark.parametrize(
    ("which", "felt"),
    [
        (0, 1.0), (1, 0.25), (2, 0.2), (3, np.log(0.81) / 3), (4, 3 * np.log(0.81 / 0.51)), (5, np.log(0.81 / 0.41)),
        (6, 0.5), (7, 0.0),
    ],
)  # fmt: skip
def test_each_part_of_the_feedback_by_hand(which: int, felt: float) -> None:
    """Losses: validation .8, .5 before, .4 at best, training .6; the fifth part is clipped to 1.5 at most."""
    weights = [0.0] * 8
    weights[which] = 0.5
    rule = Autopilot(numbers(decay=[-2.0, *[0.0] * 8], feedback=weights, up=1.0, down=1.0))
    rule.check()
    memory: dict[str, Any] = {}
    for now in (epoch(0, 8, memory), epoch(4, 8, memory, **RISEN)):
        rule.log_rate(now)
        decay = rule.others(now)["weight_decay"].item()
    assert np.log10(decay) == pytest.approx(-2.0 + np.tanh(0.5 * felt))


RISEN = {"validation_loss": 0.8, "training_loss": 0.6, "validation_loss_before": 0.5, "best_validation_loss": 0.4}


def test_numbers_of_the_autopilot_are_checked() -> None:
    with pytest.raises(InvalidValueError, match="must have the names"):
        Autopilot({"rate": [0.0] * 9}).check()
    with pytest.raises(InvalidValueError, match=r"`numbers\['rate'\]` must be 9 numbers"):
        Autopilot({**numbers(), "rate": [0.0] * 4}).check()
    with pytest.raises(InvalidValueError, match=r"`numbers\['warm'\]` must be finite"):
        Autopilot({**numbers(), "warm": np.nan}).check()
    Autopilot().check()
    assert shipped()["range"].keys() >= {"rows", "weights", "batch", "layers", "epochs", "classes"}


def test_what_a_space_lacks_is_left_out_and_ends_hold() -> None:
    one = ConfigurationSpace()
    one.add(Float("learning_rate", (1e-5, 3.0), log=True, default=0.01))
    narrow = SearchSpace(one)
    x = ControlColumns(narrow).points(np.array([1.0]), {"dropout": np.array([0.5])})
    assert narrow.from_unit(x[0]) == pytest.approx({"learning_rate": 3.0})
    both = space()
    x = ControlColumns(both).points(np.array([-1.0]), {"dropout": np.array([0.9]), "weight_decay": np.array([0.1])})
    assert both.from_unit(x[0]) == pytest.approx({"learning_rate": 0.1, "weight_decay": 0.1, "dropout": 0.7})


@pytest.mark.parametrize("rule", [Polynomial(), Gap(), Autopilot()], ids=["polynomial", "gap", "autopilot"])
def test_asked_again_a_rule_answers_the_same_and_needs_its_signals(rule: Any) -> None:
    signals = {k: v.item() for k, v in epoch(0, 6, {}).signals.items()}
    rule.reset(Context(space(), 6.0, signals=signals), np.random.default_rng(0))
    first = rule.ask()
    assert rule.ask() == first
    rule.tell(Trial(first.config, -1.0, 1.0, 1.0, Status.OK, signals={**signals, "training_loss": 0.1}))
    second = rule.ask()
    assert rule.ask() == second and second != first
    with pytest.raises(InvalidValueError, match="must hold 'adaptive'"):
        rule.reset(Context(space(), 6.0, signals={"validation_loss": 1.0}), np.random.default_rng(0))
