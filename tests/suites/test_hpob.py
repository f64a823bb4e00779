"""HPO-B from a made-up folder of its shape: points, starts, surrogates, its handler's curves and their AUC."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, UnknownNameError
from hpo_gym.bench.cells import instance_of
from hpo_gym.bench.hpob import PUBLISHED, hpob_auc, hpob_curve, hpob_text
from hpo_gym.env.runs.contexts import given_points
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.trial import Query
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.hpob import hpob_suites
from hpo_gym.suites.own.suite import TableSuite

LINE = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]
Y = [0.5, 0.6, 0.4, 0.7, 0.55, 0.9, 0.8, 0.65, 0.45]  # worst .4, best .9: a step of .05 is a regret of .1
SEEDS = [[0, 1, 2, 3, 4], [8, 0, 2, 4, 7], [4, 3, 2, 1, 0], [2, 0, 1, 8, 4], [7, 6, 8, 2, 0]]


def data_set(y: list[float], d: int = 1) -> dict[str, Any]:
    return {"X": [[v, *[0.5] * (d - 1)] for v in LINE[: len(y)]], "y": [[v] for v in y]}


def content() -> dict[str, Any]:
    """Return the files of a folder: space 4796 has a column, space 31 has two, pools differ in length."""
    designs = {f"test{i}": rows for i, rows in enumerate(SEEDS)}
    return {
        "meta-train-dataset.json": {
            "4796": {"3": data_set(Y[:6]), "6": data_set(Y[::-1])},
            "31": {"3": data_set(Y, 2)},
        },
        "meta-validation-dataset.json": {"4796": {"9": data_set(Y[2:])}, "31": {"11": data_set(Y, 2)}},
        "meta-test-dataset.json": {
            "4796": {"23": data_set(Y), "3549": data_set([v + 1.0 for v in Y])},
            "31": {"9903": data_set(Y[::-1], 2)},
        },
        "bo-initializations.json": {"4796": {"23": designs, "3549": designs}, "31": {"9903": designs}},
    }


def written(folder: Path, files: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_text(json.dumps(data))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "hpob-data", content())


# ---------------------------------------------------------------------------------------------- points
def test_a_search_space_is_a_suite_with_the_splits_of_the_files(folder: Path) -> None:
    suite, other = hpob_suites(folder)
    assert (suite.name, other.name) == ("HPOB-4796", "HPOB-31")
    assert (suite.space.d, other.space.d) == (1, 2)
    names = {split: [t.name for t in suite.tasks(split)] for split in ("train", "val", "test")}
    assert names == {"train": ["3", "6"], "val": ["9"], "test": ["23", "3549"]}
    assert suite.prior()[0].score[:6].tolist() == Y[:6]


def test_pools_are_the_points_of_each_data_set_with_y_as_score(folder: Path) -> None:
    suite = hpob_suites(folder, spaces=["4796"])[0]
    short, task = suite.task("3"), suite.task("23")
    assert len(short.measured_pool) == 6 and len(task.measured_pool) == 9
    assert (task.best, task.worst) == (0.9, 0.4)
    assert [task.run({"x0": v}).score for v in LINE] == Y
    assert task.run({"x0": 0.3}).config == {"x0": 0.25}  # a point of the pool answers


def test_the_first_of_equal_configurations_stays_and_designs_follow(tmp_path: Path) -> None:
    files = content()
    one = files["meta-test-dataset.json"]["4796"]["23"]
    one["X"].insert(1, [0.0])
    one["y"].insert(1, [0.99])
    task = hpob_suites(written(tmp_path / "twice", files))[0].task("23")
    assert len(task.measured_pool) == 9 and task.best == 0.9
    assert task.starts[0].ravel().tolist() == [0.0, 0.0, 0.125, 0.25, 0.375]  # rows 0..4 of ten


def test_unknown_search_spaces_are_refused(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"search space of HPO-B '4797'.*4796"):
        hpob_suites(folder, spaces=["4797"])


# ---------------------------------------------------------------------------------------------- starts
@pytest.mark.parametrize("replicate", range(7))
def test_a_replicate_begins_with_the_design_of_its_seed(folder: Path, replicate: int) -> None:
    suite = hpob_suites(folder)[0]
    task = suite.task("23")
    instance = np.array([instance_of(suite.name, task.name, replicate)], np.uint64)
    rows = given_points(batch_of([suite.task("3549"), task]), np.array([1]), instance, 5)[:, 0]
    begun = task.pool[rows, 0].tolist()
    designs = [[LINE[row] for row in rows] for rows in SEEDS]
    assert begun == designs[replicate] if replicate < 5 else begun in designs


def test_a_saved_suite_keeps_its_designs(folder: Path, tmp_path: Path) -> None:
    suite = hpob_suites(folder)[0]
    suite.save(tmp_path / "saved")
    again = load_suite(tmp_path / "saved")
    assert again.data_hash == suite.data_hash
    np.testing.assert_array_equal(again.task("3549").starts, suite.task("3549").starts)
    assert isinstance(suite, TableSuite)
    assert suite.table.part([4, 0]).starts == [suite.table.starts[4], []]


# ---------------------------------------------------------------------------------------------- curves
def test_the_curve_of_a_run_by_hand(folder: Path) -> None:
    """Given points reach .7 (regret .4), three trials .55, .8 (.2) and .9 (0)."""
    task = hpob_suites(folder)[0].task("23")
    scores = np.array([0.5, 0.6, 0.4, 0.7, 0.55, 0.55, 0.8, 0.9])
    np.testing.assert_allclose(hpob_curve(scores, task, 3), [0.4, 0.4, 0.2, 0.0], atol=1e-12)
    np.testing.assert_allclose(hpob_curve(scores[:6], task, 3), [0.4] * 4, atol=1e-12)  # it ended early
    failed = np.array([-np.inf] * 5 + [0.4])
    np.testing.assert_allclose(hpob_curve(failed, task, 1), [1.0, 1.0])


class Descends(hpo_gym.Optimizer):
    """Ask for the points from 1 to 0, given points aside."""

    def reset(self, context: Any, rng: Any) -> None:
        self.space, self.n = context.space, -5

    def ask(self) -> Any:
        x = np.full((1, self.space.d), 0.5)
        x[0, 0] = LINE[::-1][self.n]
        return Query(self.space.decode(x)[0])

    def tell(self, trial: Any) -> None:
        self.n += 1


@pytest.mark.long
def test_the_auc_is_a_mean_over_entries_seeds_data_sets_then_spaces(folder: Path, tmp_path: Path) -> None:
    """In 4796 the scores from the last point on are .45, .65 and .8 (.2); in 31 none is better than the given ones."""
    first = [[0.4, 0.4, 0.4, 0.2], [0.5, 0.5, 0.5, 0.2], [0.4, 0.4, 0.4, 0.2], [0.6, 0.6, 0.5, 0.2], [0.2] * 4]
    second = np.mean([0.0, 0.2, 0.0, 0.2, 0.2])
    results = hpo_gym.benchmark(
        {"down": Descends}, [*hpob_suites(folder)], start="init5", budget=3, out=tmp_path / "out", engine="serial",
        progress=False, report=False,
    )  # fmt: skip
    assert results.failed_cells == 0
    assert hpob_auc(results)["down"] == pytest.approx((np.mean(first) + second) / 2)
    lines = hpob_text(results).splitlines()[1:]
    assert len(lines) == 3 + len(PUBLISHED) == 11
    assert [float(line.split()[0]) for line in lines] == sorted(float(line.split()[0]) for line in lines)


@pytest.mark.long
def test_the_command_compares_on_all_spaces(folder: Path, tmp_path: Path) -> None:
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "hpo_gym", "bench", "--hpob", str(folder), "--optimizers", "random", *more]
        return subprocess.run(words, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True)

    done = run("--budget", "3", "--engine", "serial", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "FSBO (published: 100 trials, 16 spaces)" in done.stdout
    assert {part.split()[1] for part in done.stdout.splitlines() if part.startswith("  0.")} >= {"random", "portfolio"}
    results = hpo_gym.Results.load(tmp_path / "out")
    assert set(results.data["suites"]) == {"HPOB-4796", "HPOB-31"}
    assert results.trials().query("trial == 5")["given"].all()


# ---------------------------------------------------------------------------------------------- damage
def at(files: dict[str, Any], *keys: Any) -> Any:
    for key in keys:
        files = files[key]
    return files


TEST, INITS = "meta-test-dataset.json", "bo-initializations.json"
FAULTS: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("no y", (TEST, "4796", "23"), {"X": [[0.0]]}, "`4796.23.y`: Field required"),
    ("no X", (TEST, "4796", "23"), {"y": [[0.0]]}, "`4796.23.X`: Field required"),
    ("no points", (TEST, "4796", "23"), {"X": [], "y": []}, "at least 1 item"),
    ("other lengths", (TEST, "4796", "23", "y"), [[0.5]] * 8, "'4796' > '23' must have a `y` for each row.*8 of 9"),
    ("ragged", (TEST, "4796", "23", "X", 3), [0.1, 0.2], r"width \[1, 2\]"),
    ("NaN in y", (TEST, "4796", "23", "y", 2), [float("nan")], "`4796.23.y.2.0`.*finite"),
    ("NaN in X", (TEST, "4796", "23", "X", 2), [float("nan")], "`4796.23.X.2.0`"),
    ("text", (TEST, "4796", "23", "y", 2), ["good"], "`4796.23.y.2.0`.*number"),
    ("off the cube", (TEST, "4796", "23", "X", 2), [1.5], "`4796.23.X.2.0`.*less than or equal to 1"),
    ("another width", (TEST, "31", "9903", "X"), [[v] for v in LINE], r"'31' must have `X` of one width, got \[1, 2\]"),
    ("a row too far", (INITS, "4796", "23", "test1", 0), 9, r"five different rows in \[0, 8\], got .*9"),
    ("a negative row", (INITS, "4796", "23", "test1", 0), -1, "five different rows"),
    ("a row twice", (INITS, "4796", "23", "test1", 0), 7, "five different rows"),
    ("four rows", (INITS, "4796", "23", "test1"), [0, 1, 2, 3], "`4796.23.test1`.*at least 5"),
    ("no list", (TEST, "4796"), [1], "`4796`.*object"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "value", "rule"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_damaged_folders_are_refused(tmp_path: Path, keys: tuple[Any, ...], value: Any, rule: str) -> None:
    files = json.loads(json.dumps(content()))
    at(files, *keys[:-1])[keys[-1]] = value
    with pytest.raises(DamagedDataError, match=rule) as refusal:
        hpob_suites(written(tmp_path / "damaged", files))
    assert str(tmp_path) in str(refusal.value)


@pytest.mark.parametrize("name", list(content()))
def test_missing_and_cut_files_are_named(folder: Path, name: str) -> None:
    (folder / name).write_text('{"4796": ')
    with pytest.raises(DamagedDataError, match=f"{name}.*EOF"):
        hpob_suites(folder)
    (folder / name).unlink()
    with pytest.raises(DamagedDataError, match=f"{name} must be a file of HPO-B; it is missing"):
        hpob_suites(folder)


# ---------------------------------------------------------------------------------------------- surrogates
def with_surrogates(folder: Path) -> Path:
    """Add models of a step at .5 on each data set, and ranges from 0.4 to .8, so that values above are clipped."""
    xgboost = pytest.importorskip("xgboost", reason="needs the extra 'hpob'")
    home = folder / "saved-surrogates"
    home.mkdir()
    stats = {}
    for name in ("meta-train-dataset.json", "meta-validation-dataset.json", TEST):
        for space, sets in content()[name].items():
            for task, one in sets.items():
                x, y = np.array(one["X"]), np.where(np.array(one["X"])[:, 0] > 0.45, 0.9, 0.5)
                settings = {
                    "max_depth": 1,
                    "eta": 1.0,
                    "lambda": 0.0,
                    "base_score": 0.0,
                    "objective": "reg:squarederror",
                }
                model = xgboost.train(settings, xgboost.DMatrix(x, label=y), 3)
                model.save_model(home / f"surrogate-{space}-{task}.json")
                stats[f"surrogate-{space}-{task}"] = {"y_min": 0.4, "y_max": 0.8}
    (home / "summary-stats.json").write_text(json.dumps(stats))
    return home


@pytest.mark.long
def test_a_surrogate_answers_anywhere_clipped_and_scaled(folder: Path) -> None:
    """The model says .5 below .45 and .9 above: (.5 - .4) / .4 = .25, and 1.25 clipped to 1."""
    with_surrogates(folder)
    suite = hpob_suites(folder, continuous=True)[0]
    assert suite.name == "HPOB-4796:surrogate"
    task = suite.task("3549")
    assert task.pool is None and (task.best, task.worst) == (1.0, 0.0)
    assert task.run({"x0": 0.3}).score == pytest.approx(0.25, abs=1e-6)
    assert task.run({"x0": 0.9}).score == 1.0
    measured = suite.task("23")
    assert measured.run({"x0": 0.25}).score == 0.0  # a given point: (.4 - .4) / .4, not the model's .25
    assert measured.run({"x0": 0.375}).score == pytest.approx(0.75)
    assert measured.run({"x0": 0.625}).score == 1.0  # in no design: the model's
    x = np.random.default_rng(0).random((50, 1))  # none is measured
    import xgboost

    said = xgboost.Booster(model_file=folder / "saved-surrogates" / "surrogate-4796-23.json").predict(
        xgboost.DMatrix(x)
    )
    by_handler = np.clip((said.astype(float) - 0.4) / 0.4, 0.0, 1.0)
    assert measured.evaluate(x, np.ones(50), np.zeros(50, np.uint64)).score.tolist() == by_handler.tolist()
    assert suite.prior()[0].score == pytest.approx(np.clip((np.array(Y[:6]) - 0.4) / 0.4, 0.0, 1.0))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Optimizers knew nothing of 2 earlier tasks")
def test_runs_on_surrogates_begin_with_the_designs_in_a_benchmark(folder: Path, tmp_path: Path) -> None:
    with_surrogates(folder)
    suites = hpob_suites(folder, continuous=True, spaces=["4796"])
    results = hpo_gym.benchmark("random", suites, start="init5", budget=2, out=tmp_path / "out", workers=2,
                                progress=False, report=False)  # fmt: skip
    trials = results.trials().query("optimizer == 'random' and task == '23' and given")
    begun = [group["config"].map(lambda c: c["x0"]).tolist() for _, group in trials.groupby("replicate")]
    assert begun == [[LINE[row] for row in rows] for rows in SEEDS]
    assert results.failed_cells == 0 and 0.0 <= hpob_auc(results)["random"] <= 1.0


@pytest.mark.long
def test_damaged_surrogates_are_refused(folder: Path) -> None:
    home = with_surrogates(folder)
    stats = json.loads((home / "summary-stats.json").read_text())
    for change, rule in (({"y_min": 0.8}, "y_min < y_max"), ({"y_min": float("nan")}, "finite")):
        name = "surrogate-4796-23"
        (home / "summary-stats.json").write_text(json.dumps({**stats, name: {**stats[name], **change}}))
        with pytest.raises(DamagedDataError, match=rule):
            hpob_suites(folder, continuous=True)
    (home / "summary-stats.json").write_text(json.dumps({k: v for k, v in stats.items() if k != "surrogate-4796-23"}))
    with pytest.raises(DamagedDataError, match="must have 'surrogate-4796-23'; it is missing"):
        hpob_suites(folder, continuous=True)
    (home / "summary-stats.json").write_text(json.dumps(stats))
    (home / "surrogate-4796-23.json").write_text("{}")
    with pytest.raises(DamagedDataError, match=r"surrogate-4796-23\.json"):
        hpob_suites(folder, continuous=True)[0].task("23").run({"x0": 0.3})
    (home / "surrogate-4796-23.json").unlink()
    with pytest.raises(DamagedDataError, match=r"surrogate-4796-23\.json must be a file"):
        hpob_suites(folder, continuous=True)
