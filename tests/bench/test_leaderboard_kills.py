"""`pack` and `leaderboard` killed at any moment: what was there stays whole, and the next call does its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hpo_gym.bench import Entry, benchmark, leaderboard, named_protocol, pack

pytestmark = pytest.mark.slow

MOMENTS = 100
CARD = {
    "authors": ["Ada"],
    "code": "c",
    "about": "Draws.",
    "training": "nothing",
    "test_evaluations": 1,
    "hardware": "x",
}
WORK = """
import sys
from pathlib import Path
import numpy, matplotlib.figure, jinja2  # what takes long, before the clock starts
from hpo_gym.bench import leaderboard, named_protocol, pack
import hpo_gym.bench.report, hpo_gym.bench.board.leaderboard
home, what = Path(sys.argv[1]), sys.argv[2]
named = named_protocol(home / "p.yaml")
named.hash
print("ready", flush=True)
if what == "pack":
    card = {"authors": ["Ada"], "code": "c", "about": "Draws.", "training": "nothing", "test_evaluations": 1}
    pack(home / "run", optimizer="random", name="again", protocol=named, card=card).write(home / "out" / "e.json")
else:
    leaderboard([home / "new"], home / "board", protocols=[named], report=False)
"""


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


def killed(home: Path, what: str, after: float) -> float:
    """Start the work, kill it so many seconds after it was ready, and return the seconds that it lived, at most."""
    worker = subprocess.Popen([sys.executable, "-c", WORK, str(home), what], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    start = time.monotonic()
    while worker.poll() is None and time.monotonic() - start < after:
        time.sleep(0.0005)
    lived = time.monotonic() - start
    if worker.poll() is None:
        os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    return lived


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def test_a_killed_pack_leaves_the_old_entry_or_the_new_one(home: Path) -> None:
    whole, rng, states = killed(home, "pack", 60.0), np.random.default_rng(0), set()
    new = (home / "out" / "e.json").read_bytes()
    old = (home / "old" / "random.json").read_bytes()
    for _ in range(MOMENTS):
        (home / "out" / "e.json").write_bytes(old)
        killed(home, "pack", float(rng.uniform(0.0, 1.1 * whole)))
        found = (home / "out" / "e.json").read_bytes()
        assert found in (old, new)
        assert Entry.read(home / "out" / "e.json").name in ("random", "again")
        states.add(found == new)
    assert states == {True, False}
    killed(home, "pack", 60.0)
    assert contents(home / "out") == {"e.json": new} and len([*(home / "out").iterdir()]) == 1


def test_a_killed_leaderboard_leaves_the_old_board_or_the_new_one(home: Path) -> None:
    named = named_protocol(home / "p.yaml")
    whole, rng, states = killed(home, "leaderboard", 60.0), np.random.default_rng(1), set()
    new = contents(home / "board")
    leaderboard([home / "old"], home / "other", protocols=[named], report=False)
    old = contents(home / "other")
    assert old != new and set(old) == set(new)
    for _ in range(MOMENTS):
        leaderboard([home / "old"], home / "board", protocols=[named], report=False)
        killed(home, "leaderboard", float(rng.uniform(0.0, 1.1 * whole)))
        found = contents(home / "board")
        assert found in (old, new)
        states.add(found == new)
    assert states == {True, False}
    killed(home, "leaderboard", 60.0)
    assert contents(home / "board") == new
