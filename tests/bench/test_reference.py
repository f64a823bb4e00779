"""Reference runs: collected, written, read, replayed, and merged into a comparison that did not pay for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processors import MADE_WITH, kernels

from hpo_builders.reference_runs import collect
from hpo_gym.base import seeding
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.base.seeding import digest
from hpo_gym.bench.cells import Work
from hpo_gym.bench.entrants import SAVED, Entrant
from hpo_gym.bench.protocol import STARTS, Protocol
from hpo_gym.bench.reference import reference
from hpo_gym.bench.reference.reference import Reference, reference_of
from hpo_gym.bench.runner import benchmark
from hpo_gym.bench.work import run_cells
from hpo_gym.optimize.forms import form_of
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem.costs import Budget
from hpo_gym.suites.load import load_suite
from hpo_gym.system.storage.store import Store

SUITES = ("MLPGrid", "Functions", "MLP")
BUDGET, TASKS, SEEDS = 6, 3, 2
SHIPPED = sorted(p.stem for p in reference.FOLDER.glob("*.json"))


pytestmark = pytest.mark.usefixtures("all_undrawn")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Finished comparisons, by start."""
    home = tmp_path_factory.mktemp("ran")
    for start in STARTS:
        benchmark(["random", "ga"], SUITES, start=start, budget=BUDGET, tasks=TASKS, seeds=SEEDS, out=home / start)
    return {start: home / start for start in STARTS}


