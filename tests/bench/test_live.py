"""Live suites: objectives of one's own, whose best is not known, are compared by every engine like any other task."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ConfigSpace
import numpy as np
import pytest
import toys
from test_bench import MINE, stored

import hpo_gym
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, StateError, UnknownNameError
from hpo_gym.bench.runner import benchmark, remake
from hpo_gym.bench.summaries import bounds_of
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.task import Evaluated, Task
from hpo_gym.problem.trial import Status
from hpo_gym.suites.live import describe_live, from_description, identified, live_suite
from hpo_gym.system.storage.store import Store

SPACE = ConfigSpace.ConfigurationSpace({"a": (0.0, 1.0), "b": (1, 9)})
SMALL: dict[str, Any] = {"budget": 5, "seeds": 2}
needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra 'dask' is missing")
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra 'ray' is missing")


pytestmark = pytest.mark.usefixtures("all_undrawn")


def slope(tilt: float) -> Callable[..., float]:
    """A function that no other process can import."""

    def objective(config: dict[str, Any]) -> float:
        if config["b"] == 4:
            raise ValueError("four is no good")
        return float(tilt * config["a"] - config["b"])

    return objective


def mine(version: int = 1, **options: Any) -> Suite:
    return live_suite("Mine", SPACE, {"flat": slope(0.5), "steep": slope(4.0)}, version=version, **options)


def made_here() -> Suite:
    """What "test_live:made_here" makes."""
    return mine()


def results_of(out: Path) -> bytes:
    remake(out, timings=False)
    return (out / "results.json").read_bytes()


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("live") / "serial"
    with pytest.warns(UserWarning, match=r"of 60 trials on Mine failed, the first: ValueError: four is no good"):
        benchmark("random", mine(), out=out, **SMALL)
    return out


# ---------------------------------------------------------------------- the same by every engine
@pytest.mark.filterwarnings("ignore:.* trials on Mine failed")
@pytest.mark.parametrize(
    ("engine", "given"),
    [
        ("process", "suite"),
        ("process", "name"),
        ("process", "file"),
        ("serial", "name"),
        pytest.param("dask", "suite", marks=[needs_dask, pytest.mark.slow]),
        pytest.param("ray", "suite", marks=[needs_ray, pytest.mark.slow]),
    ],
)
@pytest.mark.long
def test_every_engine_gives_the_same_bytes(engine: str, given: str, serial: Path, tmp_path: Path) -> None:
    names = {"name": "test_live:made_here", "file": f"{os.path.relpath(__file__)}:made_here"}
    suite = names.get(given, mine())
    benchmark("random", suite, out=tmp_path / "out", engine=engine, workers=None if engine == "serial" else 1, **SMALL)
    assert stored(tmp_path / "out") == stored(serial)
    assert results_of(tmp_path / "out") == results_of(serial)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.* trials on Mine failed")
def test_what_was_stopped_goes_on_to_the_same_bytes(serial: Path, tmp_path: Path) -> None:
    class Stop(BaseException):
        pass

    reported: list[int] = []

    def stop(done: int, total: int, what: str) -> None:
        reported.append(done)
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        benchmark("random", mine(), out=tmp_path, progress=stop, **SMALL)
    assert len(stored(tmp_path)) == 5, "each run of a live suite is stored as it ends"
    assert remake(tmp_path).failed_cells == 7
    benchmark("random", mine(), out=tmp_path, resume=True, progress=lambda done, *_: reported.append(done), **SMALL)
    assert reported == [*range(6), *range(5, 13)]
    assert stored(tmp_path) == stored(serial)
    assert results_of(tmp_path) == results_of(serial)


# ---------------------------------------------------------------------- the best that was seen
@pytest.mark.long
def test_regret_is_against_the_best_and_worst_incumbent_of_all(tmp_path: Path) -> None:
    """By hand: the scores of three optimizers' runs, as the store has them, give each regret."""
    suite = live_suite("Line", SPACE, {"t": lambda config: 10 * config["a"] + config["b"]})
    results = benchmark("random", suite, out=tmp_path, **SMALL)
    with Store(tmp_path / "store.sqlite", write=False) as store:
        seen = {
            (r.identity["optimizer"]["name"], r.identity["replicate"]): np.maximum.accumulate(r.arrays["score"])  # type: ignore[index]
            for r in store.records()
        }
    every = np.stack(list(seen.values()))
    best, worst = every.max(), every.min()
    assert len(every) == 6 and best > worst
    for curves in results.curves["Line"]:
        for r in range(2):
            expected = (best - seen[curves.optimizer, r]) / (best - worst)
            np.testing.assert_allclose(curves.regret[0, r], expected, atol=1e-12)
    assert min(c.regret.min() for c in results.curves["Line"]) == 0.0
    assert max(c.regret.max() for c in results.curves["Line"]) == 1.0
    part = results.data["suites"]["Line"]
    assert (part["score"], part["best_seen_tasks"], part["n_tasks"]) == ("validation", 1, 1)
    assert results.data["pooled"]["apart"] == {"Line": "live"}
    assert "The best score of the task is not known: regret is against the best and" in results.to_markdown()
    assert "is not known" not in benchmark("random", "ToyPlain", out=tmp_path / "p", **SMALL).to_markdown()


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((math.nan, math.nan), (7.0, 1.0)),
        ((9.0, math.nan), (9.0, 1.0)),
        ((math.nan, 0.0), (7.0, 0.0)),
        ((math.nan, 8.0), (8.0, 8.0)),
        ((0.0, math.nan), (0.0, 0.0)),
    ],
)
def test_bounds_that_a_task_knows_are_kept(known: tuple[float, float], expected: tuple[float, float]) -> None:
    task = replace(mine().members[0], best=known[0], worst=known[1])
    lost = [np.nan] * 3
    runs = [np.array([[run, lost]]) for run in ([-np.inf, 1.0, 5.0], [2.0, 7.0, 7.0])]
    assert bounds_of([task], runs).tolist() == [list(expected)]
    assert bounds_of([mine().members[0]], [np.array([[[-np.inf]]])]).tolist() == [[0.0, 0.0]]


