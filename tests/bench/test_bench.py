"""The benchmark: what is promised of results, stores, seeds and failures holds on tiny suites."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import bench_optimizers
import numpy as np
import pytest
import toys
from reports import left_out

import hpo_gym
from hpo_builders.reference_runs import collect
from hpo_gym.base import registry, seeding
from hpo_gym.base.errors import (
    DamagedDataError,
    HPOGymError,
    InvalidValueError,
    MissingExtraError,
    UnknownNameError,
)
from hpo_gym.base.registry import Registry
from hpo_gym.base.seeding import digest
from hpo_gym.bench.cells import Cell, Work
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.merging import merge
from hpo_gym.bench.protocol import Protocol, families_first
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark, entrants_of, remake
from hpo_gym.bench.stored_plan import StoredPlan
from hpo_gym.bench.work import run_cells
from hpo_gym.optimize.forms import form_of
from hpo_gym.problem.costs import Budget
from hpo_gym.problem.suite import FOLDS, SPLITS, SUITES
from hpo_gym.suites.load import load_suite
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.store import Store, verify

HERE = Path(__file__).parents[1]
SMALL: dict[str, Any] = {"budget": 4, "seeds": 2}
MINE = "bench_optimizers:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite in a folder."""
    path = tmp_path_factory.mktemp("suites") / "gappy"
    toys.gappy().save(path)
    return path


def stored(out: Path) -> dict[str, Any]:
    """The content of each cell, without what a clock measured."""
    with Store(out / "store.sqlite", write=False) as store:
        return {
            r.cell: (dict(r.identity), r.status, {k: v.tobytes() for k, v in r.arrays.items()}) for r in store.records()
        }


def files(out: Path) -> dict[str, bytes]:
    """The files of a report made anew without timings."""
    remake(out, timings=False)
    return {name: (out / name).read_bytes() for name in ("results.json", "report.html", "table.csv", "table.md")}


# ---------------------------------------------------------------------- results
@pytest.mark.long
@pytest.mark.smoke
def test_results_hold_every_promised_key(undrawn: None, tmp_path: Path) -> None:
    results = benchmark(["random"], [toys.plain(), "ToyFormulas"], out=tmp_path, **SMALL)
    data = json.loads((tmp_path / "results.json").read_text())
    assert data == results.data
    assert set(data) == {"version", "protocol", "suites", "memory", "pooled", "timings"}
    assert data["version"] == hpo_gym.__version__
    hashes = {"hash", "hash_with_optimizers"}
    rest = {k: v for k, v in data["protocol"].items() if k not in hashes}
    assert hashes < set(data["protocol"]) and data["protocol"]["hash_with_optimizers"] == digest(rest)
    assert set(data["suites"]) == set(data["timings"]) == {"Plain", "Formulas"}
    for suite, part in data["suites"].items():
        assert part["n_tasks"] == 2
        assert set(part["optimizers"]) == set(data["timings"][suite]) == {"default", "portfolio", "random"}
        for name, summary in part["optimizers"].items():
            for key in ("auc", "log_auc", "rank", "win_rate", "gain"):
                assert summary[key][1:] == [None, None]  # two families have no interval
            assert summary["win_rate"][0] == pytest.approx((3 - summary["rank"][0]) / 2)
            for key, (low, high) in summary["of_families"].items():
                assert low <= summary[key][0] <= high
            assert {"1", "5", "10", "15", "33"} <= set(summary["regret"])
            assert all(len(triple) == 3 for triple in summary["regret"].values())
            assert (summary["cells"], summary["failed_cells"]) == (4, 0)
            times = data["timings"][suite][name]
            assert set(times) == {"ms_per_suggestion", "train_seconds"}
            assert set(times["ms_per_suggestion"]) == {"p50", "p95"}
            assert 0 <= times["ms_per_suggestion"]["p50"] <= times["ms_per_suggestion"]["p95"]
    assert remake(tmp_path).data["protocol"] == results.data["protocol"]  # suites in the order in which they were given
    frame = results.to_frame()
    assert len(frame) == 6
    assert {"suite", "optimizer", "auc", "auc_low", "auc_high", "regret@1"} <= set(frame.columns)
    assert {f"{key}{end}" for key in ("win_rate",) for end in ("", "_low", "_high")} <= set(frame.columns)


