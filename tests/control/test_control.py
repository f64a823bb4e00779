"""`Control`: signals by hand, the same settings as in the suite, refusals in words, the guard, the log."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.control import Control, Guard
from hpo_gym.control.guard import Watch
from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.trial import Query, Trial
from hpo_gym.suites.load import load_suite

FACTS: Any = {"rows": 512, "weights": 1000, "batch": 32, "adaptive": True, "normalised": False, "layers": 2}
SCHEDULES = (name for name, entry in OPTIMIZERS.entries().items() if entry.about.get("family") == "schedule")
RULES = sorted(SCHEDULES)
"""All but those of agents in training."""


class Recorder:
    """Note what a policy is told."""

    def __init__(self, *reads: str, rates: tuple[float, ...] = (0.1,)) -> None:
        self.reads, self.rates = reads, rates

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context, self.trials = context, list[Trial]()

    def ask(self) -> Query:
        rate = self.rates[len(self.trials) % len(self.rates)]
        return Query({**self.context.space.default, "learning_rate": rate})

    def tell(self, trial: Trial) -> None:
        self.trials.append(trial)


def recorded(control: Control) -> Recorder:
    assert isinstance(control._optimizer, Recorder)
    return control._optimizer


def test_two_losses_make_all_signals_of_a_fit_by_hand() -> None:
    losses = "validation_loss training_loss validation_loss_before training_loss_before best_validation_loss"
    own = "since_best accuracy classes rows weights batch adaptive normalised layers diverged"
    names = (*losses.split(), *own.split())
    control, unit = Control(Recorder(*names), epochs=3, classes=4, **FACTS), math.log(4)
    control.begin(validation_loss=1.5)
    seen = recorded(control)
    same = {"classes": 4.0, "rows": 512.0, "weights": 1000.0, "batch": 32.0, "adaptive": 1.0, "normalised": 0.0}
    same |= {"layers": 2.0}
    start = dict.fromkeys(names[:5], 1.5 / unit) | {"since_best": 0.0, "accuracy": math.exp(-1.5), "diverged": 0.0}
    assert seen.context.signals == pytest.approx({**start, **same}) and seen.context.budget == 3.0
    control.step(train_loss=1.2, validation_loss=1.0, accuracy=0.6)
    control.step(train_loss=0.8, validation_loss=1.1)
    assert seen.trials[0].signals == pytest.approx(
        {**same, "validation_loss": 1.0 / unit, "training_loss": 1.2 / unit, "validation_loss_before": 1.5 / unit,
         "training_loss_before": 1.5 / unit, "best_validation_loss": 1.0 / unit, "since_best": 0.0, "accuracy": 0.6,
         "diverged": 0.0}
    )  # fmt: skip
    assert seen.trials[1].signals == pytest.approx(
        {**same, "validation_loss": 1.1 / unit, "training_loss": 0.8 / unit, "validation_loss_before": 1.0 / unit,
         "training_loss_before": 1.2 / unit, "best_validation_loss": 1.0 / unit, "since_best": 1.0,
         "accuracy": math.exp(-1.1), "diverged": 0.0}
    )  # fmt: skip
    assert list(seen.trials[0].signals) == list(names)  # an agent may read them by place


@pytest.mark.parametrize("name", RULES)
def test_every_rule_works_with_all_signals(name: str) -> None:
    control = Control(name, epochs=3, classes=10, **FACTS)
    rates = [control.begin(validation_loss=2.3)["learning_rate"]]
    rates += [control.step(2.1, 2.0 - i / 10)["learning_rate"] for i in range(3)]
    assert all(1e-8 <= rate <= 10.0 for rate in rates) and rates[2] == rates[3] and control.over
    assert tuple(control.settings) == control.controls == control._optimizer.controls  # type: ignore[attr-defined]


def test_rules_of_several_controls_set_decay_and_dropout() -> None:
    control = Control({"name": "gap", "gap": 0.2, "dropout": 0.1, "dropout_up": 0.03}, epochs=3, classes=10, **FACTS)
    first = control.begin(2.3)
    later = control.step(1.0, 2.0)
    assert set(first) == {"learning_rate", "weight_decay", "dropout"} and first["dropout"] == pytest.approx(0.1)
    assert later["weight_decay"] > first["weight_decay"] and later["dropout"] == pytest.approx(0.13)


@pytest.mark.long
def test_signals_mean_what_they_mean_in_fits() -> None:
    task = load_suite("Trainings").tasks("val")[0]
    suite = Recorder(rates=(0.1, 0.01))
    rollout(suite, task, 3)
    first, unit = suite.context.signals, math.log(suite.context.signals["classes"])
    facts: Any = {name: int(first[name]) for name in (*FACTS, "classes")}
    facts |= {name: bool(facts[name]) for name in ("adaptive", "normalised")}
    control = Control(Recorder(*task.alone.signals, rates=(0.1, 0.01)), epochs=3, guard=False, **facts)
    control.begin(validation_loss=first["validation_loss"] * unit, accuracy=first["accuracy"])
    assert recorded(control).context.signals == pytest.approx(first, rel=1e-5, abs=1e-7)
    for s in (trial.signals for trial in suite.trials):
        control.step(s["training_loss"] * unit, s["validation_loss"] * unit, s["accuracy"])
        assert recorded(control).trials[-1].signals == pytest.approx(s, rel=1e-5, abs=1e-7)


def test_a_policy_of_the_users_own_env_reads_what_its_observer_shows() -> None:
    policy = PolicyOptimizer(lambda obs, rng: np.array([0.5]), "last")
    assert policy.reads == () and PolicyOptimizer(lambda obs, rng: 0, "progress").reads is None
    control = Control(policy, epochs=2)
    assert control.begin()["learning_rate"] > 0 and control.step(validation_loss=1.0)["learning_rate"] > 0


def test_plateau_falls_after_two_epochs_that_are_no_better() -> None:
    control = Control({"name": "plateau", "rate": 0.1, "factor": 0.5}, epochs=5, classes=2)
    rates = [control.begin(validation_loss=0.7)["learning_rate"]]
    rates += [control.step(validation_loss=loss)["learning_rate"] for loss in (0.5, 0.5, 0.5, 0.4)]
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05])


# ---------------------------------------------------------------------------------------------- units
def test_a_regression_has_the_loss_of_its_guess() -> None:
    control = Control(Recorder("validation_loss", "classes"), epochs=2, guess=4.0)
    control.begin()
    control.step(validation_loss=3.0)
    assert recorded(control).context.signals == {"validation_loss": 1.0, "classes": 2.0}
    assert recorded(control).trials[0].signals["validation_loss"] == 0.75


@pytest.mark.parametrize(("start", "told"), [(8.0, [0.5, 0.25]), (None, [0.9, 0.45])])
def test_without_classes_and_guess_the_first_loss_is_the_unit(start: float | None, told: list[float]) -> None:
    control = Control(Recorder("validation_loss"), epochs=2)
    control.begin(start)
    for loss in (4.0, 2.0):
        control.step(validation_loss=loss)
    assert [t.signals["validation_loss"] for t in recorded(control).trials] == pytest.approx(told)


def test_losses_of_any_numeric_kind_are_read() -> None:
    control = Control(Recorder("validation_loss"), epochs=3, guess=1.0)
    control.begin(np.float32(1.0))
    control.step(validation_loss=np.array([0.5]))
    control.step(validation_loss=1)
    assert [t.signals["validation_loss"] for t in recorded(control).trials] == [0.5, 1.0]


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Control("plateauu", epochs=3), "Did you mean 'plateau'"),
        (lambda: Control("plateau", epochs=0), "`epochs` must be an integer >= 1"),
        (lambda: Control("plateau", epochs=3, classes=1), "`classes` must be an integer >= 2"),
        (lambda: Control("plateau", epochs=3, guess=0), "`guess` must be a finite number above 0"),
        (lambda: Control("plateau", epochs=3, guard=2), "`guard` must be True, False or a `Guard`"),  # type: ignore[arg-type]
        (lambda: Control("plateau", epochs=3, space={"x": (0.0, 1.0)}), "`space` must have 'learning_rate'"),
        (lambda: Guard(rise=1.0), "`rise` must be a finite number above 1"),
        (lambda: Guard(slack=-1.0), "`slack` must be"),
        (lambda: Control("plateau", epochs=3).begin("a"), "`validation_loss` must be a number"),
        (lambda: Control("plateau", epochs=3).begin(math.nan), "must be finite before the first epoch"),
        (lambda: Control("plateau", epochs=3).begin(1.0, classs=2.0), "No signal .*Did you mean 'classes'"),
        (lambda: Control("plateau", epochs=3).step(0.5), "`validation_loss` must be told"),
        (lambda: Control("plateau", epochs=3).step(0.5, -0.1), "must be at least 0, got -0.1; the nearest is 0"),
        (lambda: Control(Recorder("rows"), epochs=3).begin(1.0), "no 'rows'. Give `rows=` with `epochs=`"),
        (lambda: Control(Recorder("training_loss"), epochs=3).step(None, 1.0), "Give `train_loss=`"),
        (lambda: (own := Control(Recorder("m"), epochs=3)).begin(m=1.0) and own.step(1, 1, m=math.inf), "'m' inf"),
        (lambda: Control(Recorder("mine"), epochs=3).begin(1.0), "Give `begin.mine="),
        (lambda: Control("plateau", epochs=3).load_state_dict({"policy": "cosine", "epochs": 3}), "be of the policy"),
        (lambda: Control("plateau", epochs=3).load_state_dict({"policy": "plateau", "epochs": 3}), "form .*3, None"),
    ],
)  # fmt: skip
def test_a_slip_is_refused_in_words(call: Any, said: str) -> None:
    with pytest.raises((InvalidValueError, UnknownNameError), match=said):
        call()


def test_a_policy_that_breaks_is_named() -> None:
    class Broken(Recorder):
        def ask(self) -> Query:
            raise KeyError("alignment")

    with pytest.raises(InvalidValueError, match=r"'Broken' must choose by the signals .*KeyError: 'alignment'"):
        Control(Broken(), epochs=2).begin(1.0)


def test_after_the_last_epoch_there_is_no_other() -> None:
    control = Control("cosine", epochs=1)
    assert control.step(validation_loss=1.0) == control.settings and control.over
    with pytest.raises(StateError, match="at most `epochs`=1 times"):
        control.step(validation_loss=1.0)


# ---------------------------------------------------------------------------------------------- the guard
def test_the_guard_halves_the_rate_and_goes_back_to_the_best_epoch(caplog: pytest.LogCaptureFixture) -> None:
    policy = Recorder("validation_loss", "since_best", "validation_loss_before", rates=(0.1, 0.1, 0.8))
    control = Control(policy, epochs=6, guess=1.0)
    rates = [control.begin(validation_loss=1.0)["learning_rate"]]
    with caplog.at_level(logging.WARNING, "hpo_gym"):
        for loss in (0.5, 0.51, 0.72, 0.69, math.nan, 0.5):
            rates.append(control.step(validation_loss=loss)["learning_rate"])
    # .72 > 1.3 x .5 + .05 at .8: at most .4; .69 is none; NaN at .1: at most .05
    assert rates == pytest.approx([0.1, 0.1, 0.8, 0.1, 0.1, 0.05, 0.05])
    assert [bool(row.guard) for row in control.log] == [False, False, True, False, True, False] and control.best == 1
    after = "back to the weights after 1 epochs, and no learning rate above"
    assert f"epoch 3: the validation loss 0.72 is above 0.7: {after} 0.4 for 8 epochs" in caplog.text
    assert f"epoch 5: a loss is not finite: {after} 0.05 for 16 epochs" in caplog.text
    seen = [t.signals for t in recorded(control).trials]
    assert seen[2]["validation_loss"] == 0.72  # the accident is told,
    assert seen[3]["validation_loss_before"] == 0.5  # but the run goes on from the best epoch
    assert [t.status.label for t in recorded(control).trials] == ["ok", "ok", "ok", "ok", "diverged", "ok"]
    assert seen[4]["validation_loss"] == 3.0


def test_the_limit_of_the_rate_rises_again() -> None:
    control = Control(Recorder(rates=(0.8,)), epochs=40, guess=1.0)
    control.begin(1.0)
    told = [math.inf, *[0.9] * 9, math.inf, *[0.9] * 17]
    rates = [control.step(validation_loss=loss)["learning_rate"] for loss in told]
    # .4 for eight epochs, then .8; again .4, for sixteen, then .8
    assert rates == pytest.approx([*[0.4] * 8, *[0.8] * 2, *[0.4] * 16, *[0.8] * 2])


def test_the_limit_rises_after_each_wait_without_an_accident() -> None:
    """At .8 an accident: at most .4 for eight epochs, .8 for eight, 1.6 for eight, and so on."""
    watch = Watch(Guard(), 1.0)
    watch.take(math.inf, None, 0.8, 1.0)
    caps = [watch.cap]
    for _ in range(25):
        watch.take(0.9, None, 0.1, 1.0)
        caps.append(watch.cap)
    assert caps == pytest.approx([*[0.4] * 8, *[0.8] * 8, *[1.6] * 8, *[3.2] * 2])


@pytest.mark.parametrize(("loss", "accident"), [(0.72, False), (0.74, True)])
def test_a_rise_within_the_noise_is_no_accident(loss: float, accident: bool) -> None:
    control = Control("constant", epochs=9, guess=1.0)
    control.begin(1.0)
    for value in (0.5, 0.6, 0.5, 0.6, 0.5, loss):
        control.step(validation_loss=value)
    # two rises of .1 among six changes, the one before the start counted as none: .5 + 4 x sqrt(.02 / 6) = .731
    assert control.back is accident and control.best == 1


@pytest.mark.parametrize(("train_loss", "accident"), [(None, True), (0.2, False), (0.31, False), (0.32, True)])
def test_where_the_validation_loss_rises_alone_the_network_overfits(train_loss: Any, accident: bool) -> None:
    control = Control("constant", epochs=9, guess=1.0)
    for loss in (0.5, 0.3, 0.3):
        control.step(None if train_loss is None else 0.2, loss)
    control.step(train_loss, 0.8)  # above 1.3 x .3 + .05; 1.3 x .2 + .05 is .31
    assert control.back is accident


def test_a_slow_rise_is_no_accident_however_far_it_goes() -> None:
    control = Control("constant", epochs=40, guess=1.0)
    for t in range(40):
        control.step(validation_loss=0.3 * 1.05**t)
    assert not any(row.guard for row in control.log) and control.best == 1


def test_where_nothing_is_restored_the_training_goes_on_from_the_accident() -> None:
    control = Control(Recorder(rates=(0.8,)), epochs=9, guess=1.0, guard=Guard(restores=False))
    for loss in (0.5, 1.4, 1.3, 0.7, 0.5, 0.72):
        control.step(validation_loss=loss)
    assert [bool(row.guard) for row in control.log] == [False, True, False, False, False, True]
    assert [row.settings["learning_rate"] for row in control.log] == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.4, 0.4])


@pytest.mark.parametrize("guard", [True, False])
def test_the_best_epoch_is_known_and_no_accident(guard: bool) -> None:
    control = Control("constant", epochs=5, guess=1.0, guard=guard)
    assert control.best == 0
    found = [control.best for loss in (0.9, 0.5, math.nan, 0.4, 0.45) if control.step(validation_loss=loss)]
    assert found == [1, 2, 2, 4, 4]


def test_without_a_guard_a_dead_run_is_told_as_one() -> None:
    control = Control(Recorder("validation_loss", "diverged"), epochs=2, guess=1.0, guard=False)
    control.begin(1.0)
    assert control.step(math.inf, math.nan)["learning_rate"] == pytest.approx(0.1) and not control.back
    assert recorded(control).trials[0].signals == {"validation_loss": 3.0, "diverged": 1.0}


def test_a_first_epoch_of_three_guesses_is_an_accident_where_no_start_was_told() -> None:
    for loss, back in ((2.9, False), (3.1, True)):
        control = Control("constant", epochs=2, guess=1.0)
        control.step(validation_loss=loss)
        assert control.back is back


# ---------------------------------------------------------------------------------------------- the log
@pytest.fixture
def logged() -> Control:
    control = Control("cosine", epochs=4, classes=3)
    for loss in (1.0, 0.8, math.nan, 0.7):
        control.step(loss, loss)
    return control


@pytest.mark.long
def test_the_log_is_a_frame_a_file_and_a_tuning(logged: Control, tmp_path: Path) -> None:
    control = logged
    frame = control.trials()
    assert frame["score"].tolist()[:2] == [1.0, 0.8] and frame["status"].tolist()[2] == "diverged"
    assert frame["guard"][2].startswith("a loss is not finite") and "train_loss" in frame
    assert control.tuned().best_score == 0.7
    path = control.save(tmp_path / "log.csv")
    with pytest.raises(InvalidValueError, match=r"must end in '\.csv'"):
        control.save(tmp_path / "log.txt")
    assert [len(e.x) for e in Control("cosine", epochs=4, prior=path)._prior] == [4]
    assert control.tuned().report(tmp_path / "log.html").stat().st_size > 1000
    assert control.tuned().suite().members[0].best == -0.7


@pytest.mark.long
def test_the_log_is_an_earlier_task_of_a_tuning(logged: Control, tmp_path: Path) -> None:
    space = {"learning_rate": (1e-5, 10.0, "log")}
    for prior in (logged.save(tmp_path / "log.csv"), logged.trials(), logged.tuned()):
        said: Any = {"prior": prior, "direction": "minimize", "seed": 0}
        tuned = hpo_gym.tune(lambda config: 1.0, space, optimizer="random", budget=1, **said)
        assert "1 of 1 hyperparameters matched, 4 of 4 configurations" in tuned.summary()


def test_facts_outside_the_range_of_a_policy_are_said_once(caplog: Any) -> None:
    facts: Any = {"classes": 3, "rows": 50, "weights": 10**6, "batch": 16, "layers": 1, "adaptive": True}
    control = Control("autopilot", epochs=12, normalised=False, **facts)
    control.begin()
    control.step(1.0, 1.0)
    said = "rows 50 (of 64 to 4096), weights 1e+06 (of 60 to 150000)"
    assert caplog.messages == [f"'autopilot' takes the nearest end of its range for {said}"]