# ---------------------------------------------------------------------- failures
def fails(what: str) -> Callable[..., Any]:
    def objective(config: dict[str, Any]) -> Any:
        if config["a"] > 0.5:
            return config["a"]
        if what == "exit":
            raise SystemExit(3)
        if what in ("TimeoutError", "MemoryError", "ZeroDivisionError"):
            raise {"TimeoutError": TimeoutError, "MemoryError": MemoryError}.get(what, ZeroDivisionError)
        return {"nan": math.nan, "inf": -math.inf, "none": None, "text": "0.7", "complex": 1j}[what]

    return objective


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("ZeroDivisionError", Status.FAILED), ("exit", Status.FAILED), ("TimeoutError", Status.TIMEOUT),
        ("MemoryError", Status.MEMORYOUT), ("nan", Status.DIVERGED), ("inf", Status.DIVERGED),
        ("none", Status.INVALID), ("text", Status.INVALID), ("complex", Status.INVALID),
    ],
)  # fmt: skip
def test_an_objective_that_fails_is_a_failed_trial(what: str, status: Status, tmp_path: Path) -> None:
    suite = live_suite("Fails", SPACE, {"t": fails(what)}, loss=True)
    with pytest.warns(UserWarning, match="trials on Fails failed, the first: "):
        results = benchmark(["random", MINE + "Draws"], suite, out=tmp_path, **SMALL)
    assert results.failed_cells == 0
    trials = results.trials()
    low = np.array([c["a"] <= 0.5 for c in trials["config"]])
    assert set(trials["status"][low]) == {status.label} and set(trials["status"][~low]) == {"ok"}
    assert (trials["score"][~low] == [-c["a"] for c in trials["config"][~low]]).all()  # a loss is negated


@pytest.mark.slow
def test_a_run_out_of_time_fails_alone(tmp_path: Path) -> None:
    def slow(config: dict[str, Any]) -> float:
        time.sleep(60)
        return 0.0

    suite = live_suite("Slow", SPACE, {"slow": slow, "fast": lambda config: config["a"]})
    options: dict[str, Any] = {"engine": "process", "workers": 2, "timeout": 10.0}  # a worker has to import us first
    results = benchmark("default", suite, out=tmp_path, budget=1, seeds=1, **options)
    assert results.failed_cells == 2  # of both controls
    assert all("TIMEOUT" in error and "on slow" in error for error in results.errors)


@pytest.mark.slow
def test_an_objective_that_takes_its_process_down_costs_its_own_runs(tmp_path: Path) -> None:
    def dies(config: dict[str, Any]) -> float:
        os._exit(7)

    suite = live_suite("Dies", SPACE, {"dies": dies, "lives": lambda config: config["a"]})
    results = benchmark("default", suite, out=tmp_path, engine="process", workers=1, budget=1, seeds=1)
    assert results.failed_cells == 2
    assert all("CRASHED" in error and "on dies" in error for error in results.errors)


