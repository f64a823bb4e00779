"""Our own training: cells, shards, resuming, guards, and the folder that comes out; on data sets that are installed."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
from processors import MADE_WITH, kernels
from typer.testing import CliRunner

from hpo_builders import files
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training import build as training
from hpo_builders.training import cells
from hpo_builders.training.shards import Shards
from hpo_gym.app import app
from hpo_gym.base import DamagedDataError, InvalidValueError, StateError, UnknownNameError
from hpo_gym.problem import SearchSpace, Status, split_of
from hpo_gym.suites import load_suite

NAMES = ("iris", "wine")
TRAINED = [name for name, entry in BUILDERS.entries().items() if entry.about.get("kind") == "trained"]
ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES", "")


def recipe_of(name: str):
    return importlib.import_module(BUILDERS.get(name).__module__).RECIPE


def order(folder: Path, **changes: object) -> Order:
    options: dict[str, object] = {"engine": "serial", "tasks": NAMES, **changes}
    return Order(folder / "none", folder / "out", folder / "work", **options)  # type: ignore[arg-type]


def built(folder: Path, recipe: object = None, **changes: object):
    training.build(recipe or tiny_recipe.recipe(), order(folder, **changes))
    return load_suite(folder / "out" / "Tiny")


def without_timings(folder: Path) -> tuple[dict[str, object], dict[str, bytes]]:
    said = files.read_json(folder / "suite.json")
    said["built"].pop("timings")
    for key in ("sha256", "checksum", "bytes"):
        said.pop(key)
    with np.load(folder / "table.npz") as arrays:
        return said, {name: arrays[name].tobytes() for name in arrays.files if name != "cost"}


def shards_of(work: Path) -> dict[str, bytes]:
    return {p.relative_to(work).as_posix(): p.read_bytes() for p in work.rglob("*.npz") if ".seconds." not in p.name}


# ---------------------------------------------------------------------------------------------- what comes out
def test_a_build_gives_a_suite_whose_rows_are_what_training_gives(tmp_path):
    suite = built(tmp_path)
    assert [t.name for t in suite.members] == list(NAMES)
    assert suite.table.score.shape == (2, 60, 2) == suite.table.test_score.shape
    problem = cells.load(tiny_recipe.recipe(), "wine", tmp_path, 0)
    task = suite.task("wine")
    for row in (0, 7, 59):
        config = suite.space.from_unit(task.pool[row])
        expected = tiny_recipe.train(problem, config, 0)
        assert task.run(config).score == pytest.approx(expected.score[1], abs=1e-7)
        assert task.run(config, 0.5).score == pytest.approx(expected.score[0], abs=1e-7)
    assert np.isnan(suite.table.test_score[..., 0]).all() and np.isfinite(suite.table.test_score[..., 1]).all()


def test_the_first_row_is_the_default_and_fewer_rows_are_the_first_of_more():
    recipe = tiny_recipe.recipe()
    x = cells.configurations(recipe, 60)
    assert np.allclose(x[0], SearchSpace(recipe.space()).default_x)
    assert len(np.unique(x, axis=0)) == 60
    for m in (1, 7, 59):
        assert np.array_equal(cells.configurations(recipe, m), x[:m])


def test_the_file_says_how_it_was_built(tmp_path):
    suite = built(tmp_path)
    said = suite.about["built"]
    assert said["libraries"]["numpy"] == np.__version__
    assert said["cells"] == 120 and said["timings"]["processor seconds"] >= 0
    assert set(said["sha256 of arrays"]) == {"x", "score", "test_score"}
    assert said["seed_study"]["seeds"] == 4 and said["seed_study"]["sd_between_seeds"] >= 0
    flat = set(said["flat tasks, in no split"])
    for task in suite.members:
        assert suite.split(task) == (None if task.name in flat else split_of(task.family))
    assert {"n_rows", "n_columns", "n_classes", "missing_share"} <= set(suite.members[0].meta_features)


@pytest.mark.parametrize("engine, workers", [("process", 1), ("process", 2), ("dask", 2)])
@pytest.mark.long
def test_the_engine_and_the_number_of_workers_change_no_byte(tmp_path, engine, workers):
    built(tmp_path / "a")
    built(tmp_path / "b", engine=engine, workers=workers)
    assert without_timings(tmp_path / "a/out/Tiny") == without_timings(tmp_path / "b/out/Tiny")
    assert shards_of(tmp_path / "a/work") == shards_of(tmp_path / "b/work")


# ---------------------------------------------------------------------------------------------- going on
def test_a_build_goes_on_where_it_was(tmp_path):
    built(tmp_path / "whole")
    built(tmp_path / "parts", rows=25)
    calls: list[tuple[int, int, str]] = []
    built(tmp_path / "parts", resume=True, progress=lambda *a: calls.append(a))
    assert without_timings(tmp_path / "whole/out/Tiny") == without_timings(tmp_path / "parts/out/Tiny")
    assert calls[0][0] == 2 * 25 + 2 * 3 * 10 and calls[-1][0] == calls[-1][1] == 2 * 60 + 2 * 3 * 10


def test_a_damaged_shard_is_made_again(tmp_path):
    built(tmp_path)
    before = shards_of(tmp_path / "work")
    for i, path in enumerate(sorted(tmp_path.glob("work/Tiny/*/0-*.npz"))):
        data = bytearray(path.read_bytes())
        if i % 2:
            data[len(data) // 2] ^= 4
        path.write_bytes(data if i % 2 else data[:-9])
    built(tmp_path, resume=True)
    assert shards_of(tmp_path / "work") == before


def test_another_build_is_not_overwritten_or_mixed(tmp_path):
    built(tmp_path, rows=25)
    with pytest.raises(InvalidValueError, match="pass `--resume`"):
        built(tmp_path)
    with pytest.raises(InvalidValueError, match=r"\['fidelities'\] differ"):
        built(tmp_path, tiny_recipe.recipe(fidelities=(0.25, 1.0)), resume=True)
    with pytest.raises(InvalidValueError, match=r"\['recipe'\] differ"):
        built(tmp_path, tiny_recipe.recipe(version=2), resume=True)


def test_shards_of_other_numbers_are_refused(tmp_path):
    built(tmp_path, rows=25)
    shards = Shards(tmp_path / "work/Tiny")
    found = shards.read("iris", "0-00000-00024")
    seconds = found.pop("seconds")
    shards.write("iris", "0-00000-00024", {**found, "problem": found["problem"] ^ 1}, seconds)
    with pytest.raises(DamagedDataError, match="shards of 'iris' must come from the numbers"):
        built(tmp_path, rows=25, resume=True)


def test_what_is_finished_can_be_assembled(tmp_path):
    built(tmp_path, tasks=("iris",), rows=25)
    assert [t.name for t in built(tmp_path, assemble=True, rows=25).members] == ["iris"]
    with pytest.raises(InvalidValueError, match="must hold a finished task"):
        built(tmp_path, assemble=True, tasks=("wine",), rows=25)


def test_unknown_data_sets_and_missing_archives_are_named(tmp_path):
    with pytest.raises(UnknownNameError, match="iris"):
        built(tmp_path, tasks=("irisses",))
    with pytest.raises(InvalidValueError, match="pip download"):
        built(tmp_path, tasks=2)


def test_named_data_sets_must_fit_and_all_of_them_are_used(tmp_path):
    with pytest.raises(InvalidValueError, match="each once, got iris, iris"):
        built(tmp_path, tasks=("iris", "iris"))
    with pytest.raises(InvalidValueError, match="at most 2 classes; iris is of classification, of 3"):
        built(tmp_path, tiny_recipe.recipe(material=tiny_recipe.material(max_classes=2)), tasks=("iris",))
    with pytest.raises(InvalidValueError, match=r"must be of classification, .* diabetes-progression is of regression"):
        built(tmp_path, tasks=("diabetes-progression",))
    suite = built(tmp_path, tiny_recipe.recipe(material=tiny_recipe.material(limit=1)), rows=3)
    assert [t.name for t in suite.members] == list(NAMES), "the recipe's number of data sets cuts no names"
    assert suite.about["built"]["command"] == "hpo-gym build Tiny --tasks iris,wine --rows 3"


# ---------------------------------------------------------------------------------------------- guards
@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(training, "CHUNK_SECONDS", 15.0)
    monkeypatch.setattr(training, "CELL_SECONDS", 12.0)
    monkeypatch.setattr(training, "STUDY_SEEDS", ())


@pytest.mark.usefixtures("impatient")
@pytest.mark.long
def test_cells_that_raise_die_hang_or_want_memory_are_failures_and_the_rest_is_measured(tmp_path):
    recipe = tiny_recipe.recipe(tiny_recipe.misbehave, material=tiny_recipe.material(limit=1))
    rows = 25
    shift = np.array([c["shift"] for c in SearchSpace(recipe.space()).decode(cells.configurations(recipe, rows))])
    way = np.array([c["way"] for c in SearchSpace(recipe.space()).decode(cells.configurations(recipe, rows))])
    died, hung = shift > 0.8, shift < -0.8
    hungry = (shift < 0) & ~hung & (way == "mean")
    assert died.any() and hung.any() and hungry.any()
    suite = built(tmp_path, recipe, engine="process", workers=2, tasks=("iris",), rows=rows)
    failed = suite.table.failed[0]
    assert np.array_equal(failed.all(1), (shift > 0) | hung | hungry)
    assert np.array_equal(failed.any(1), failed.all(1))
    expected = {"its worker died": died, "out of time": hung, "out of memory": hungry}
    lost = suite.about["built"]["lost cells"]
    assert {(c["configuration"], c["reason"]) for c in lost} == {
        (row, reason) for reason, rows in expected.items() for row in np.flatnonzero(rows)
    }
    cost = suite.table.cost[0]
    assert (cost[hung] == training.CELL_SECONDS / 2).all() and np.isnan(cost[died | hungry]).all()
    assert {p.name for p in (tmp_path / "work/Tiny/iris").iterdir()} == {
        "0-00000-00024.npz",
        "0-00000-00024.seconds.npz",
    }
    trial = suite.task("iris").run(suite.space.from_unit(suite.members[0].pool[int(shift.argmax())]))
    assert trial.status == Status.FAILED


def _always(problem, config, seed):
    if problem.name != "toy":
        os._exit(3)


def _with_one_death(recipe) -> int:
    """So many rows that one of them kills its worker, and it is not the last."""
    shift = [c["shift"] for c in SearchSpace(recipe.space()).decode(cells.configurations(recipe, 60))]
    return next(i for i, s in enumerate(shift) if s > 0.6) + 2


def _stopped_among_cells(folder, monkeypatch):
    """Begin a build and stop it when all cells of a lost part have been tried; what goes on with it."""
    monkeypatch.setattr(training, "STUDY_SEEDS", ())
    recipe = tiny_recipe.recipe(tiny_recipe.die)
    options = {"engine": "process", "workers": 1, "tasks": ("iris",), "rows": _with_one_death(recipe)}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_join", _stop)
        built(folder, recipe, **options)
    return recipe, options


@pytest.mark.long
def test_cells_that_were_tried_apart_are_not_trained_again(tmp_path, monkeypatch):
    recipe, options = _stopped_among_cells(tmp_path, monkeypatch)
    there = {p.stem for p in (tmp_path / "work/Tiny/iris").glob("0-*.npz") if ".seconds" not in p.name}
    assert len(there) == options["rows"] - 1
    tried = []
    monkeypatch.setattr(training, "workers", _listening(training.workers, tried))
    built(tmp_path, recipe, resume=True, **options)
    assert len(tried) == 1 and not there & set(tried)
    assert len(shards_of(tmp_path / "work")) == 1


def _stop(*_):
    raise KeyboardInterrupt


def _listening(workers, tried):
    @contextmanager
    def listened(*who):
        with workers(*who) as run:

            def listen(parts, *limits):
                tried.extend(p.chunk for p in parts)
                return run(parts, *limits)

            yield listen

    return listened


FAULTS = {
    "forget": "has no attribute 'score'",
    "mistake": "KeyError: 'shifft'",
    "wait": "TimeoutError: nobody answered",
    "leave": "SystemExit: 5",
}


@pytest.mark.parametrize(
    "engine, train",
    [  # an error of ours and one of the recipe are alike to a guard, which takes two seconds to start
        *(("serial", train) for train in FAULTS),
        *(("process", train) for train in FAULTS if train != "forget"),
    ],
)
@pytest.mark.long
def test_a_fault_of_the_recipe_is_no_score(tmp_path, engine, train):
    recipe = tiny_recipe.recipe(getattr(tiny_recipe, train))
    with pytest.raises(StateError, match="(?s)must end by itself, it raised: .*" + FAULTS[train]):
        built(tmp_path, recipe, engine=engine, workers=1, rows=3)
    assert not shards_of(tmp_path / "work")


def test_a_row_that_dies_alone_in_its_shard_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "STUDY_SEEDS", ())
    recipe = tiny_recipe.recipe(tiny_recipe.die)
    row = _with_one_death(recipe) - 2
    monkeypatch.setattr(training, "CHUNK", row)
    suite = built(tmp_path, recipe, engine="process", workers=1, tasks=("iris",), rows=row + 1)
    assert suite.table.failed[0, -1].all() and not suite.table.failed[0, :-1].any()
    assert suite.about["built"]["lost cells"] == [{"task": "iris", "configuration": row, "reason": "its worker died"}]


@pytest.mark.long
def test_cells_of_other_numbers_are_not_joined(tmp_path, monkeypatch):
    recipe, options = _stopped_among_cells(tmp_path, monkeypatch)
    shards = Shards(tmp_path / "work/Tiny")
    found = shards.read("iris", "0-00000-00000")
    seconds = found.pop("seconds")
    shards.write("iris", "0-00000-00000", {**found, "problem": found["problem"] ^ 1}, seconds)
    with pytest.raises(DamagedDataError, match="Shard iris/0-00000-00000 must be there and of the numbers"):
        built(tmp_path, recipe, resume=True, **options)


@pytest.mark.usefixtures("impatient")
@pytest.mark.long
def test_a_data_set_on_which_everything_dies_is_left_out(tmp_path):
    with pytest.raises(InvalidValueError, match="on which a configuration gives a model"):
        built(tmp_path, tiny_recipe.recipe(_always), engine="process", workers=2, tasks=("iris",), rows=3)


# ---------------------------------------------------------------------------------------------- the real recipes
@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.long
def test_a_tiny_version_of_each_suite_is_built_by_the_command(tmp_path, monkeypatch, name):
    monkeypatch.setattr(training, "STUDY_SEEDS", (1,))
    names = ["iris", "diabetes-progression"]
    command = ["build", name, "--tasks", ",".join(names), "--rows", "3", "--engine", "serial", "--quiet"]
    places = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    ran = CliRunner().invoke(app, [*command, *places], catch_exceptions=False)
    assert ran.exit_code == 0 and f"{name} -> " in ran.output
    suite = load_suite(tmp_path / "out" / name)
    assert [t.name for t in suite.members] == names
    assert np.isfinite(suite.table.score[:, 0]).all(), "the default configuration gives a model at every fidelity"


CELLS = {
    "SVM": (("iris", 0), ("digits", 199), ("wdbc", 61)),  # the last one fails: it needs too many iterations
    "Linear": (("iris", 0), ("digits", 61), ("wdbc", 199), ("wine", 123)),
    "Boosting": (("iris", 0), ("wine", 61), ("wdbc", 199), ("iris", 300)),
}
"""Cells of data sets that scikit-learn brings, whose scores are the same with SSE4, AVX2 and AVX-512."""

ELSEWHERE = 0.1
"""How far scores may be from the shipped ones with kernels of other processors than those they were made with."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.long) if n != "SVM" else n for n in TRAINED])
def test_cells_trained_again_are_those_of_the_shipped_table(tmp_path, name):
    recipe, suite = recipe_of(name), load_suite(name)
    assert suite.version == recipe.version
    for data_set, row in CELLS[name]:
        there = suite.task(data_set)
        assert there.pool is not None
        assert np.array_equal(cells.configurations(recipe, row + 1)[row], there.pool.astype(np.float32)[row])
        part = cells.Part(recipe, data_set, (row,), 0, Path(ARCHIVES or tmp_path), Shards(tmp_path))
        assert cells.perform(part) is None
        found = part.shards.read(part.task, part.chunk)
        for kind in ("score", "test_score"):
            stored = getattr(suite.table, kind)[there.index, row]
            near = 3e-6 if kernels() == {MADE_WITH} else ELSEWHERE
            assert stored == pytest.approx(found[kind][0], abs=near, rel=0, nan_ok=True), (data_set, row, kind)
        assert np.isnan(found["test_score"][0]).tolist() == [True] * (len(recipe.fidelities) - 1) + [False]


