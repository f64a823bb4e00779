"""The guide: its numbers by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_gym.problem.trial import Query, Status, Trial
from hpo_gym.suites.load import load_suite

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT / "benchmarks" / "studies"

pytest.importorskip("stable_baselines3")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module


# ---------------------------------------------------------------------- what training saves, by hand
def test_the_first_trial_that_reaches_a_target(study: Any) -> None:
    guide = study("guide")
    assert guide.trials_to([0.5, 0.2, 0.3, 0.1], 0.2) == 2
    assert guide.trials_to([0.5, 0.4], 0.4) == 2
    assert guide.trials_to([0.5, 0.4], 0.3) is None


def test_seconds_that_a_tuning_saves(study: Any) -> None:
    """33 trials of 2 s and nothing else, against 3 trials of 2 s and .5 s for each suggestion."""
    guide = study("guide")
    assert guide.saved(2.0, (3, 0.5), (33, 0.0)) == 66.0 - 7.5
    assert guide.saved(2.0, (33, 0.5), (33, 0.0)) == -16.5


def test_tunings_that_pay_for_a_training(study: Any) -> None:
    guide = study("guide")
    assert guide.break_even(117.0, 58.5) == 2
    assert guide.break_even(117.1, 58.5) == 3
    assert guide.break_even(0.1, 58.5) == 1
    assert guide.break_even(117.0, 0.0) is None and guide.break_even(117.0, -1.0) is None


def test_an_evaluation_that_pays_in_one_tuning(study: Any) -> None:
    """60 s of training; 30 trials are saved, so each must take 2 s; then one tuning saves what was spent."""
    guide = study("guide")
    assert guide.pays_at(60.0, (3, 0.0), (33, 0.0)) == 2.0
    evaluation = guide.pays_at(60.0, (3, 0.5), (33, 0.1))
    assert guide.saved(evaluation, (3, 0.5), (33, 0.1)) == pytest.approx(60.0)
    assert guide.pays_at(1.0, (3, 0.0), (33, 1.0)) == 0.0
    assert guide.pays_at(60.0, (33, 0.0), (33, 0.0)) is None


def test_a_row_of_what_pays(study: Any) -> None:
    guide = study("guide")
    part = {
        "course": {"random": [0.5] * 32 + [0.3], "mine": [0.4, 0.3, 0.2], "bad": [0.4]},
        "ms": {"random": [0.0, 0.0], "mine": [500.0, 900.0], "bad": [0.0, 0.0]},
        "training": {"mine": 100.0},
        "table": {"seconds": 1000.0, "evaluation": 1.0},
    }
    # two trials of 1.5 s in place of 33 of 1 s: 30 s less; 100 s in 4 tunings, 1,100 s in 37; (100 + 1) / 31 s
    assert guide._pays("mine", part) == ["100", "2", "30.00", "4", "37", "3.26"]
    assert guide._pays("bad", part) == ["none", "more than 33", "none", "never", "never", "never"]


# ---------------------------------------------------------------------- ratios, by hand
PART = {"tasks": ["a", "b"], "families": ["f", "g"], "auc": {"x": [0.1, 0.3], "y": [0.2, 0.6]}}


def test_ratios_of_means_are_pooled_by_their_geometric_mean(study: Any) -> None:
    ratios = study("ratios")
    other = {**PART, "auc": {"x": [0.4, 0.4], "y": [0.2, 0.2], "z": [0.1, 0.1]}}
    rows = ratios.against({"S": PART, "T": other}, "y")
    assert rows["x"]["ratio"][0] == pytest.approx(1.0)  # 1/2 and 2
    assert rows["z"]["ratio"][0] == pytest.approx(0.5) and rows["z"]["n_suites"] == 1
    assert ratios.shown(rows, "z") == "0.50" and ratios.shown(rows, "w") == "not measured"
    assert set(ratios.against({"S": PART}, "y", ["x"])) == {"x", "y"}


def test_optimizers_of_two_parts_are_joined(study: Any) -> None:
    more = {"S": {**PART, "auc": {"z": [1.0, 1.0]}}}
    assert study("ratios").joined({"S": PART, "T": PART}, more) == {
        "S": {**PART, "auc": {**PART["auc"], "z": [1.0, 1.0]}}, "T": PART,
    }  # fmt: skip


def test_what_cannot_be_told_apart_has_1_in_its_interval(study: Any) -> None:
    alike = study("ratios").alike
    assert alike([1.2, 0.9, 1.5]) and alike([1.0, 1.0, 1.0]) and alike([2.0, None, None])
    assert not alike([1.2, 1.01, 1.5]) and not alike([0.5, 0.4, 0.99])


def test_the_lowest_and_those_who_are_not_told_apart_from_it(study: Any) -> None:
    """`b` is behind `a` on all families by as much, `c` is ahead on half of them and behind on the others."""
    two = {"random": [0.8, 0.8], "a": [0.2, 0.2], "b": [0.4, 0.4], "c": [0.1, 0.4]}
    part = {"tasks": list("abcdefgh"), "families": list("abcdefgh"), "auc": {name: 4 * v for name, v in two.items()}}
    best, rows, near = study("earlier_tasks").standing({"S": part})
    assert (best, near) == ("a", ["c"])
    assert {name: row["ratio"][0] for name, row in rows.items()} == pytest.approx(
        {"random": 1.0, "a": 0.25, "b": 0.5, "c": 0.3125}
    )


def test_what_memory_and_what_weights_are_worth(study: Any) -> None:
    """Memory halves the AUC of the untrained policy; training, with equal memory, takes it to three quarters."""
    memory = study("meta_or_transfer")

    def part(untrained: float, trained: float) -> dict[str, Any]:
        auc = {"untrained": untrained, "ppo-pool-tables": trained, "transfer-mix": 0.6}
        return {**PART, "auc": {name: [v, v] for name, v in auc.items()}}

    suites = [s for group in memory.GROUPS.values() for s in group]
    parts = {"none": part(0.8, 0.8), "another space": part(1.0, 0.8), "the same space": part(0.4, 0.3)}
    found = memory.values({kind: dict.fromkeys(suites, p) for kind, p in parts.items()})
    assert found["own.the same space"] == pytest.approx([0.5, None, None]), "two families: no interval"
    assert found["own.another space"][0] == pytest.approx(1.25)
    assert found["other.trained to untrained"][0] == pytest.approx(0.75)
    assert found["other.trained to transfer-mix"][0] == pytest.approx(0.5)


def test_the_table_of_fewer_tasks_divides_by_all(study: Any) -> None:
    """With half of the tasks the AUC is twice, with a quarter half of that with all; two families: no interval."""
    names = ("q-learning", "q-portfolio", "maskable-ppo", "portfolio", "transfer-mix")
    found = {
        share: {"SVM": {**PART, "auc": {name: [mean, mean] for name in names}}}
        for share, mean in {"100%": 0.2, "50%": 0.4, "25%": 0.1}.items()
    }
    rows = study("meta_train_tasks").tables(found)["fewer"].rows
    assert rows == tuple((f"`{name}`", "2.00", "0.50") for name in names)


# ---------------------------------------------------------------------- disturbances, by hand
class Fixed:
    """Tells what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, Status]] = []

    def reset(self, context: Any, rng: Any) -> None:
        pass

    def ask(self) -> None:
        return None

    def tell(self, trial: Trial) -> None:
        self.seen.append((trial.score, trial.status))