# ---------------------------------------------------------------------- tasks of one's own class
@dataclass(frozen=True, eq=False)
class Bowl(Task):
    """Fails at once for all points that it is asked together, if one of them is bad."""

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        if (x[:, 0] < 0.3).any():
            raise RuntimeError("a bad point")
        return Evaluated(-((x - 0.7) ** 2).sum(1), np.full(len(x), 2.5), np.zeros(len(x), np.int8))


def bowls() -> Suite:
    space = hpo_gym.SearchSpace(SPACE)
    members = tuple(Bowl(name, name, "Bowls", space, **known) for name, known in {"a": {}, "b": {"best": 0.0}}.items())
    return Suite("Bowls", space, members, "live", splits={"test": ["a", "b"]})


@pytest.mark.long
def test_tasks_of_ones_own_class_are_compared_and_their_failures_are_trials(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="RuntimeError: a bad point"):
        results = benchmark(["random", MINE + "Draws"], bowls(), out=tmp_path, **SMALL)
    assert results.failed_cells == 0
    trials = results.trials()
    bad = np.array([c["a"] < 0.3 for c in trials["config"]])
    assert set(trials["status"][bad]) == {"failed"} and set(trials["status"][~bad]) == {"ok"}
    assert set(trials["cost"][~bad]) == {2.5}
    assert results.data["suites"]["Bowls"]["best_seen_tasks"] == 2  # neither knows its worst


def test_a_pool_without_a_table_is_refused(tmp_path: Path) -> None:
    members = toys.plain().members
    suite = Suite("Pools", members[0].space, members, "table", splits=toys.SPLITS, data_hash="x")
    with pytest.raises(InvalidValueError, match="must be registered or have a table"):
        benchmark("random", suite, out=tmp_path / "out", **SMALL)
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------------- noise, fidelity
@pytest.mark.long
def test_seeds_are_keys_of_the_cell_and_reports_evaluate_incumbents_once_more(tmp_path: Path) -> None:
    asked: list[tuple[float, int, float]] = []

    def objective(config: dict[str, Any], seed: int, fidelity: float) -> float:
        asked.append((config["a"], seed, fidelity))
        return float(config["a"] + np.random.default_rng(seed).normal() * 0.3)

    suite = live_suite("Noise", SPACE, {"t": objective}, fidelities=(0.5, 1.0))
    results = benchmark(MINE + "Draws", suite, out=tmp_path, budget=3, seeds=2)
    with Store(tmp_path / "store.sqlite", write=False) as store:
        records = [r for r in store.records() if r.identity["optimizer"]["name"] == "Draws"]  # type: ignore[index]
    shift = float(np.random.default_rng(0).normal() * 0.3)
    for record in records:
        x, score = record.arrays["x"], record.arrays["score"]
        chosen = [int(np.argmax(score[: t + 1])) for t in range(3)]
        np.testing.assert_allclose(record.arrays["incumbent"], x[chosen, 0] + shift, atol=1e-9)
    seeds = {seed for _, seed, _ in asked}
    assert 0 in seeds and len(seeds) > 12 and max(seeds) < 2**32
    assert {f for _, _, f in asked} == {1.0}
    assert results.failed_cells == 0
    (task,) = suite.members
    assert task.noisy and not mine().members[0].noisy
    assert task.run({"a": 0.5, "b": 1}, fidelity=0.5).cost == 0.5
    one, two, again = (task.run({"a": 0.5, "b": 1}, seed=s).score for s in (1, 2, 1))
    assert one == again != two


# ---------------------------------------------------------------------- identity, and what is stored
def test_a_suites_hash_is_of_what_is_told_and_never_of_code() -> None:
    base = mine().data_hash
    other_code = live_suite("Mine", SPACE, {"flat": slope(9.0), "steep": len}, version=1)
    assert other_code.data_hash == base
    different = [
        mine(version=2),
        live_suite("Mine", SPACE, {"flat": slope(0.5), "deep": slope(4.0)}),
        live_suite("Mine", ConfigSpace.ConfigurationSpace({"a": (0.0, 1.0), "b": (1, 8)}), {"flat": len, "steep": len}),
        mine(families={"flat": "both", "steep": "both"}),
        mine(fidelities=(0.1, 1.0)),
        mine(splits={"test": ["flat"]}),
        live_suite("Mine", SPACE, {"flat": lambda config, seed: 0.0, "steep": slope(4.0)}),
    ]
    assert len({s.data_hash for s in different} | {base}) == len(different) + 1
    known = replace(mine(), members=tuple(replace(t, best=1.0, worst=0.0) for t in mine().members))
    assert identified(known).data_hash == base, "a best that becomes known later makes no other cells"