@pytest.mark.parametrize(
    "optimizers", [["random"], ["default", "random"], ["portfolio"], "grid", [], {"name": "ga", "offspring": 2}]
)
def test_controls_run_in_every_comparison(optimizers: Any) -> None:
    names = [e.name for e in entrants_of(optimizers)]
    assert {"default", "portfolio"} <= set(names)
    assert len(names) == len(set(names))


def test_settings_are_part_of_an_entrants_name_and_identity() -> None:
    first, second = entrants_of([{"name": "ga", "offspring": 2}, "ga"])[:2]
    assert (first.name, second.name) == ("ga(offspring=2)", "ga")
    assert first.identity != second.identity


@pytest.mark.long
def test_a_setting_that_changed_in_its_file_is_another_optimizer(
    undrawn: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trained and run anew; what was trained with the file of before does not pass for it."""

    def numbers() -> set[str]:
        benchmark(MINE + "Filed", "Functions", budget=2, seeds=1, tasks=1, out=tmp_path, resume=True)
        return {p.parent.name for p in tmp_path.glob("trained/*/number.json")}

    first = numbers()
    assert numbers() == first
    monkeypatch.setattr(bench_optimizers.Filed, "settings", {"pace": 2})
    both = numbers()
    assert len(first) == 1 < len(both) == 2
    with Store(tmp_path / "store.sqlite", write=False) as store:
        mine = [r.identity["optimizer"] for r in store.records()]
    reported = [m["resolved"] for m in mine if m["name"] == "Filed"]  # type: ignore[index, call-overload]
    assert sorted(t["pace"] for t in reported) == [1, 2]
    drawn = {(tmp_path / "trained" / name / "number.json").read_text() for name in both}
    assert len(drawn) == 1, "seeds are those of what was asked"


@pytest.mark.parametrize("settings", [None, "fast", {"folder": Path()}, {"pace": float("nan")}])
def test_what_tells_no_plain_settings_is_known_by_those_that_were_given(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_optimizers.Filed, "settings", settings)
    entrant = entrants_of(MINE + "Filed")[0]
    assert (entrant.resolved, entrant.identity) == ("", entrant.asked)


@pytest.mark.parametrize(
    ("optimizers", "error", "match"),
    [
        ("rndom", UnknownNameError, "Did you mean 'random'"),
        ({"name": "ga", "populaton": 3}, UnknownNameError, "Did you mean 'population'"),
        (["random", "random"], InvalidValueError, "must differ in name"),
        ([3.5], InvalidValueError, "must be a name"),
        ({"population": 3}, InvalidValueError, "must be a name"),
        (MINE + "NeedsArguments", InvalidValueError, "missing 1 required positional argument"),
        ("os:getcwd", InvalidValueError, "must make an optimizer"),
        ("no_such_module:Thing", UnknownNameError, "No module 'no_such_module'"),
        (":Thing", UnknownNameError, "dotted name"),
        (MINE + "Crashr", UnknownNameError, "Did you mean 'Crasher'"),
        ({"name": "ga", "population": np.float64}, InvalidValueError, "not JSON serializable"),
    ],
)
def test_a_wrong_entrant_is_refused_before_anything_runs(optimizers: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        entrants_of(optimizers)


def test_a_class_that_is_called_like_a_control_does_not_take_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_optimizers, "portfolio", bench_optimizers.Draws, raising=False)
    with pytest.raises(InvalidValueError, match="must differ in name, got 'portfolio' twice"):
        entrants_of([MINE + "portfolio"])


@pytest.mark.long
def test_all_suites_that_ship_are_compared_at_once(tmp_path: Path) -> None:
    names = sorted(name for name, entry in SUITES.entries().items() if entry.module.startswith("hpo_gym.suites"))
    results = benchmark(["random"], names, tasks=1, seeds=1, budget=2, out=tmp_path)
    assert len(names) >= 12
    for name in names:
        found = results.data["suites"][name]["optimizers"]
        assert set(found) == {"random", "default", "portfolio"}
        most = np.inf if results.data["suites"][name]["end"] else 1.0  # where the end counts, 1 is a guess
        assert all(f["failed_cells"] == 0 and 0 <= f["auc"][0] <= most for f in found.values()), name


@pytest.mark.long
def test_results_are_not_overwritten_without_resume(undrawn: None, tmp_path: Path) -> None:
    benchmark("random", toys.plain(), out=tmp_path, **SMALL)
    with pytest.raises(InvalidValueError, match="`out` must be a new folder"):
        benchmark("random", toys.plain(), out=tmp_path, **SMALL)


# ---------------------------------------------------------------------- the same bytes
ENTRANTS = ["random", "ga", MINE + "Draws", MINE + "Moody"]


@pytest.fixture(scope="module")
def reference(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison by the serial engine."""
    out = tmp_path_factory.mktemp("reference")
    with left_out():
        benchmark(ENTRANTS, folder, out=out, **SMALL)
    return out


@pytest.mark.parametrize(
    ("engine", "workers"),
    [("serial", None), ("process", 1), ("process", 2), pytest.param("dask", 2, marks=pytest.mark.slow)],
)
@pytest.mark.long
def test_engines_and_worker_counts_give_the_same_bytes(
    engine: str, workers: int | None, folder: Path, reference: Path, tmp_path: Path
) -> None:
    benchmark(ENTRANTS, folder, out=tmp_path, engine=engine, workers=workers, **SMALL)
    assert stored(tmp_path) == stored(reference)
    assert files(tmp_path) == files(reference)


@pytest.mark.long
@pytest.mark.parametrize("part", [{"tasks": 1}, {"seeds": 1}, {"tasks": 1, "seeds": 1}])
def test_a_part_of_the_tasks_and_seeds_gives_the_same_cells(
    part: dict[str, int], undrawn: None, folder: Path, reference: Path, tmp_path: Path
) -> None:
    benchmark(ENTRANTS, folder, out=tmp_path, **{**SMALL, **part})
    some, every = stored(tmp_path), stored(reference)
    assert 0 < len(some) < len(every)
    assert some == {cell: every[cell] for cell in some}


@pytest.mark.long
@pytest.mark.smoke
def test_resuming_with_more_seeds_keeps_what_there_is(
    undrawn: None, folder: Path, reference: Path, tmp_path: Path
) -> None:
    benchmark(ENTRANTS, folder, out=tmp_path, **{**SMALL, "seeds": 1})
    before, reported = stored(tmp_path), []
    benchmark(ENTRANTS, folder, out=tmp_path, resume=True, progress=lambda done, *rest: reported.append(done), **SMALL)
    done = sum(status == "done" for _, status, _ in before.values())
    assert reported[0] == done
    assert stored(tmp_path) == stored(reference)


@pytest.mark.long
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"budget": 3}, "`budget=4`"),
        ({"start": "init5"}, "`start='cold'`"),
        ({"split": "val"}, "`split='test'`"),
        ({"fold": 0}, "`fold=None`"),
        ({"memory": "train+val"}, "`memory='train'`"),
        ({"in_flight": 2}, "`in_flight=1`"),
    ],
)
def test_results_of_another_protocol_are_not_gone_on_with(
    undrawn: None, tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    benchmark("random", toys.plain(), out=tmp_path, **SMALL)
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(InvalidValueError, match=said):
        benchmark("random", toys.plain(), out=tmp_path, resume=True, **{**SMALL, **other})
    assert remake(tmp_path).data["protocol"]["budget"] == 4
    assert (tmp_path / "results.json").read_bytes() == before
    more = benchmark("random", toys.plain(), out=tmp_path, resume=True, **{**SMALL, "seeds": 3})
    assert more.failed_cells == 0 and more.data["protocol"]["seeds"] == 3


def _without(key: str, *at: Any) -> Any:
    return lambda plan: _inside(plan, *at).pop(key)


def _with(key: Any, value: Any, *at: Any) -> Any:
    return lambda plan: _inside(plan, *at).__setitem__(key, value)


def _inside(plan: Any, *at: Any) -> Any:
    return functools.reduce(lambda part, key: part[key], at, plan)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{", "Invalid JSON"),
        ("{}", "`protocol`: Field required"),
        ("1", "Input should be an object"),
        (_with("bugdet", 3), "`bugdet`: Extra inputs are not permitted, got 3"),
        (_with("suites", []), "`suites`: .* got \\[\\]"),
        (_with("live", {"ToyNoisy": {}}), "ToyNoisy.* must be among its suites"),
        (_with("budget", "3", "protocol"), r"`budget` must be an integer in \[1, 1000000\], got '3'"),
        (_with("start", "warm", "protocol"), "No start 'warm'"),
        (_with("memory", ["train"], "protocol"), "No memory"),
        (_with("remembers", ["cost"], "entrants", 0), r"`entrants\.0\.remembers`: .* string, got"),
        (_without("name", "entrants", 0), "`entrants.0.name`: Field required"),
        (_with("settings", "{", "entrants", 0), "JSONDecodeError"),
    ],
)
def test_a_plan_that_is_none_is_told_by_all_who_read_it(undrawn: None, tmp_path: Path, change: Any, said: str) -> None:
    benchmark("random", "ToyPlain", out=tmp_path, budget=1, seeds=1)
    with Store(tmp_path / "store.sqlite") as store:
        plan = json.loads(store.meta_get("plan") or "")
        if not isinstance(change, str):
            change(plan)
        store.meta_set("plan", change if isinstance(change, str) else json.dumps(plan))
    readers = [
        lambda: remake(tmp_path),
        lambda: Results.load(tmp_path),
        lambda: benchmark("random", "ToyPlain", out=tmp_path, resume=True, budget=1, seeds=1),
        lambda: collect([tmp_path]),
        lambda: merge([tmp_path], tmp_path / "merged"),
    ]
    for read in readers:
        with pytest.raises(DamagedDataError, match=f"plan that this version cannot read: .*{said}"):
            read()