def test_a_failure_has_the_worst_score_so_far(study: Any) -> None:
    from dataclasses import replace

    inner = Fixed()
    reported = study("stress").Disturbed(
        inner, lambda t: replace(t, status=Status.FAILED) if t.score in (1.0, 5.0) else t, floor=-7.0
    )
    reported.reset(None, None)
    for score in (1.0, 3.0, 4.0, 5.0):
        reported.tell(Trial(Query({}), score))
    failed, fine = Status.FAILED, Status.OK
    assert inner.seen == [(-7.0, failed), (3.0, fine), (4.0, fine), (3.0, failed)]
    assert reported.reported == [-np.inf, 3.0, 4.0, -np.inf]


def test_the_regret_is_that_of_the_configuration_that_looks_best(study: Any) -> None:
    stress = study("stress")

    class Task:
        best, worst = 10.0, 0.0

    found = stress.true_regret([-np.inf, 3.0, 2.0], [9.0, 5.0, 8.0], Task())
    assert found.tolist() == pytest.approx([1.0] + [0.5] * 32)


def test_noise_and_failures_hang_on_the_configuration_alone(study: Any) -> None:
    stress, task = study("stress"), load_suite("SVM").tasks("val")[0]
    space = task.space
    trials = [Trial(Query(space.from_unit(x)), 0.5) for x in space.sample(np.random.default_rng(0), 400)]
    noisy, failing = stress.noisy(task, 0), stress.failing(task, 0)
    error = np.array([noisy(t).score - t.score for t in trials]) / (task.best - task.worst)
    assert error.std() == pytest.approx(0.1, abs=0.015) and [noisy(trials[0])] == [noisy(trials[0])]
    assert np.mean([failing(t).status is Status.FAILED for t in trials]) == pytest.approx(0.2, abs=0.06)
    assert stress.noisy(task, 1)(trials[0]) != noisy(trials[0])


def test_a_ratio_of_the_heat_map(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under noise both have their own anchor, under misleading tasks that of `gp-ei` as it is."""
    stress = study("stress")
    robust = {
        "evaluations": {"S": {"gp-ei, as they are": {"auc": [0.2, 0.2]}, "transfer-time, flipped": {"auc": [0.4, 0.4]}}}
    }
    auc = {"gp-ei, noise": [0.4, 0.4], "portfolio, noise": [0.2, 0.2], "portfolio, flipped": [0.1, 0.1]}
    monkeypatch.setattr(study("frame"), "stored", lambda name: robust)
    found = stress.disturbed({"S": {**PART, "auc": auc}})
    assert {w: {k: v[0] for k, v in row.items()} for w, row in found.items() if row} == {
        "transfer-time": {"flipped": 2.0}, "portfolio": {"flipped": 0.5, "noise": 0.5},
    }  # fmt: skip


# ---------------------------------------------------------------------- studies
def test_all_who_tune_a_task_know_the_same_tasks(study: Any) -> None:
    earlier, suite = study("earlier_tasks"), load_suite("SVM")
    prior, (task, other) = suite.prior(), suite.tasks("val")[:2]
    some = earlier.drawn(prior, "5", task)
    assert len(some) == 5 and [e.name for e in some] == [e.name for e in earlier.drawn(prior, "5", task)]
    assert [e.name for e in some] != [e.name for e in earlier.drawn(prior, "5", other)]
    assert earlier.drawn(prior, "0", task) == () and len(earlier.drawn(prior, "all", task)) == len(prior)


def test_both_memories_hold_as_many_tasks(study: Any) -> None:
    reported = study("meta_or_transfer").memories("MLP")
    none, other, same = reported.values()
    assert none == () and len(other) == len(same) > 0
    assert all(np.isnan(e.x).any() for e in other) and not any(np.isnan(e.x).any() for e in same)
    assert list(study("meta_or_transfer").memories("Curves")) == ["none", "the same space"]
