"""The study of control while agents learn: its rules by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_baselines.learner_level import LearnerLevel
from hpo_baselines.learner_ppo import LearnerPPO, shipped
from hpo_baselines.learner_schedule import LearnerSchedulePerKind
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_one

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    module = importlib.import_module("learners")
    monkeypatch.setattr(module, "open_loop", lambda: np.tile([-2.0, -3.0, 0.0, 0.0, -1.0, 1.0], (3, 1)))
    return module


SEEN = {"weights": np.array([49.0, 41.0, 90.0]), "score": np.array([0.5, 0.7, 0.2]), "divergence": np.full(3, 0.01)}


def runs(stage: int = 10, **known: Any) -> Any:
    """Three runs, one of each kind, after 10 of 21 stages."""
    seen = {"stage": stage, "share": stage / 20, "m": 3, "moves": np.zeros((3, 2)), **known}
    return SimpleNamespace(
        of=SimpleNamespace(kind=np.arange(3)), signal=lambda name: SEEN.get(name, np.full(3, 0.1)), **seen
    )


def test_an_open_loop_by_hand(study: Any) -> None:
    """Half of the way: the rate in equal steps, the noise by the square of the share."""
    assert study.falling([-2, -3, 0, 0, -1, 1], 0.5).tolist() == [-2.5, -0.25]
    assert study.base(runs()).tolist() == [[-2.5, -0.25]] * 3
    assert study.listed(runs(1), np.arange(12).reshape(2, 3, 2)).tolist() == [[6, 7], [8, 9], [10, 11]]


def test_moves_are_kept_within_their_ends(study: Any) -> None:
    made = runs()
    assert study.away(made, np.array([[9.0, 0.5], [0, 0], [0, -9]]))[:, 0].tolist() == [-1.0, -2.5, -2.5]
    assert made.moves.tolist() == [[1.5, 0.5], [0, 0], [0, -1.5]]


def test_the_score_moves_both_controls_of_its_kind_alone(study: Any) -> None:
    numbers = np.zeros((3, 7))
    numbers[1] = [2.0, 0.0, -2.0, 1.0, 0.1, 0.0, 0.2]  # at half of the time a rate of 1, a noise of 1/2
    assert study.score_level(runs(), numbers) - study.base(runs()) == pytest.approx(
        np.array([[0, 0], [0.6, 0.25], [0, 0]])
    )


def test_a_small_change_of_the_policy_raises_the_rate(study: Any) -> None:
    numbers = np.tile([0.2, -1.0, -2.0, 0.1, 0.3, 0.0], (3, 1))  # the target is 10^-1.5, 10^-2 is seen
    found = study.kl_target(runs(moves=np.full((3, 2), 0.1)), numbers) - study.base(runs())
    assert found == pytest.approx(np.full((3, 2), [0.1 + 0.2 * 0.5, 0.1 + 0.1 * 0.5]), abs=1e-6)
    assert study.kl_target(runs(0), numbers)[0] == pytest.approx([-1.7, 0.0])


def test_a_blind_view_has_no_measurement(study: Any) -> None:
    seen, blind = study.features(runs()), study.features(runs(), blind=True)
    assert seen.shape == (3, study.SIZE) and blind.shape == (3, study.BLIND_SIZE)
    assert (seen[:, : study.BLIND_SIZE] == blind).all() and np.abs(seen).max() <= 3
    assert (study.features(runs(0))[:, study.BLIND_SIZE :] == 0).all()


def test_a_network_moves_from_where_it_is(study: Any) -> None:
    layers = {"first": np.zeros((4, study.SIZE)), "second": np.zeros((4, 4)), "action": np.zeros((2, 4))}
    layers |= {"first bias": np.zeros(4), "second bias": np.zeros(4), "action bias": np.array([1.0, -9.0])}
    made = runs(moves=np.full((3, 2), 0.5))
    study.network(made, layers)
    assert made.moves == pytest.approx(np.full((3, 2), [0.45 + 0.3, 0.45 - 0.6]))


def test_ratios_are_of_regrets(study: Any) -> None:
    half = {"settings": [], "stages": 1, "train": [0.5], "score": [0.5] * 18}
    found = {"constant": {**half, "score": [0.0] * 18}, "schedule": half, "score level": half, "PPO, seed 0": half}
    found |= {"look-ahead": {**half, "schedule": [0.75] * 18}, "PPO, seed 1": {**half, "score": [0.8] * 18}}
    rows = {row[0]: row[1:] for row in study.tables(found)["control"].rows}
    assert rows["constant"][:2] == ("0.000", "1") and rows["schedule"][2] in ("1", "0.500")
    assert rows["PPO"][1] == "0.350" and rows["PPO, seed 1"][1] == "0.200"
    assert study.ratios(found, "look-ahead", "schedule")[0] == pytest.approx(2.0)


def test_three_systems_have_a_ratio_each_and_no_interval(study: Any) -> None:
    """PPO leaves half of the rule's regret of .4 on one system, and all of it on the two others: 1 / 1.2 over all."""
    kinds = study.kinds("tested")
    rule = {"settings": [], "stages": 1, "train": [0.5], "score": [0.6] * 18}
    found = dict.fromkeys((study.CONSTANT, study.SCHEDULE, study.LEVEL), rule)
    found["PPO, seed 0"] = {**rule, "score": np.where(kinds == 0, 0.8, 0.6).tolist()}
    tables = study.tables(found)
    assert ("PPO / score level", "0.833", "0.500", "1.000", "1.000") in tables["systems"].rows
    assert not any("[" in cell for table in tables.values() for row in table.rows for cell in row)
    assert tables["systems"].columns == ("regret", "all", "cartpole (6)", "pendulum (6)", "reacher (6)")