def test_a_store_without_a_plan_is_told(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        store.put(Record("ab", {}, {}))
    for read in (remake, lambda path: collect([path]), lambda path: merge([path], tmp_path / "merged")):
        with pytest.raises(DamagedDataError, match="holds no plan"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"memory": "train+val"}, {"memory": "train+val"}),
        ({"in_flight": 2}, {"in_flight": 2}),
        ({"budget": Budget.of(None, 3)}, {"budget_cost": 3.0}),
        ({"budget": Budget.of(None, 3, True)}, {"budget_cost": 3.0, "checkpoints": True}),
    ],
)
def test_a_setting_is_hashed_and_stored_where_it_is_not_the_default(other: Any, said: dict[str, Any]) -> None:
    """So keys and hashes of stores from before there was one are what they were."""
    plain, protocol, cell = Protocol(), Protocol(**other), Cell("S", "hash", "t", None, 0)
    own = {"suite", "data_hash", "task", "fold", "replicate", "optimizer", "start", "budget"}
    assert set(cell.identity(Entrant("random", "random"), plain)) == own
    assert set(plain.to_json()) == {"split", "fold", "start", "budget", "seeds", "tasks"}
    for of in (Protocol.to_json, lambda protocol: cell.identity(Entrant("random", "random"), protocol)):
        kept = {k: v for k, v in of(plain).items() if k != "budget" or "budget_cost" not in said}
        assert of(protocol) == {**kept, **said}
    assert Protocol.from_json(protocol.to_json()) == protocol and protocol.deciding() != plain.deciding()