def test_a_description_comes_back_as_a_suite_that_evaluates_nothing() -> None:
    suite = identified(bowls())
    again = from_description(json.loads(json.dumps(describe_live(suite))))
    assert describe_live(again) == describe_live(suite) and again.data_hash == suite.data_hash
    assert [t.name for t in again.tasks("test")] == ["a", "b"]
    assert math.isnan(again.task("a").best) and again.task("b").best == 0.0
    with pytest.raises(StateError, match="its objective is not stored"):
        again.task("a").run({"a": 0.5, "b": 1})


def test_a_store_holds_no_code(serial: Path) -> None:
    with Store(serial / "store.sqlite", write=False) as store:
        plan = store.meta_get("plan") or ""
    assert "four is no good" not in plan and "objective" not in plan
    for path in serial.rglob("*"):
        assert path.suffix != ".pkl"
        assert b"cloudpickle" not in (path.read_bytes() if path.is_file() else b"")


@pytest.mark.long
def test_a_named_suite_in_a_store_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning):
        benchmark("random", "test_live:made_here", out=tmp_path, **SMALL)
    monkeypatch.setattr("hpo_gym.base.registry.Registry.resolve", lambda *args: pytest.fail("imported from a store"))
    assert remake(tmp_path).failed_cells == 0


@pytest.mark.parametrize("change", [{"tasks": []}, {"tasks": [{}]}, {"spaces": []}, {"bounds": "x"}, {"version": None}])
def test_a_damaged_description_is_told(change: dict[str, Any], serial: Path, tmp_path: Path) -> None:
    with pytest.raises(DamagedDataError, match="no description of a live suite"):
        from_description({**describe_live(mine()), **change})


# ---------------------------------------------------------------------- what is refused
@pytest.mark.long
def test_what_cannot_travel_is_told_before_anything_runs(tmp_path: Path) -> None:
    lock = threading.Lock()

    def objective(config: dict[str, Any]) -> float:
        with lock:
            return 0.0

    suite = live_suite("Locked", SPACE, {"t": objective})
    with pytest.raises(InvalidValueError, match=r"'Locked' must be able to travel.*lock.*engine 'serial'"):
        benchmark("random", suite, out=tmp_path / "out", engine="process", **SMALL)
    assert not (tmp_path / "out").exists()
    assert benchmark("random", suite, out=tmp_path / "out", **SMALL).failed_cells == 0


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("test_live:nothing_here", UnknownNameError, "No suite in module 'test_live'"),
        ("no_such_module_at_all:x", UnknownNameError, "No module"),
        ("math:sqrt", InvalidValueError, "must make a suite without arguments"),
        ("no_such_file.py:x", UnknownNameError, "No file .*no_such_file.py"),
        ("os:getcwd", InvalidValueError, "must make a suite, got str"),
    ],
)
def test_a_name_that_makes_no_suite_is_refused(name: str, error: type[Exception], said: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=said):
        benchmark("random", name, out=tmp_path / "out", **SMALL)


def test_a_reward_that_reads_the_oracle_needs_one() -> None:
    suite = mine(splits={"train": ["flat"], "test": ["steep"]})
    with pytest.raises(InvalidValueError, match="needs the best and the worst score of all tasks, 'flat' has"):
        hpo_gym.HPOEnv(suite, reward="regret")
    env = hpo_gym.HPOEnv(suite, budget=2)
    env.reset(seed=0)
    assert np.isfinite(env.step(env.action_space.sample())[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"objectives": {}}, "at least one task"),
        ({"objectives": {"t": 3}}, "must be functions, got 3 for 't'"),
        ({"fidelities": (0.5,)}, "must ascend from above 0 to 1"),
        ({"fidelities": (0.0, 1.0)}, "must ascend from above 0 to 1"),
    ],
)
def test_a_wrong_live_suite_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        live_suite("Mine", SPACE, **{"objectives": {"t": slope(1.0)}, **options})
