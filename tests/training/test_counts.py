"""What counts of a run, worked out by hand: in curves, in the bench, for judges, against the best that was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_agents._policy import validate
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.cells import instance_of
from hpo_gym.bench.incumbent import incumbents, regret_of
from hpo_gym.bench.metrics import Curves, auc, auc_of_runs, log_auc
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.summaries import Measure, bounds_of
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.costs import Budget
from hpo_gym.problem.trial import History
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.schedules import schedules_with
from hpo_gym.suites.tasks.training.named import FILE, Course, found_in, training_task

pytestmark = pytest.mark.usefixtures("all_undrawn")


def arrays(scores: list[float]) -> dict[str, Any]:
    return {"score": np.array(scores), "status": np.zeros(len(scores), np.int8), "fidelity": np.ones(len(scores))}


def test_after_each_trial_a_run_has_come_to_its_last_score_or_to_the_mean() -> None:
    last, mean = load_suite("Schedules").members[0], load_suite("Drift").members[0]
    reported = arrays([-0.5, -0.2, -0.8])
    assert incumbents(last, reported, Budget(3), 0) == pytest.approx([-0.5, -0.2, -0.8])
    assert incumbents(mean, reported, Budget(3), 0) == pytest.approx([-0.5, -0.35, -0.5])
    assert incumbents(last, reported, Budget(5), 0) == pytest.approx(
        [-0.5, -0.2, -0.8, -0.8, -0.8]
    )  # the run ended before
    assert np.isneginf(incumbents(last, arrays([]), Budget(2), 0)).all()


def test_where_the_end_counts_it_alone_is_compared() -> None:
    regret = np.array([[[0.9, 0.3, 0.6], [0.5, 0.5, 0.2]]])
    for end, expected in ((False, [0.6, 0.4]), (True, [0.6, 0.2])):
        curves = Curves("S", "a", ("t",), regret, end=end)
        assert auc_of_runs(curves)[0] == pytest.approx(expected)
        assert auc(curves) == pytest.approx([np.mean(expected)])
    assert log_auc(Curves("S", "a", ("t",), regret, end=True)) == pytest.approx(
        [(np.log10(0.601) + np.log10(0.201)) / 2]
    )


def test_regret_is_held_against_the_best_that_was_found_in_the_very_world() -> None:
    suite = load_suite("Schedules")
    course = Course(suite.members[0].recipe, 25, "last")  # type: ignore[attr-defined]
    task = training_task("moons-s0", "Schedules", suite.space, course, {"moons-s0": (-0.2, -0.4)})
    assert (task.best, task.worst, task.exact) == (pytest.approx(-0.3), -1.0, False)
    assert [task.best_in(instance_of("Schedules", "moons-s0", r)) for r in range(3)] == pytest.approx(
        [-0.2, -0.4, -0.3]
    )
    curves = Measure("Schedules", [task], bounds_of([task], [])).curves("a", np.array([[[-0.6], [-0.3]]]))
    assert curves.regret[0, :, 0] == pytest.approx([0.4 / 0.8, 0.0])  # what is better than the best found is as good
    assert curves.end


def test_where_nobody_has_searched_regret_is_the_loss() -> None:
    task = schedules_with(("momentum",)).task("moons-s123")
    assert (task.best, task.worst) == (0.0, -1.0)
    history = rollout(hpo_gym.make_optimizer("default"), task, 3)
    assert isinstance(history, History)
    assert regret_of(history, task, 3) == pytest.approx([-s for s in history.scores])


def test_a_file_of_another_suite_is_not_read(tmp_path: Path) -> None:
    assert found_in(tmp_path / FILE, "1") == {}
    (tmp_path / FILE).write_text(json.dumps({"schedules": 2, "data_hash": "1", "found": {"a-s0": [-0.5]}}))
    assert found_in(tmp_path / FILE, "1") == {"a-s0": (-0.5,)}
    assert found_in(tmp_path / FILE, "2") == {}


@pytest.mark.parametrize("name", ["Schedules", "Drift"])
def test_a_judge_of_trainings_asks_what_counts(name: str) -> None:
    suite = load_suite(name)
    envs = HPOVectorEnv(3, suite, split="val", budget=4, codec="box", autoreset_mode="SAME_STEP")
    names = list(envs.task_names[:3])
    envs.reset(seed=5, options={"task": names})
    seen: list[np.ndarray[Any, Any]] = []

    def step() -> None:
        envs.step(np.full((3, 1), 0.1 * len(seen)))
        seen.append(np.array(envs.kernel.runs.last))

    judged = validate.mean_regret(envs.kernel.batch.tasks, envs.kernel.runs, step)
    scores = seen[-1] if name == "Schedules" else np.mean(seen, 0)
    best = np.array([suite.task(task).best for task in names])
    assert judged == pytest.approx(np.clip((best - scores) / (best + 1), 0, 1).mean())


@pytest.mark.long
def test_a_comparison_has_the_budget_of_the_suite_and_its_table_says_what_counts(tmp_path: Path) -> None:
    results = hpo_gym.benchmark("constant", "Schedules", seeds=1, tasks=2, out=tmp_path / "a", engine="serial")
    assert results.data["protocol"]["budget"] == 25
    assert results.data["suites"]["Schedules"]["end"] is True
    assert "| last regret |" in results.to_markdown() and "| AUC |" not in results.to_markdown()
    runs = results.runs()
    assert runs["auc"].tolist() == pytest.approx(runs["regret"].tolist())
    with pytest.raises(InvalidValueError, match="need one `budget`"):
        hpo_gym.benchmark("constant", ["Schedules", "Drift"], out=tmp_path / "b")
    with pytest.raises(InvalidValueError, match="`start` must be 'cold' on 'Schedules'"):
        hpo_gym.benchmark("constant", "Schedules", start="init5", out=tmp_path / "c")


def test_suites_of_which_only_the_end_counts_stand_apart() -> None:
    regret = np.full((2, 1, 3), 0.5)
    made = {
        name: [Curves(name, o, ("t", "u"), regret, end=end) for o in ("portfolio", "a")]
        for name, end in (("S", False), ("T", True))
    }
    reported = pooled(made, least=1)
    assert reported["suites"] == ["S"] and reported["apart"] == {"T": "the end counts"}