def test_what_ships_is_what_was_chosen(study: Any) -> None:
    found = study.frame.stored("learners")
    assert shipped() == found[study.shipped(found)]["settings"]
    rows = zip(("cartpole", "pendulum", "reacher"), found["schedule per kind"]["settings"], strict=True)
    for kind, numbers in rows:
        own = [(2.0 if i % 3 == 2 else 10.0) ** v for i, v in enumerate(numbers)]
        assert getattr(LearnerSchedulePerKind(), kind) == pytest.approx(own, rel=1e-4)
        level = found["score level"]["settings"][("cartpole", "pendulum", "reacher").index(kind)]
        assert getattr(LearnerLevel(), f"of_{kind}") == pytest.approx(level, rel=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("rule", ["schedule per kind", "score level", "PPO"])
def test_the_baselines_do_what_the_study_measured(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    """The same controls in the same trainings, for the first stages: later ones part by rounding."""
    monkeypatch.syspath_prepend(str(STUDIES))
    study = importlib.import_module("learners")
    found, of = study.frame.stored("learners"), study.batch("tuned", 1, 5)
    numbers = found[study.shipped(found) if rule == "PPO" else rule]["settings"]
    rules = {"schedule per kind": LearnerSchedulePerKind, "score level": LearnerLevel, "PPO": LearnerPPO}
    made, runs = rules[rule](), []
    for task, key in zip(of.task, of.key, strict=True):
        own = study.tasks("tuned").tasks[task]
        run = Run(own, 20, int(key))
        run_one(made, run, Context.of(own, 20), np.random.default_rng(0))
        runs.append([[np.log10(t.config[name]) for name in ("learning_rate", "sigma")] for t in run.trials[:2]])
    theirs = study.Runs(of)
    for stage in range(2):
        log = study.network(theirs, numbers) if rule == "PPO" else study.starts(rule)[0](theirs, numbers)
        log = np.clip(log, study.LOWEST, study.HIGHEST)
        assert np.array(runs)[:, stage] == pytest.approx(log, abs=0.02)
        theirs.at(log)