@pytest.mark.skipif("HPO_GYM_ARCHIVES" not in os.environ, reason="HPO_GYM_ARCHIVES names no folder of archives")
@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.long
def test_training_anew_gives_what_is_shipped(tmp_path, monkeypatch, name):
    """On the first task of each kind; other processors and libraries round otherwise, and networks amplify it."""
    monkeypatch.setattr(training, "STUDY_SEEDS", ())
    shipped = load_suite(name)
    kinds = {t.meta_features.get("is_regression"): t.name for t in reversed(shipped.members)}
    names = list(kinds.values())
    places = {"archives": Path(os.environ["HPO_GYM_ARCHIVES"]), "out": tmp_path / "out", "work": tmp_path / "work"}
    BUILDERS.get(name)(Order(**places, engine="serial", tasks=tuple(names), rows=3))
    anew = load_suite(tmp_path / "out" / name)
    assert {t.name for t in anew.members} == set(names)
    for task in anew.members:
        there = shipped.task(task.name)
        for kind in ("score", "test_score"):
            made, found = getattr(task.table, kind)[task.index], getattr(there.table, kind)[there.index, :3]
            assert np.array_equal(np.isfinite(made), np.isfinite(found))
            known = np.isfinite(made)
            off = np.abs(made[known] - found[known])
            assert off.max() <= 0.02 if kernels() == {MADE_WITH} else np.median(off) <= 0.02 and off.max() <= 0.2


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lossy", ["", "lossy"])
def test_kills_of_a_build_lose_nothing(tmp_path, monkeypatch, lossy):
    """Most kills wait until the build has begun to store shards, or with `lossy` to train cells apart."""
    monkeypatch.setenv("TINY_SLEEP", "0.01")
    start = multiprocessing.get_context("spawn")
    tiny_recipe.build(*map(str, _places(tmp_path / "whole")), lossy)
    rng, kills, among = np.random.default_rng(0), 0, 0
    while kills < (5 if lossy else 10):
        folder = tmp_path / f"killed-{kills}"
        for _ in range(2):
            process = start.Process(target=tiny_recipe.build, args=(*map(str, _places(folder)), lossy))
            process.start()
            _wait(folder / "work", process, "0-000??-000??.npz" if rng.random() < 0.8 else "plan.json")
            time.sleep(float(rng.uniform(0.0, 1.5)))
            alive, stored = process.is_alive(), len(shards_of(folder / "work")) > 0
            kills += alive
            among += alive and stored
            process.kill()  # -9; nothing, where the build has ended by itself
            process.join()
        tiny_recipe.build(*map(str, _places(folder)), lossy)
        assert without_timings(tmp_path / "whole/out/Tiny") == without_timings(folder / "out/Tiny")
        assert shards_of(tmp_path / "whole/work") == shards_of(folder / "work")
    assert among >= kills // 3, "kills must hit builds that have stored something"


def _wait(work: Path, process, pattern: str) -> None:
    """Until a file of that name is there that was not there before, or the process has ended."""
    before = set(work.rglob(pattern))
    while process.is_alive() and set(work.rglob(pattern)) <= before:
        if before and pattern == "plan.json":
            return
        time.sleep(0.01)


def _places(folder: Path) -> tuple[Path, Path, Path]:
    return folder / "none", folder / "out", folder / "work"