@pytest.fixture(scope="module")
def made(ran: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of reference runs."""
    folder = tmp_path_factory.mktemp("reference")
    for one in collect(ran.values()):
        one.write(folder)
    return folder


@pytest.fixture
def shipped(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if those were shipped."""
    monkeypatch.setattr(reference, "FOLDER", made)
    return made


def numbers(results: Any) -> Any:
    return {s: p["optimizers"] for s, p in results.data["suites"].items()}


@pytest.mark.long
def test_what_is_written_is_read(ran: dict[str, Path], made: Path) -> None:
    for one in collect(ran.values()):
        again = Reference.read(made / f"{one.suite}.json")
        assert replace(again, choices={}) == replace(one, choices={})
        assert {k: {n: a.tolist() for n, a in p.items()} for k, p in again.choices.items()} == {
            k: {n: a.tolist() for n, a in p.items()} for k, p in one.choices.items()
        }


@pytest.mark.long
@pytest.mark.parametrize("start", STARTS)
def test_a_replay_gives_the_trials_of_the_run(ran: dict[str, Path], made: Path, start: str) -> None:
    with Store(ran[start] / "store.sqlite", write=False) as store:
        for name in SUITES:
            suite, one = load_suite(name), Reference.read(made / f"{name}.json")
            for entrant in one.entrants:
                for again in one.made(suite, name, entrant, start, one.cells()):
                    record = store.get(
                        digest(again.cell.identity(entrant, Protocol(start=start, budget=Budget(BUDGET))))
                    )
                    assert record is not None
                    for key, array in record.arrays.items():
                        near = 1e-5 if name == "Functions" else 0.0  # single precision
                        assert again.arrays[key] == pytest.approx(array, abs=near, rel=near), (name, key)


@pytest.mark.long
def test_a_comparison_with_reference_equals_one_that_paid(shipped: Path, ran: dict[str, Path], tmp_path: Path) -> None:
    paid = benchmark(["sobol", "random", "ga"], "MLPGrid", budget=BUDGET, seeds=SEEDS, tasks=TASKS, out=tmp_path / "a")
    free = benchmark("sobol", "MLPGrid", budget=BUDGET, with_reference=True, out=tmp_path / "b")
    assert numbers(free) == numbers(paid)
    assert free.data["protocol"]["seeds"] == SEEDS


@pytest.mark.long
def test_reference_runs_are_not_run_and_need_no_package(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entrant that nobody can make any more stands in the results all the same."""
    one = Reference.read(made / "MLPGrid.json")
    gone = Entrant("gone", "gone", batched=True)
    named = tuple(gone if e.name == "ga" else e for e in one.entrants)
    renamed = {k.replace("ga/", "gone/") if k.startswith("ga/") else k: v for k, v in one.choices.items()}
    times = {("gone" if k == "ga" else k): v for k, v in one.times.items()}
    replace(one, entrants=named, choices=renamed, times=times).write(tmp_path / "reference")
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    results = benchmark("random", "MLPGrid", budget=BUDGET, with_reference=True, out=tmp_path / "out")
    assert results.failed_cells == 0
    assert set(numbers(results)["MLPGrid"]) == {"random", "default", "portfolio", "gone"}
    assert results.data["timings"]["MLPGrid"]["gone"]["ms_per_suggestion"]["p50"] == times["gone"]["cold"]["ms_p50"]


@pytest.mark.long
def test_another_version_of_a_baseline_is_run_anew(shipped: Path, tmp_path: Path) -> None:
    one = Reference.read(shipped / "MLPGrid.json")
    old = tuple(replace(e, version=0) if e.name == "ga" else e for e in one.entrants)
    replace(one, entrants=old).write(tmp_path / "old")
    reference.FOLDER = tmp_path / "old"  # the fixture restores it
    out = tmp_path / "out"
    benchmark("ga", "MLPGrid", budget=BUDGET, with_reference=True, out=out)
    with Store(out / "store.sqlite", write=False) as store:
        paid = {r.identity["optimizer"]["name"] for r in store.records() if "reference" not in r.measured}
    assert paid == {"ga"}


@pytest.mark.long
def test_trainings_are_told_by_and_taken_from_the_reference_runs(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drilled, folder = "bench_optimizers:Drilled", tmp_path / "reference"
    options = {"budget": BUDGET, "tasks": TASKS, "seeds": SEEDS}
    paid = benchmark(drilled, "MLPGrid", trainings=2, out=tmp_path / "paid", **options)
    for one in collect([tmp_path / "paid"]):
        one.write(folder)
    monkeypatch.setattr(reference, "FOLDER", folder)
    free = benchmark(drilled, "MLPGrid", budget=BUDGET, with_reference=True, out=tmp_path / "free")
    assert numbers(free) == numbers(paid)
    assert free.data["protocol"]["trainings"] == {"Drilled": 2}
    assert not (tmp_path / "free" / "trained").exists()
    once = benchmark(drilled, "MLPGrid", budget=BUDGET, trainings=1, with_reference=True, out=tmp_path / "once")
    assert "trainings" not in once.data["protocol"]
    assert len(list((tmp_path / "once" / "trained").iterdir())) == 1


@pytest.mark.long
def test_what_is_made_anew_takes_the_place_of_what_was_there(ran: dict[str, Path], made: Path, tmp_path: Path) -> None:
    options = {"budget": BUDGET, "tasks": TASKS, "seeds": SEEDS}
    benchmark(["sobol", "ga"], "MLPGrid", out=tmp_path / "more", **options)
    (joined,) = collect([tmp_path / "more"], made)
    assert {e.name for e in joined.entrants} == {"random", "ga", "sobol", "default", "portfolio"}
    assert {k for k in joined.choices if k.startswith("sobol/")} == {"sobol/cold"}
    assert {k for k in joined.choices if k.startswith("ga/")} == {"ga/cold", "ga/init5"}, "the same, so it stays"
    assert {k for k in joined.choices if k.startswith("random/")} == {"random/cold", "random/init5"}
    joined.write(tmp_path)
    assert {e.name for e in Reference.read(tmp_path / "MLPGrid.json").entrants} == {e.name for e in joined.entrants}


@pytest.mark.long
def test_a_start_that_the_reference_runs_lack_is_paid_for(
    ran: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = tmp_path / "more"
    benchmark("sobol", "MLPGrid", budget=BUDGET, tasks=TASKS, seeds=SEEDS, out=more)
    next(one for one in collect([*ran.values(), more]) if one.suite == "MLPGrid").write(tmp_path / "reference")
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    results = benchmark("sobol", "MLPGrid", start="init5", budget=BUDGET, with_reference=True, out=tmp_path / "out")
    assert results.failed_cells == 0
    assert set(numbers(results)["MLPGrid"]) == {"sobol", "random", "ga", "default", "portfolio"}


@pytest.mark.long
def test_a_cell_that_failed_is_a_failure_of_the_comparison_too(made: Path, tmp_path: Path, monkeypatch: Any) -> None:
    one = Reference.read(made / "MLPGrid.json")
    failures = {**one.failures, "ga": {"cold": {"1": "it broke"}}}
    replace(one, failures=failures).write(tmp_path / "reference")
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    results = benchmark("random", "MLPGrid", budget=BUDGET, with_reference=True, out=tmp_path / "out")
    assert results.failed_cells == 1
    assert results.errors == ("ga on " + one.tasks[0] + " (1): it broke",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seeds": SEEDS + 1}, f"`seeds <= {SEEDS}`, got 3"),
        ({"budget": 33}, f"`budget={BUDGET}`, got 33"),
        ({"split": "val"}, "`split='test'`, got 'val'"),
        ({"fold": 0}, "`fold=None`, got 0"),
        ({"memory": "train+val"}, r"`memory='train'`, got 'train\+val'"),
        ({"in_flight": 2}, "`in_flight=1`, got 2"),
        ({"budget": None, "budget_cost": 3.5}, r"`budget_cost=None`, got 3\.5"),
        ({"tasks": ["a"]}, "needs a number of `tasks`"),
        ({"tasks": TASKS + 1, "suites": "Functions"}, f"`tasks <= {TASKS}`, got 4"),
    ],
)
def test_what_the_reference_runs_do_not_have_is_refused(
    shipped: Path, tmp_path: Path, asked: dict[str, Any], message: str
) -> None:
    options = {"suites": "MLPGrid", "budget": BUDGET, **asked}
    with pytest.raises(InvalidValueError, match=message):
        benchmark("sobol", with_reference=True, out=tmp_path / "out", **options)


def test_a_damaged_file_is_named(made: Path, tmp_path: Path) -> None:
    one = Reference.read(made / "MLPGrid.json")
    about, runs = one.write(tmp_path)
    block = bytearray(runs.read_bytes())
    block[len(block) // 2] ^= 1
    runs.write_bytes(block)
    with pytest.raises(DamagedDataError, match=r"MLPGrid\.json"):
        Reference.read(about)


def test_other_tasks_or_seeds_than_were_written_are_refused(made: Path, tmp_path: Path) -> None:
    """Tasks that change places would give every run the tasks of another: the choices alone do not tell."""
    about, _ = Reference.read(made / "Functions.json").write(tmp_path)
    said = json.loads(about.read_text())
    for name, other in (("tasks", said["tasks"][::-1]), ("seeds", 1), ("checksum", "0" * 64)):
        about.write_text(json.dumps({**said, name: other}))
        with pytest.raises(DamagedDataError, match=r"Functions\.json.*`checksum` must be"):
            Reference.read(about)


def test_an_unfinished_comparison_is_refused(ran: dict[str, Path], tmp_path: Path) -> None:
    with Store(ran["cold"] / "store.sqlite", write=False) as store:
        plan, records = store.meta_get("plan"), list(store.records())
    (tmp_path / "part").mkdir()
    with Store(tmp_path / "part" / "store.sqlite") as store:
        store.meta_set("plan", str(plan))
        store.put_many(records[1:])
    with pytest.raises(InvalidValueError, match="must be finished"):
        collect([tmp_path / "part"])


# ---------------------------------------------------------------------- what is shipped
ROUNDED = {"cma-es": 8, "gp-ei": 8}
"""Whose choices hang on the last bits of a decomposition, and how many of their trials are the same with the kernels of
processors with AVX2: runs with SkylakeX and Haswell part, seen from the 16th and the 13th trial on."""


@pytest.mark.parametrize("suite", SHIPPED)
def test_the_shipped_runs_are_those_of_todays_versions_and_settings(suite: str) -> None:
    """Also of what must be trained: another setting in an agent's file asks for another version of the agent."""
    for entrant in (e for e in reference_of(suite).entrants if not reference.optimizer_moved(e)):
        if entrant.spec.startswith(SAVED):  # by its name, wherever it lies
            assert Entrant.of(form_of(entrant.name)) == entrant, entrant.name
        elif OPTIMIZERS.installed(entrant.spec):
            assert Entrant.of(form_of(entrant.spec), entrant.trainings) == entrant, entrant.name


@pytest.mark.parametrize("suite", SHIPPED)
@pytest.mark.long
def test_a_sample_of_the_shipped_runs_is_what_the_baselines_do(suite: str) -> None:
    """One run of each baseline that is installed, needs no training, and takes less than half a second a trial."""
    one, data = reference_of(suite), load_suite(suite)
    if reference.data_moved(one, data):
        pytest.skip("the runs are of another version of the suite")
    checked = 0
    for entrant in (e for e in one.entrants if not reference.optimizer_moved(e)):
        if entrant.trainable or not (entrant.spec.startswith(SAVED) or OPTIMIZERS.installed(entrant.spec)):
            continue
        start = "cold" if seeding.key("sample", suite, entrant.name) % 2 else "init5"
        if one.times[entrant.name].get(start, {"ms_p50": np.inf})["ms_p50"] > 20.0:
            continue
        cells = one.cells()
        cell = cells[seeding.key("sample of cells", suite, entrant.name) % len(cells)]
        if str(cells.index(cell)) in one.failures.get(entrant.name, {}).get(start, {}):
            continue
        work = Work(entrant, suite, None, Protocol(one.split, start=start, budget=Budget(one.budget)), (cell,))
        (anew,), (reported,) = run_cells(work), one.made(data, suite, entrant, start, [cell])
        assert anew.error is None
        range_ = data.task(cell.task).best - data.task(cell.task).worst
        upto = one.budget if kernels() == {MADE_WITH} else ROUNDED.get(entrant.name, one.budget)
        first, second = reported.arrays["incumbent"][:upto], anew.arrays["incumbent"][:upto]
        assert first == pytest.approx(second, abs=1e-4 * range_), entrant.name
        checked += 1
    assert checked >= 10


@pytest.mark.long
def test_another_version_takes_the_place_of_all_starts_or_none(
    ran: dict[str, Path], made: Path, tmp_path: Path
) -> None:
    known = Reference.read(made / "MLPGrid.json")
    old = tuple(replace(e, version=0) if e.name == "ga" else e for e in known.entrants)
    replace(known, entrants=old).write(tmp_path)
    with pytest.raises(InvalidValueError, match=r"there are none for ga/init5\."):
        collect([ran["cold"]], tmp_path)
    joined = next(one for one in collect(ran.values(), tmp_path) if one.suite == "MLPGrid")
    assert [e for e in joined.entrants if e.name == "ga"] == [e for e in known.entrants if e.name == "ga"]
    assert {k for k in joined.choices if k.startswith("ga/")} == {"ga/cold", "ga/init5"}


def test_a_suite_without_reference_runs_is_named(shipped: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="No suite with reference runs 'FCNet'"):
        benchmark("sobol", "FCNet", with_reference=True, out=tmp_path / "out")
