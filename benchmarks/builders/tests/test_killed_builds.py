"""Builds of trained suites by the real command, killed with SIGKILL again and again: what comes out is the same."""

from __future__ import annotations

import fnmatch
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from processes import lasting
from test_build import shards_of, without_timings

KILLS = int(os.environ.get("HPO_GYM_KILLS", "50"))
BUILDS = {"SVM": ("iris", "wdbc"), "Boosting": ("iris", "wine")}
SHARD, PART = "?-000??-000??.npz", ".*.part"
ROWS, SHARDS = 3, 8
"""Two tasks under the table's seed and the study's three give eight shards."""


@dataclass(frozen=True)
class Build:
    """One folder in which a suite is built by the command, as often as it takes."""

    suite: str
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work" / self.suite

    @property
    def out(self) -> Path:
        return self.folder / "out" / self.suite

    def start(self) -> subprocess.Popen[str]:
        """Begin it or go on with it, in a process group of its own."""
        command = [
            sys.executable, "-m", "hpo_gym", "build", self.suite, "--tasks", ",".join(BUILDS[self.suite]),
            "--rows", str(ROWS), "--engine", "process", "--workers", "1", "--quiet", "--resume",
            "--out", str(self.folder / "out"), "--work", str(self.folder / "work"),
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "MARK": str(self.folder)}
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "said.txt").open("a") as said:
            return subprocess.Popen(
                command, env=environment, stdout=said, stderr=said, text=True, start_new_session=True
            )

    def finish(self) -> float:
        """Go on to the end; how many seconds it took."""
        begun = time.time()
        assert self.start().wait() == 0, (self.folder / "said.txt").read_text()[-2000:]
        return time.time() - begun

    def kill(self, moment: Callable[[subprocess.Popen[str]], None]) -> bool:
        """Go on, and kill the whole group at that moment; False where the build had ended by itself."""
        process = self.start()
        moment(process)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert alive or process.returncode == 0, (self.folder / "said.txt").read_text()[-2000:]
        assert lasting(str(self.folder), lambda command: bool(command)) == [], "what trains ends with its build"
        return alive

    def files(self, pattern: str) -> set[str]:
        """Paths of the files of such names; it is asked hundreds of times a second."""
        return {f"{at}/{n}" for at, _, names in os.walk(self.folder) for n in fnmatch.filter(names, pattern)}

    def shards(self) -> set[str]:
        return self.files(SHARD)


@dataclass(frozen=True)
class Clock:
    """Seconds of an undisturbed build: until it has begun, until the first shard, between two, and to assemble all."""

    set_up: float
    first: float
    between: float
    assembled: float

    @classmethod
    def of(cls, build: Build) -> Clock:
        begun = time.time()
        build.finish()
        stored = sorted(map(os.path.getmtime, build.shards()))
        assert len(stored) == SHARDS
        set_up = (build.work / "plan.json").stat().st_mtime - begun
        return cls(set_up, stored[0] - begun, float(np.diff(stored).mean()), build.finish())


def _moments(build: Build, clock: Clock, rng: np.random.Generator) -> Iterator[tuple[str, Callable[..., None]]]:
    """Where to kill next, without end: in turn in the set-up, in a training, as a shard is written, and after it.

    A build that has all shards is killed as it assembles them, by the clock and as the table is written.
    """

    def after(seconds: float) -> Callable[..., None]:
        return lambda process: _until(process, lambda: False, seconds)

    def when(seconds: float, pattern: str) -> Callable[..., None]:
        def moment(process: subprocess.Popen[str]) -> None:
            before = build.files(pattern)
            _until(process, lambda: not build.files(pattern) <= before)
            _until(process, lambda: False, seconds)

        return moment

    while True:
        for stage in ("set-up", "training", "writing", "after a shard"):
            if len(build.shards()) == SHARDS:
                yield "assembling", after(rng.uniform(clock.set_up, clock.assembled))
                yield "writing the table", when(rng.uniform(0.0, 0.01), "*table.npz*")
                return
            moments = {
                "set-up": after(rng.uniform(0.0, clock.set_up)),
                "training": after(rng.uniform(clock.set_up, clock.first)),
                "writing": when(rng.uniform(0.0, 0.01), f".{SHARD}{PART[1:]}"),
                "after a shard": when(rng.uniform(0.0, clock.between), SHARD),
            }
            yield stage, moments[stage]


def _until(process: subprocess.Popen[str], there: Callable[[], bool], seconds: float = 1200.0) -> None:
    """Wait until it is there, the process has ended, or so many seconds are over."""
    end = time.monotonic() + seconds
    while process.poll() is None and not there() and time.monotonic() < end:
        time.sleep(min(0.004, max(0.0, end - time.monotonic())))


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("suite", BUILDS)
def test_a_trained_suite_that_is_killed_fifty_times_has_the_same_bytes(tmp_path: Path, suite: str) -> None:
    whole = Build(suite, tmp_path / "whole")
    clock, rng, kills = Clock.of(whole), np.random.default_rng(0), Counter[str]()
    print(suite, clock)
    for i in range(KILLS):
        build = Build(suite, tmp_path / f"killed-{i}")
        for stage, moment in _moments(build, clock, rng):
            kills[stage] += build.kill(moment)
            print(kills.total(), stage, len(build.shards()), len(build.files(PART)), flush=True)
            if kills.total() == KILLS:
                break
        build.finish()
        assert without_timings(whole.out) == without_timings(build.out)
        assert shards_of(whole.folder / "work") == shards_of(build.folder / "work")
        assert not build.files(PART), "what killed writers left is cleared away"
        if kills.total() >= KILLS:
            break
    print(dict(kills))
    assert kills.total() == KILLS and len(kills) >= min(6, KILLS // 8) and min(kills.values()) > 0