def test_a_plan_of_an_entrant_of_before_has_defaults() -> None:
    plan = {"protocol": Protocol().to_json(), "entrants": [{"name": "a", "spec": "random"}], "suites": {"SVM": "x"}}
    read = StoredPlan.parse(json.dumps(plan), Path("x"))
    assert read.entrants == (Entrant("a", "random"),) and StoredPlan.parse(read.text(), Path("x")) == read


def test_a_store_that_was_stopped_before_its_first_cell_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").touch()
    (tmp_path / "store.sqlite.lock").touch()
    with pytest.raises(InvalidValueError, match="nothing yet"):
        remake(tmp_path)


@pytest.mark.long
@pytest.mark.smoke
def test_a_finished_comparison_resumed_runs_nothing(
    undrawn: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark("random", toys.plain(), out=tmp_path, **SMALL)
    monkeypatch.setattr("hpo_gym.bench.plan.run_cells", lambda work: pytest.fail("a cell ran again"))
    benchmark("random", toys.plain(), out=tmp_path, resume=True, **SMALL)


@pytest.mark.long
def test_a_report_can_be_left_for_later(folder: Path, reference: Path, tmp_path: Path) -> None:
    found = benchmark(ENTRANTS, folder, out=tmp_path, report=False, **SMALL)
    assert not list(tmp_path.glob("report*")) + list(tmp_path.glob("table*"))
    assert json.loads((tmp_path / "results.json").read_text()) == json.loads(json.dumps(found.data))
    assert files(tmp_path) == files(reference)


def test_a_report_imports_no_optimizer_that_the_store_names(
    undrawn: None, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> Any:
        pytest.fail("an optimizer was imported because a data file names it")

    monkeypatch.setattr(Registry, "resolve", refuse)
    assert remake(reference).data["suites"]["Gappy"]["optimizers"]["Draws"]["failed_cells"] == 0


# ---------------------------------------------------------------------- killed at any moment
def _kill_at_random_moments(folder: Path, reference: Path, out: Path, seed: int, kills: int) -> None:
    rng = random.Random(seed)
    command = [sys.executable, "-m", "hpo_gym", "bench", "--suite", str(folder), "--out", str(out), "--quiet",
               "--optimizers", ",".join(SLOW), "--budget", "6", "--seeds", "12", "--resume", "--workers", "2",
               "--engine", rng.choice(["serial", "process"])]  # fmt: skip
    for _ in range(kills):
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not out.exists() and time.monotonic() - started < 60 and process.poll() is None:
            time.sleep(0.01)  # the start of Python is no part of the test
        time.sleep(rng.uniform(0.0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        faults = verify(out / "store.sqlite") if (out / "store.sqlite").exists() else []
        assert all("holds nothing yet" in fault for fault in faults)  # it is killed before its first cell
    benchmark(SLOW, folder, out=out, resume=True, budget=6, seeds=12)
    assert verify(out / "store.sqlite") == []
    assert stored(out) == stored(reference)
    assert files(out) == files(reference)


SLOW = ["random", MINE + "Slow", MINE + "Moody"]


@pytest.fixture(scope="module")
def unkilled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The comparison that the killed ones must end up with."""
    out = tmp_path_factory.mktemp("unkilled")
    with left_out():
        benchmark(SLOW, folder, out=out, budget=6, seeds=12)
    return out


@pytest.mark.parametrize(
    ("seed", "kills"),
    [
        *(pytest.param(seed, 2, marks=pytest.mark.long) for seed in range(3)),
        *(pytest.param(seed, 4, marks=pytest.mark.slow) for seed in range(3, 33)),
    ],
)
def test_a_killed_comparison_ends_as_if_nothing_had_happened(
    seed: int, kills: int, folder: Path, unkilled: Path, tmp_path: Path
) -> None:
    _kill_at_random_moments(folder, unkilled, tmp_path / "out", seed, kills)


# ---------------------------------------------------------------------- failures
@pytest.mark.long
@pytest.mark.parametrize(("name", "failed"), [("Crasher", 4), ("WrongType", 4), ("Draws", 0), ("Silent", 0)])
def test_a_failure_is_counted_and_not_more(name: str, failed: int, undrawn: None, tmp_path: Path) -> None:
    results = benchmark(MINE + name, toys.plain(), out=tmp_path, **SMALL)
    summary = results.data["suites"]["Plain"]["optimizers"]
    assert summary[name]["failed_cells"] == results.failed_cells == len(results.errors) == failed
    if failed or name == "Silent":
        assert summary[name]["auc"][0] == 1.0


@pytest.mark.parametrize(("name", "engine"), [("Moody", "serial"), ("Exits", "serial"), ("Dies", "process")])
@pytest.mark.long
def test_one_cells_failure_is_not_anothers(name: str, engine: str, undrawn: None, folder: Path, tmp_path: Path) -> None:
    benchmark(MINE + name, folder, out=tmp_path, engine=engine, workers=1, budget=2, seeds=6)
    with Store(tmp_path / "store.sqlite", write=False) as store:
        mine = [r for r in store.records() if r.identity["optimizer"]["name"] == name]  # type: ignore[index]
    for record in mine:
        instance = seeding.instance_seed(
            "Gappy", str(record.identity["task"]), "bench", int(record.identity["replicate"])
        )  # type: ignore[call-overload]
        unlucky = seeding.generator(seeding.optimizer_seed(instance, name, {})).random() < 0.5
        assert (record.status == "failed") == unlucky
    assert {r.status for r in mine} == {"done", "failed"}
    assert len(mine) == 12


@pytest.mark.long
def test_failed_cells_are_tried_again_on_resume(undrawn: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert benchmark(MINE + "Crasher", toys.plain(), out=tmp_path, **SMALL).failed_cells == 4
    monkeypatch.setattr(bench_optimizers.Crasher, "ask", bench_optimizers.Draws.ask)
    assert benchmark(MINE + "Crasher", toys.plain(), out=tmp_path, resume=True, **SMALL).failed_cells == 0


@pytest.mark.long
@pytest.mark.parametrize(("split", "validated"), [("test", ["e", "f"]), ("val", [])])
def test_training_sees_its_own_side_only(split: str, validated: list[str], undrawn: None, tmp_path: Path) -> None:
    results = benchmark(MINE + "Trained", toys.plain(), split=split, out=tmp_path, **SMALL)
    assert results.failed_cells == 0
    (learned,) = tmp_path.glob("trained/*/families.json")
    assert json.loads(learned.read_text()) == {"train": ["a", "b", "c", "d"], "validation": validated}
    assert results.data["timings"]["Plain"]["Trained"]["train_seconds"] >= 0


@pytest.mark.parametrize("engine", ["serial", "process"])
@pytest.mark.long
def test_replicates_take_turns_among_trainings(engine: str, undrawn: None, tmp_path: Path) -> None:
    folder, options = "Functions", {"budget": 2, "seeds": 5, "tasks": 1, "engine": engine, "workers": 2}
    once = benchmark(MINE + "Drilled", folder, out=tmp_path / "once", **options)
    thrice = benchmark(MINE + "Drilled", folder, trainings=3, out=tmp_path / "thrice", **options)
    with Store(tmp_path / "thrice" / "store.sqlite", write=False) as store:
        mine = [r for r in store.records() if r.identity["optimizer"]["name"] == "Drilled"]  # type: ignore[index]
    tried: dict[int, set[bytes]] = {}
    for record in mine:
        assert record.identity.get("training", 0) == int(record.identity["replicate"]) % 3  # type: ignore[call-overload]
        tried.setdefault(int(record.identity["replicate"]), set()).add(record.arrays["x"].tobytes())  # type: ignore[call-overload]
    assert tried[0] == tried[3] != tried[1] == tried[4] != tried[2]
    assert tried[2] != tried[0]
    assert len(list((tmp_path / "thrice" / "trained").iterdir())) == 3
    reported = [json.loads(p.read_text()) for p in (tmp_path / "thrice" / "trained").glob("*/training.json")]
    assert {t["optimizer"] for t in reported} == {"Drilled"}
    assert len({t["curve"][1][1] for t in reported}) == 3
    assert thrice.data["protocol"]["trainings"] == {"Drilled": 3}
    assert "trainings" not in once.data["protocol"]
    assert stored(tmp_path / "once").keys() & stored(tmp_path / "thrice").keys() == {  # the first training is the same
        k for k, (identity, _, _) in stored(tmp_path / "thrice").items() if "training" not in identity
    }
    assert remake(tmp_path / "thrice").data["suites"] == thrice.data["suites"]
    with pytest.raises(InvalidValueError, match="`trainings` must be an integer >= 1"):
        benchmark("random", folder, trainings=0, out=tmp_path / "none", **options)


@pytest.mark.long
def test_an_agent_is_not_scored_on_a_family_that_it_has_seen(undrawn: None, tmp_path: Path) -> None:
    results = benchmark(MINE + "Peeks", toys.plain(), out=tmp_path, **SMALL)
    assert results.data["suites"]["Plain"]["optimizers"]["Peeks"]["failed_cells"] == 4
    assert all("SplitError" in error and "trained on its family" in error for error in results.errors)


@pytest.mark.long
def test_a_training_that_fails_costs_its_own_cells_only(undrawn: None, tmp_path: Path) -> None:
    results = benchmark({"name": MINE + "Trained", "fails": True}, toys.plain(), out=tmp_path, **SMALL)
    assert results.failed_cells == 4
    assert "no lesson was learned" in results.errors[0]


# ---------------------------------------------------------------------- one at a time, many at once
def _cells(suite: str, seeds: int = 2) -> tuple[Cell, ...]:
    loaded = load_suite(suite)
    return tuple(
        Cell(loaded.name, loaded.data_hash, t.name, None, r) for t in loaded.tasks("test") for r in range(seeds)
    )


@pytest.mark.parametrize("suite", toys.SUITE_NAMES)
@pytest.mark.parametrize("start", ["cold", "init5"])
@pytest.mark.parametrize("name", ["Shares", "random", "hyperband"])
def test_runs_one_by_one_are_the_runs_of_a_batch(name: str, start: str, suite: str) -> None:
    together = Entrant.of(form_of(MINE + name if name == "Shares" else name))
    assert together.batched
    work = Work(together, suite, None, Protocol(start=start, budget=Budget(7)), _cells(suite))
    first, second = run_cells(work), run_cells(replace(work, entrant=replace(together, batched=False)))
    for a, b in zip(first, second, strict=True):
        assert a.error is None, a.error
        assert b.error is None, b.error
        assert a.arrays.keys() == b.arrays.keys()
        for key, value in a.arrays.items():
            np.testing.assert_array_equal(value, b.arrays[key], err_msg=f"{key} of {a.cell}")


@pytest.mark.parametrize("suite", toys.SUITE_NAMES)
def test_given_points_are_the_same_for_all_and_free(suite: str) -> None:
    found = []
    for name in ("random", "default", MINE + "Draws"):
        entrant = Entrant.of(form_of(name))
        made = run_cells(Work(entrant, suite, None, Protocol(start="init5", budget=Budget(3)), _cells(suite)))
        assert {len(m.arrays["score"]) for m in made} == {8}
        found.append([m.arrays["x"][:5].tobytes() for m in made])
    assert found[0] == found[1] == found[2]


# ---------------------------------------------------------------------- what an optimizer may know
@pytest.mark.parametrize("suite", ["AutoML", "Functions", *toys.SUITE_NAMES])
def test_a_prior_never_holds_a_relative(suite: str) -> None:
    loaded = load_suite(suite)
    for fold in (None, *range(FOLDS)):
        sides = {split: {t.family for t in loaded.tasks(split, fold)} for split in SPLITS}
        assert not sides["train"] & (sides["val"] | sides["test"])
        if fold is None or suite == "AutoML":
            known = {e.family for e in loaded.prior(fold)}
            assert known == sides["train"]


@pytest.mark.long
def test_all_folds_hold_every_task_out_once(undrawn: None, tmp_path: Path) -> None:
    suite = toys.plain()
    results = benchmark("random", suite, fold="all", budget=2, seeds=1, out=tmp_path)
    assert results.data["suites"]["Plain"]["n_tasks"] == len(suite.members)
    assert results.failed_cells == 0


# ---------------------------------------------------------------------- seeds
@pytest.mark.long
def test_an_optimizer_whose_extra_is_missing_is_left_out_with_a_word(
    undrawn: None, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(registry, "EXTRAS", {**registry.EXTRAS, "optuna": ("no_such_package_at_all",)})
    with pytest.warns(UserWarning, match=r"tpe is left out\. Not installed: .*pip install 'hpo-gym\[optuna\]'"):
        results = benchmark(["random", "tpe"], "Functions", tasks=1, seeds=1, budget=2, out=tmp_path / "a")
    assert results.data["protocol"]["optimizers"] == ["random", "default", "portfolio"]
    with pytest.raises(MissingExtraError, match="no_such_package_at_all"):
        benchmark("tpe", "Functions", tasks=1, seeds=1, budget=2, out=tmp_path / "b")


# ------------------------------------------------------------------------------------------------ a part of the tasks
def test_families_take_turns_where_only_some_tasks_are_taken() -> None:
    suite = hpo_gym.load_suite("AutoML")
    tasks = suite.tasks("test")
    order = families_first("AutoML", tasks)
    families = [suite.task(name).family for name in order]
    sizes = sorted(Counter(families).values())
    assert sorted(order) == sorted(t.name for t in tasks)
    for turn in range(1, sizes[-1] + 1):  # all families of `turn` tasks or more have had so many before one has another
        end = sum(min(size, turn) for size in sizes)
        assert max(Counter(families[:end]).values()) == turn
        assert sorted(Counter(families[:end]).values()) == sorted(min(size, turn) for size in sizes)
    first = [seeding.key("subset", "AutoML", name) for name in order[: len(sizes)]]
    assert first == sorted(first)  # by key, whatever the order of the tasks
    assert order == families_first("AutoML", tasks[::-1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"tasks": ["nothing"]},
        {"tasks": 0},
        {"split": "vla"},
        {"split": "train"},
        {"fold": 9},
        {"fold": True},
        {"start": "warm"},
        {"seeds": 1.5},
        {"engine": "serail"},
        {"workers": 0},
    ],
)
def test_a_refused_comparison_leaves_no_store(wrong, tmp_path):
    """The next command, which is right, begins in the same folder."""
    options = {"seeds": 1, "tasks": 1, "budget": 2, "engine": "serial", "report": False, "progress": False}
    with pytest.raises(HPOGymError):
        benchmark("random", "SVM", **{**options, **wrong}, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert benchmark("random", "SVM", **options, out=tmp_path / "new").failed_cells == 0
