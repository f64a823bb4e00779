"""`pack` and `leaderboard` killed at any moment: what was there stays whole, and the next call does its work."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hpo_gym.bench import Entry, benchmark, leaderboard, pack

pytestmark = pytest.mark.slow

MOMENTS = 100
CARD = {"authors": ["Ada"], "code": "c", "about": "Draws.", "training": "nothing", "test_evaluations": 1}
FORK = multiprocessing.get_context("fork")
"""Children begin with all imports done: every moment is one of the work."""


def packing(home: Path) -> None:
    entry = pack(home / "run", {**CARD, "name": "again"}, optimizer="random", protocol=home / "p.yaml")
    entry.write(home / "out" / "e.json")


def comparing(home: Path) -> None:
    leaderboard([home / "new"], home / "board", protocols=[home / "p.yaml"], report=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kills")
    said = {"name": "p", "about": "A test.", "suites": ["Boosting", "SVM"], "budget": 3, "seeds": 2, "tasks": 9}
    (home / "p.yaml").write_text(json.dumps(said))
    options = {"engine": "serial", "progress": False, "report": False}
    benchmark(["random"], protocol=home / "p.yaml", out=home / "run", **options)  # type: ignore[arg-type]
    for optimizer, place in (("random", "old"), ("default", "new"), ("portfolio", "new")):
        entry = pack(home / "run", optimizer=optimizer, protocol=home / "p.yaml", card=CARD)
        entry.write(home / place / f"{optimizer}.json")
    return home


def killed(work: Callable[[Path], None], home: Path, after: float) -> float:
    """Start the work, kill it after so many seconds unless it has ended, and return how long it lived."""
    worker, start = FORK.Process(target=work, args=(home,)), time.monotonic()
    worker.start()
    worker.join(after)
    lived = time.monotonic() - start
    worker.kill()
    worker.join()
    return lived


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def test_a_killed_pack_leaves_the_old_entry_or_the_new_one(home: Path) -> None:
    whole, rng, states = killed(packing, home, 60.0), np.random.default_rng(0), set()
    new = (home / "out" / "e.json").read_bytes()
    old = (home / "old" / "random.json").read_bytes()
    for _ in range(MOMENTS):
        (home / "out" / "e.json").write_bytes(old)
        killed(packing, home, float(rng.uniform(0.0, 1.1 * whole)))
        found = (home / "out" / "e.json").read_bytes()
        assert found in (old, new)
        assert Entry.read(home / "out" / "e.json").name in ("random", "again")
        states.add(found == new)
    assert states == {True, False}
    killed(packing, home, 60.0)
    assert contents(home / "out") == {"e.json": new} and len([*(home / "out").iterdir()]) == 1


def test_a_killed_leaderboard_leaves_the_old_board_or_the_new_one(home: Path) -> None:
    whole, rng, states = killed(comparing, home, 60.0), np.random.default_rng(1), set()
    new = contents(home / "board")
    leaderboard([home / "old"], home / "other", protocols=[home / "p.yaml"], report=False)
    old = contents(home / "other")
    assert old != new and set(old) == set(new)
    for _ in range(MOMENTS):
        leaderboard([home / "old"], home / "board", protocols=[home / "p.yaml"], report=False)
        killed(comparing, home, float(rng.uniform(0.0, 1.1 * whole)))
        found = contents(home / "board")
        assert found in (old, new)
        states.add(found == new)
    assert states == {True, False}
    killed(comparing, home, 60.0)
    assert contents(home / "board") == new
