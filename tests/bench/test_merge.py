"""`merge`: shards and comparisons of one protocol become one, in any order, and what does not belong is refused."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import bench_optimizers
import pytest
import toys
from test_bench import MINE, stored
from test_live import mine

from hpo_gym import app
from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.bench.merging import merge
from hpo_gym.bench.plan import shard_of
from hpo_gym.bench.results import Results
from hpo_gym.bench.runner import benchmark, remake
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.store import Store, verify

SMALL: dict[str, Any] = {"budget": 3, "seeds": 6}
ENTRANTS = ["random", MINE + "Draws", MINE + "Moody", MINE + "Drilled"]


pytestmark = [
    pytest.mark.usefixtures("all_undrawn"),
    pytest.mark.filterwarnings("ignore:More than half of the trials"),  # `Drilled` knows one configuration
]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three shards of a comparison with failures, of an optimizer that is trained, on a suite that is saved beside."""
    home = tmp_path_factory.mktemp("shards")
    for i in (1, 2, 3):
        benchmark(ENTRANTS, toys.gappy(), trainings=2, shard=f"{i}/3", out=home / str(i), **SMALL)
    return [home / str(i) for i in (1, 2, 3)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in one run."""
    out = tmp_path_factory.mktemp("whole")
    benchmark(ENTRANTS, toys.gappy(), trainings=2, out=out, **SMALL)
    return out


def results_of(out: Path) -> bytes:
    remake(out, timings=False)
    return (out / "results.json").read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# ---------------------------------------------------------------------- what comes out
@pytest.mark.long
def test_shards_make_the_whole_in_any_order(shards: list[Path], whole: Path, tmp_path: Path) -> None:
    before = [contents(shard) for shard in shards]
    for i, order in enumerate(itertools.permutations(shards)):
        done = merge(order, tmp_path / f"m{i}")
        assert (done.cells, done.twice) == (72, 0)
        assert contents(tmp_path / f"m{i}") == contents(tmp_path / "m0")
    assert [contents(shard) for shard in shards] == before
    assert verify(tmp_path / "m0" / "store.sqlite") == []
    assert stored(tmp_path / "m0") == stored(whole)
    assert results_of(tmp_path / "m0") == results_of(whole)
    shutil.rmtree(tmp_path / "m1" / "suites")
    for shard in shards:  # the merged folder needs none of them
        assert not (shard / "results.json").exists()
    shutil.move(tmp_path / "m0", tmp_path / "moved")
    assert Results.load(tmp_path / "moved").failed_cells == Results.load(whole).failed_cells


def test_a_shard_is_a_share_of_tasks_and_replicates() -> None:
    cells = list(range(11))
    parts = [cells[shard_of(f"{i}/4")] for i in (1, 2, 3, 4)]
    assert parts == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7]]
    for wrong in ("0/4", "5/4", "1", "1/", "a/b", "-1/4", "1/0", "1/4/2", ""):
        with pytest.raises(InvalidValueError, match="`shard` must be like '2/8'"):
            shard_of(wrong)


@pytest.mark.long
def test_a_shard_tells_its_failures_and_no_results(tmp_path: Path) -> None:
    shard = benchmark(MINE + "Crasher", toys.plain(), shard="1/2", out=tmp_path, budget=2, seeds=2)
    assert len(shard.errors) == 2 and all("boom" in error for error in shard.errors)
    assert (shard.curves, shard.data["suites"]) == ({}, {})
    assert repr(shard) == f"Results(a shard, 2 cells failed; {tmp_path})"
    assert not (tmp_path / "results.json").exists()


@pytest.mark.long
def test_comparisons_of_other_optimizers_tasks_and_seeds_are_joined(tmp_path: Path) -> None:
    suite = toys.plain()
    benchmark("random", suite, out=tmp_path / "a", budget=3, seeds=2)
    benchmark(MINE + "Draws", suite, out=tmp_path / "b", budget=3, seeds=3, tasks=1)
    benchmark(["random", MINE + "Draws"], suite, out=tmp_path / "both", budget=3, seeds=3)
    done = merge([tmp_path / "b", tmp_path / "a"], tmp_path / "c")
    assert done.twice == 2 * 2 * 1  # both controls, of the task and the seeds that both have
    joined = json.loads(results_of(tmp_path / "c"))
    assert joined["protocol"]["seeds"] == 3 and joined["protocol"]["tasks"] is None
    assert joined["protocol"]["optimizers"] == ["Draws", "default", "portfolio", "random"]
    assert len(joined["suites"]["Plain"]["optimizers"]) == 4
    missing = Results.load(tmp_path / "c").failed_cells
    assert missing == 4 * 2 * 3 - done.cells > 0
    benchmark(["random", MINE + "Draws"], suite, out=tmp_path / "c", resume=True, budget=3, seeds=3)
    assert stored(tmp_path / "c") == stored(tmp_path / "both")
    assert results_of(tmp_path / "c") == results_of(tmp_path / "both")


@pytest.mark.long
def test_what_is_done_goes_before_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"budget": 2, "seeds": 1}
    benchmark(MINE + "Crasher", toys.plain(), out=tmp_path / "failed", **options)
    monkeypatch.setattr(bench_optimizers.Crasher, "ask", bench_optimizers.Draws.ask)
    benchmark(MINE + "Crasher", toys.plain(), out=tmp_path / "done", **options)
    for i, order in enumerate(itertools.permutations([tmp_path / "failed", tmp_path / "done"])):
        merge(order, tmp_path / str(i))
        assert stored(tmp_path / str(i)) == stored(tmp_path / "done")
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


# ---------------------------------------------------------------------- what is refused
@pytest.mark.long
def test_a_cell_that_differs_is_named(tmp_path: Path) -> None:
    options: dict[str, Any] = {"budget": 2, "seeds": 1}
    benchmark("random", toys.plain(), out=tmp_path / "a", **options)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with Store(tmp_path / "b" / "store.sqlite") as store:
        record = next(store.written())
        changed = {name: array + 1 if name == "score" else array for name, array in record.arrays.items()}
        store.put(Record(record.cell, record.identity, changed, measured=record.measured))
    said = []
    for order in itertools.permutations([tmp_path / "a", tmp_path / "b"]):
        with pytest.raises(InvalidValueError, match=f"{record.cell}.*replicate 0.*differs in .*a and .*b") as fault:
            merge(order, tmp_path / "c")
        said.append(str(fault.value))
    assert said[0] == said[1]
    assert [p.name for p in tmp_path.iterdir() if p.name not in "ab"] == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"budget": 3}, "must share `budget`"),
        ({"start": "init5"}, "must share `start`"),
        ({"split": "val"}, "must share `split`"),
        ({"fold": 1}, "must share `fold`"),
        ({"memory": "train+val"}, "must share `memory`"),
        ({"in_flight": 2}, "must share `in_flight`"),
        ({"suites": toys.plain(m=15)}, "must share suite 'Plain'"),
        ({"optimizers": [MINE + "Drilled"], "trainings": 2}, "must share optimizer 'Drilled'"),
    ],
)
def test_another_protocol_is_refused(other: dict[str, Any], said: str, tmp_path: Path) -> None:
    base: dict[str, Any] = {"optimizers": [MINE + "Drilled"], "suites": toys.plain(), "budget": 2, "seeds": 1}
    benchmark(**base, out=tmp_path / "a")
    benchmark(**{**base, **other}, out=tmp_path / "b")
    for order in itertools.permutations([tmp_path / "a", tmp_path / "b"]):
        with pytest.raises(InvalidValueError, match=said):
            merge(order, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_damage_is_named_and_nothing_is_written(shards: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shards[0], tmp_path / "a")
    path = tmp_path / "a" / "store.sqlite"
    with Store(path, write=False) as store:
        (payload,) = store._db.execute("SELECT payload FROM batches LIMIT 1").fetchone()
    data = bytearray(path.read_bytes())
    data[data.index(payload[-64:]) + 20] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedDataError, match="does not match its checksum"):
        merge([tmp_path / "a", *shards[1:]], tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_wrong_folders_are_refused(shards: list[Path], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    for folders, out, said in (
        ([], "c", "must name at least one"),
        ([tmp_path], "c", "must hold a store.sqlite"),
        ([shards[0], shards[0]], "c", "must differ"),
        (shards, "full", "must be a new or an empty folder"),
        (shards, "full/mine.txt", "must be a new or an empty folder"),
    ):
        with pytest.raises(InvalidValueError, match=said):
            merge(folders, tmp_path / out)
    assert contents(tmp_path) == {"full/mine.txt": b"keep me"}


# ---------------------------------------------------------------------- killed
def _kill_merges(shards: list[Path], out: Path, expected: dict[str, bytes], kills: int, seed: int) -> int:
    """Kill merges at random moments; returns how many were killed before they had ended."""
    rng, start, cut = random.Random(seed), multiprocessing.get_context("fork"), 0
    for _ in range(2):  # the first imports and fills what later ones find
        begun = time.monotonic()
        merge(shards, out.with_name("measured"))
        lasts = time.monotonic() - begun
        shutil.rmtree(out.with_name("measured"))
    for _ in range(kills):
        process = start.Process(target=merge, args=(shards, out))
        process.start()
        time.sleep(rng.uniform(0.0, lasts))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        cut += process.exitcode != 0
        assert not out.exists() or contents(out) == expected
        shutil.rmtree(out, ignore_errors=True)
    merge(shards, out)
    assert contents(out) == expected
    assert not list(out.parent.glob(f".{out.name}.*"))
    return cut


@pytest.mark.parametrize(
    ("kills", "least"), [pytest.param(8, 0, marks=pytest.mark.long), pytest.param(150, 50, marks=pytest.mark.slow)]
)
def test_a_killed_merge_leaves_all_or_nothing(kills: int, least: int, shards: list[Path], tmp_path: Path) -> None:
    merge(shards, tmp_path / "expected")
    assert _kill_merges(shards, tmp_path / "out", contents(tmp_path / "expected"), kills, int(kills > 8)) > least


# ---------------------------------------------------------------------- the command line
def _cli(monkeypatch: pytest.MonkeyPatch, *words: object) -> object:
    monkeypatch.setattr("sys.argv", ["hpo-gym", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        app.main()
    return end.value.code


@pytest.mark.long
def test_the_command_line_runs_shards_and_merges_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = ["bench", "--suite", "ToyPlain", "--optimizers", "random", "--budget", "2", "--seeds", "2", "--quiet",
             "--engine", "serial"]  # fmt: skip
    for i in (1, 2):
        assert _cli(monkeypatch, *bench, "--shard", f"{i}/2", "--out", tmp_path / str(i)) == 0
        assert "0 cells failed" in capsys.readouterr().out
    assert _cli(monkeypatch, "merge", tmp_path / "1", "--out", tmp_path / "half", "--quiet") == 1  # half is missing
    assert _cli(monkeypatch, "merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "all", "--quiet") == 0
    assert "12 cells of 2 folders, 0 duplicates" in capsys.readouterr().out
    assert (tmp_path / "all" / "results.json").is_file()
    assert _cli(monkeypatch, *bench, "--shard", "3/2", "--out", tmp_path / "x") == 2
    assert _cli(monkeypatch, "merge", tmp_path / "1", "--out", tmp_path / "all") == 2


@pytest.mark.long
def test_the_joined_tell_when_and_where_the_last_runs_were_made(shards: list[Path], tmp_path: Path) -> None:
    copies = [shutil.copytree(shard, tmp_path / shard.name) for shard in shards]
    said = [json.dumps({"date": f"2026-01-0{day} 12:00 UTC", "machine": "m"}) for day in (2, 3, 1)]
    for copy, text in zip(copies, said, strict=True):
        with Store(copy / "store.sqlite") as store:
            store.meta_set("made", text)
    merge(copies, tmp_path / "all")
    with Store(tmp_path / "all" / "store.sqlite", write=False) as store:
        assert store.meta_get("made") == said[1]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.* trials on Mine failed")
def test_suites_and_live_ones_are_joined(tmp_path: Path) -> None:
    benchmark("random", mine(), out=tmp_path / "a", budget=2, seeds=1)
    benchmark("random", ["ToyFormulas", toys.plain()], out=tmp_path / "b", budget=2, seeds=1)
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    joined = json.loads(results_of(tmp_path / "c"))
    assert list(joined["suites"]) == ["Formulas", "Mine", "Plain"]
    for part in ("a", "b"):
        for name, found in json.loads(results_of(tmp_path / part))["suites"].items():
            assert joined["suites"][name] == found
