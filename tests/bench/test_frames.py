"""Results as tables of pandas, as figures, as text: each value is found again from the trials, by hand or by loops."""

from __future__ import annotations

import math
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from reports import ranged

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.bench.origin import commit
from hpo_gym.bench.plan import opened
from hpo_gym.bench.report.style import INK, MUTED
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark
from hpo_gym.bench.single_runs import single_runs
from hpo_gym.system.storage.store import Store

X = [[0.0], [0.5], [1.0]]
SCORES = [[0.0, 1.0, 0.5], [1.0, 0.0, -math.inf], [0.2, 0.4, 0.6], [0.9, 0.1, 0.3]]
TESTS = [[0.0, 0.5, 1.0], [1.0, 0.0, -math.inf], [0.6, 0.4, 0.2], [0.8, 0.2, 0.4]]
COSTS = [[1.0, 2.0, 3.0]] * 4
NAMES = ["a", "b", "c", "d"]
SPLITS = {"train": ["a"], "val": ["b"], "test": ["c", "d"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = cs.ConfigurationSpace({"u": (0.0, 2.0)})
    suite = hpo_gym.table_suite(
        "Made", space, X, SCORES, test_scores=TESTS, costs=COSTS, tasks=NAMES, families=["f", "g", "h", "h"],
        splits=SPLITS,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("frames")
    benchmark("random", suite, budget=3, seeds=2, out=path / "out", start="cold")
    return path / "out"


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return Results.load(folder)


@pytest.mark.long
def test_what_is_loaded_is_what_was_found_and_nothing_is_written(folder: Path, results: Results) -> None:
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    again = Results.load(str(folder))
    assert again.data["suites"] == results.data["suites"] and again.folder == folder
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    assert repr(results).startswith("Results(3 optimizers on Made (2 tasks); ")


def test_every_trial_is_a_row_of_the_table(results: Results) -> None:
    trials = results.trials()
    assert len(trials) == 3 * 2 * 2 * 3  # optimizers, tasks, replicates, trials
    for (task, *_), run in trials.groupby(["task", "optimizer", "replicate"]):
        k = NAMES.index(str(task))
        assert run["trial"].tolist() == [1, 2, 3] and not run["given"].any() and set(run["status"]) == {"ok"}
        found = {
            config["u"]: tuple(rest)
            for config, *rest in zip(run["config"], run["score"], run["test_score"], run["cost"], strict=True)
        }
        assert found == {2 * u[0]: (*rest,) for u, *rest in zip(X, SCORES[k], TESTS[k], COSTS[k], strict=True)}
    assert set(trials["family"]) == {"h"} and set(trials["suite"]) == {"Made"}


def test_tasks_are_means_over_replicates(results: Results) -> None:
    runs, tasks = results.runs(), results.tasks()
    assert len(tasks) == 3 * 2
    for _, row in tasks.iterrows():
        mine = runs[(runs["task"] == row["task"]) & (runs["optimizer"] == row["optimizer"])]
        for name in ("auc", "regret", "validation_auc", "validation_regret"):
            assert row[name] == pytest.approx(mine[name].sum() / 2)
        assert row["failed"] == 0 and row["score"] == "test"
    frame = results.to_frame().set_index("optimizer")
    assert tasks.groupby("optimizer")["auc"].mean()["random"] == pytest.approx(frame.loc["random", "auc"], abs=1e-6)


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_failed_runs_and_failed_trials_have_rows_that_say_so(tmp_path: Path) -> None:
    space = cs.ConfigurationSpace({"u": (0.0, 2.0)})
    suite = hpo_gym.table_suite(
        "Made", space, X, SCORES, tasks=NAMES, splits={"train": ["a"], "val": ["c"], "test": ["b"]}
    )
    results = benchmark(["random", "bench_optimizers:Crasher"], suite, budget=3, seeds=1, out=tmp_path)
    runs = results.runs().set_index("optimizer")
    assert runs.loc["Crasher", ["auc", "regret", "failed", "score"]].tolist() == [1.0, 1.0, True, "validation"]
    assert results.tasks().set_index("optimizer").loc["Crasher", "failed"] == 1
    trials = results.trials()
    assert set(trials["optimizer"]) == {"random", "default", "portfolio"} and trials["test_score"].isna().all()
    assert sorted(trials[trials["optimizer"] == "random"]["status"]) == ["failed", "ok", "ok"]
    assert "1 cells failed" in repr(results)


def test_figures_are_of_the_suite_the_task_and_the_run(results: Results) -> None:
    for figure in (results.plot_regret(), results.plot_ranks("Made"), results.plot_profile(), results.plot_task("d")):
        assert any("Made" in text.get_text() for text in figure.texts)
    mine = results.trials().query("task == 'c' and optimizer == 'random' and replicate == 1")
    order, parallel, _ = results.plot_run("c", "random", 1).axes
    (dots,), (line, lost) = order.collections, order.lines
    assert dots.get_offsets().tolist() == [list(p) for p in zip(mine["trial"], mine["score"], strict=True)]
    assert line.get_ydata().tolist() == np.maximum.accumulate(mine["score"]).tolist() and len(lost.get_ydata()) == 0
    best = max(zip(mine["score"], mine["config"], strict=True), key=lambda pair: pair[0])[1]
    drawn = sorted(x for line in parallel.lines if line.get_linewidth() == 0.9 for x in line.get_xdata()[::2])
    assert drawn == sorted(config["u"] / 2 for config in mine["config"])
    assert parallel.lines[-1].get_xdata().tolist() == [best["u"] / 2]


def test_who_stands_out_in_a_figure_is_chosen(results: Results) -> None:
    drawers: list[Any] = [
        results.plot_regret, results.plot_ranks, results.plot_profile, partial(results.plot_task, "d")
    ]  # fmt: skip
    for drawer in drawers:
        colours = {t.get_text().split("\u2002")[0]: t.get_color() for t in drawer(highlight=["random"]).axes[0].texts}
        assert colours == {"random": INK, "default": MUTED, "portfolio": MUTED}
    assert len(results.plot_task("d", highlight="random").axes[0].collections) == 0  # one task has no interval
    with pytest.raises(UnknownNameError, match=r"optimizer in the results of Made 'randon'\. Did you mean 'random'\?"):
        results.plot_regret(highlight=["portfolio", "randon"])
    for wrong in ([], "", 3, {"random"}):
        with pytest.raises(InvalidValueError, match="`highlight` must be names of optimizers, such as"):
            results.plot_regret(highlight=wrong)  # type: ignore[arg-type]


@pytest.mark.long
def test_figures_are_saved_as_the_same_bytes_in_three_formats(results: Results, tmp_path: Path) -> None:
    drawers: dict[str, Any] = {
        "regret": results.plot_regret, "ranks": results.plot_ranks, "profile": results.plot_profile,
        "task": partial(results.plot_task, "d"), "run": partial(results.plot_run, "c", "random"),
    }  # fmt: skip
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for name, drawer in drawers.items():
        for end, first in begins.items():
            paths = [tmp_path / f"{name}-{i}.{end}" for i in range(2)]
            for path in paths:
                drawer(path=path)
            one, two = (path.read_bytes() for path in paths)
            assert one == two and one.startswith(first), (name, end)
            assert b"Date" not in one, (name, end)  # of the day, in any of them
    with pytest.raises(InvalidValueError, match=r"\.png, \.svg or \.pdf, got 'x\.sgv'; the nearest is \.svg"):
        results.plot_regret(path="x.sgv")


def test_the_runs_of_the_report_are_those_of_the_store(results: Results, folder: Path) -> None:
    with opened(folder) as (plan, store):
        found = single_runs(plan, store, results.curves)["Made"]
    trials, runs = results.trials(), results.runs()
    assert found.task in ("c", "d") and found.family == "h" and found.left_out == 0
    assert [replace(a, default=None) for a in found.axes] == [ranged("u", 0.0, 2.0)]
    assert {run.optimizer for run in found.runs} == {"default", "portfolio", "random"}
    for run in found.runs:
        own = (trials["task"] == found.task) & (trials["replicate"] == found.replicate)
        mine = trials[own & (trials["optimizer"] == run.optimizer)]
        reported = [(t.score, t.test_score, t.status, dict(t.config)) for t in run.trials]
        columns = (mine["score"], mine["test_score"], mine["status"], mine["config"])
        assert reported == list(zip(*columns, strict=True))
        row = runs[
            (runs[["task", "optimizer", "replicate"]] == [found.task, run.optimizer, found.replicate]).all(axis=1)
        ]
        assert (run.auc, run.regret) == (pytest.approx(row["auc"].item()), pytest.approx(row["regret"].item()))


def test_what_is_not_there_is_named(results: Results, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'Mad'\. Did you mean 'Made'"):
        results.plot_regret("Mad")
    with pytest.raises(UnknownNameError, match="task in the results of Made"):
        results.plot_task("a")
    with pytest.raises(UnknownNameError, match="'randon'"):
        results.plot_run("c", "randon")
    with pytest.raises(InvalidValueError, match="replicate"):
        results.plot_run("c", "random", 9)
    with pytest.raises(InvalidValueError, match=r"store\.sqlite"):
        Results.load(tmp_path)
    with Store(tmp_path / "store.sqlite"):
        pass
    with pytest.raises(DamagedDataError, match="no plan"):
        Results.load(tmp_path)


def test_a_commit_is_told_of_a_checkout_alone(tmp_path: Path) -> None:
    assert commit(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit(tmp_path) is None  # none yet
    (tmp_path / "file").write_text("one")
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    (inside := tmp_path / "site-packages").mkdir()
    said = commit(tmp_path)
    assert said is not None and len(said) == 40 and commit(inside) is None
    (tmp_path / "file").write_text("two")
    assert commit(tmp_path) == f"{said} and changes"
