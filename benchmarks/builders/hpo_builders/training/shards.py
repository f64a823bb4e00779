"""Shards of an unfinished build: a file per data set and chunk of configurations, written whole or not at all.

What is measured by the clock stands in a file of its own beside each shard, so that the shards of two builds can be
compared byte for byte.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders import files
from hpo_gym.base import InvalidValueError
from hpo_gym.suites import write_npz
from hpo_gym.system import whole_files

PLAN, WALL = "plan.json", "wall.json"
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Shards:
    """The folder of one build.

    Attributes:
        folder: Holds `plan.json`, `wall.json` (how long builds have run, and on what), and a folder per data set.
    """

    folder: Path

    @contextlib.contextmanager
    def opened(self, plan: Mapping[str, Any], *, resume: bool) -> Iterator[None]:
        """Start a build, or go on with the one that is there; no other process can meanwhile.

        Raises:
            InvalidValueError: There is a build, and `resume` was not given, or it is of another plan.
            StateError: Another process builds here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with files.locked(self.folder):
            self._begin(plan, resume=resume)
            yield

    def _begin(self, plan: Mapping[str, Any], *, resume: bool) -> None:
        path = self.folder / PLAN
        if not path.exists():
            files.write_json(path, plan)
            return
        if not resume:
            raise InvalidValueError(f"`work` must be a new folder, {self.folder} holds a build: pass `--resume`.")
        there = files.read_json(path)
        other = sorted(key for key in {*plan, *there} if plan.get(key) != there.get(key))
        if other:
            raise InvalidValueError(
                f"A build goes on with the plan that it began with; {other} differ in {path}: remove that folder, or "
                "choose another `--work`."
            )

    def plan(self) -> dict[str, Any]:
        """Return the plan that the build began with."""
        plan: dict[str, Any] = files.read_json(self.folder / PLAN)
        return plan

    def wall(self) -> tuple[float, str]:
        """Seconds that builds have run for, so far as they were told, and the processor of the last of them."""
        path = self.folder / WALL
        reported: dict[str, Any] = files.read_json(path) if path.exists() else {"seconds": 0.0, "processor": "unknown"}
        return float(reported["seconds"]), str(reported["processor"])

    def tell_wall(self, seconds: float) -> None:
        """Keep the seconds that builds have run for, the last of them here."""
        files.write_json(self.folder / WALL, {"seconds": round(seconds, 1), "processor": _processor()})

    def path(self, data_set: str, chunk: str) -> Path:
        """Return the file of one shard."""
        return self.folder / data_set / f"{chunk}.npz"

    def write(self, data_set: str, chunk: str, arrays: Arrays, seconds: NDArray[Any]) -> None:
        """Store one shard; the timings first, so that a shard that is there has its timings."""
        path = self.path(data_set, chunk)
        with whole_files(path.parent, _timings(path).name, path.name) as (timings, shard):
            write_npz(timings, {"seconds": seconds})
            write_npz(shard, arrays)

    def read(self, data_set: str, chunk: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a shard with its `seconds`; None where it is missing or damaged, to be made again."""
        path = self.path(data_set, chunk)
        try:
            found: dict[str, NDArray[Any]] = {}
            for file in (path, _timings(path)):
                with zipfile.ZipFile(file) as archive:
                    if archive.testzip() is not None:
                        return None
                with np.load(file, allow_pickle=False) as arrays:
                    found.update({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return found

    def remove(self, data_set: str, chunk: str) -> None:
        """Remove a shard."""
        path = self.path(data_set, chunk)
        for file in (path, _timings(path)):
            file.unlink(missing_ok=True)


@functools.cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _timings(path: Path) -> Path:
    return path.with_suffix(".seconds.npz")
