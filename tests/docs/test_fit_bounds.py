"""The study of bounds: the pick by validation, epochs to a loss and two rounds by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.suites.load import load_suite

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
VALID = np.array([[1.0, 5.0], [3.0, 2.0], [2.0, 2.5], [0.0, 9.0]])
TESTED = np.array([[10.0, 11.0], [12.0, 13.0], [14.0, 15.0], [16.0, 17.0]])


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("fit_bounds")


@pytest.mark.parametrize(("k", "scores"), [(1, [13, 14]), (2, [(12 + 14) / 2, (11 + 17) / 2]), (4, [12, 17])])
def test_the_best_of_k_by_validation_is_a_mean_over_groups(study: Any, k: int, scores: list[float]) -> None:
    assert study.by_validation(VALID, TESTED, k).tolist() == scores


def test_a_pick_by_validation_sees_no_test_score(study: Any) -> None:
    which = np.broadcast_to(np.arange(4.0)[:, None], (4, 2))
    assert study.by_validation(VALID, which, 4).tolist() == [1, 3]
    for k in (1, 2, 4):
        assert study.by_validation(VALID, -which, k).tolist() == (-study.by_validation(VALID, which, k)).tolist()
    assert study.by_test(VALID, TESTED, 4).tolist() == [16, 17]


def test_epochs_to_reach_a_level_by_hand(study: Any) -> None:
    curve = np.array([0.0, 0.2, 0.5, 0.4])
    assert [study.reached(curve, level) for level in (-1.0, 0.1, 0.5, 0.51)] == [1, 2, 3, None]


def test_epochs_to_another_rules_end_are_told_with_an_interval(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "families", lambda: list("abcdefgh"))
    curves = {"slow": [0.1, 0.2, 0.3], "fast": [0.2, 0.35, 0.4]}
    found = {"test": {"curve": {name: {"curve": [curve] * 8} for name, curve in curves.items()}}}
    assert study.epochs_to(found, "fast", "slow") == "2 [2, 2]"
    assert study.epochs_to(found, "slow", "fast") == "never"
    assert study.epochs_to(found, "slow", "slow") == str(study.BUDGET)


class Played:
    """Trainings that count their epochs; the fifth of the rates is the best."""

    def __init__(self, episodes: int, runs: int) -> None:
        self.where, self.epochs = np.zeros(episodes * runs), np.zeros(episodes * runs)
        self.signals = {"adaptive": np.zeros(episodes * runs)}

    def epoch(self, log_rate: Any, others: Any, idle: Any = None) -> None:
        busy = np.ones(len(self.where), bool) if idle is None else ~idle
        self.epochs += busy

    @property
    def valid(self) -> Any:
        return -np.abs(np.arange(len(self.where)) // 2 - 4) + self.epochs / 100

    @property
    def tested(self) -> Any:
        return 100.0 * (np.arange(len(self.where)) // 2)


def test_two_rounds_spend_the_budget_on_the_best_rate(study: Any) -> None:
    them = Played(2, study.RATES)
    assert study.two_rounds(them, 0.5).tolist() == [400, 400]
    epochs = them.epochs.reshape(study.RATES, 2)
    assert epochs.sum(0).tolist() == [study.BUDGET] * 2
    assert epochs[:, 0].tolist() == [1, 1, 1, 6, study.LEFT + 6, 1, 1]


def test_the_shares_of_one_budget_are_whole_epochs(study: Any) -> None:
    paths = list(study.cells())
    assert len(set(paths)) == len(paths)
    assert [study.BUDGET % int(k) for _, what, *k in paths if what == "split" for k in k] == [0, 0, 0]


def test_settings_of_runs_are_those_that_were_tuned(study: Any) -> None:
    found = study.stored_settings("cosine", "sgd")
    first, second = study.settings_of_runs("split", "sgd", 4, 2)
    assert first[0] == second[0] == found["chosen"] and all(one in found["good"] for one in first[1:])
    assert study.settings_of_runs("seeds", "sgd", 2, 1) == [[found["chosen"]] * 2]
    (drawn,) = study.settings_of_runs("drawn", "sgd", 16, 1)
    assert all(drawn.count(one) == 1 for one in drawn)


@pytest.mark.long
def test_another_seed_is_another_network_on_the_same_rows(study: Any) -> None:
    name = load_suite("Trainings").tasks("val")[0].name
    them = study.Trainings.of(load_suite("Trainings"), [name] * 3, [5] * 3)
    them.reseed(np.array([0, 1, 2]))
    one, other, third = them.progress.fits
    assert one.recipe == other.recipe and one._rows.tolist() == other._rows.tolist()
    assert len({fit.net.weights.tobytes() for fit in (one, other, third)}) == 3
    assert other.kept[0].tolist() == other.net.weights.tolist()


@pytest.mark.long
def test_rules_side_by_side_play_as_each_alone(study: Any) -> None:
    shapes = {"cosine": {"end": 0.1}, "plateau": {"factor": 0.5, "patience": 0.0}}
    for rule, shape in shapes.items():
        tuning = study.Tuning(rule, np.empty(0), np.empty(0), optimizer="sgd")
        drawn = study.Episodes.of("train", 2, 0)
        episodes = study.Episodes(drawn.tasks, drawn.keys, (3, 3))
        settings = [{"rate": rate, "decay": 1e-3, "dropout": 0.1, **shape} for rate in (0.02, 0.3)]
        both = tuning.of(settings, episodes)
        assert [tuning.of([one], episodes)[0].tolist() for one in settings] == both.tolist()
        assert both[0].tolist() != both[1].tolist()
