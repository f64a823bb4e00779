"""A collection killed at any moment goes on to the bytes of one that was not."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

import hpo_gym
from hpo_gym import DamagedDataError, Episodes

pytest.importorskip("minari")
pytestmark = pytest.mark.slow

MOMENTS = 40
FORK = multiprocessing.get_context("fork")
"""Children begin with all imports done: every moment is one of the work."""


def collecting(folder: Path) -> None:
    hpo_gym.collect(
        {"random": 0.5, "portfolio": 0.5}, "SVM", 4500, out=folder, env={"budget": 3}, engine="serial", resume=True,
        progress=False,
    )  # fmt: skip


def killed(folder: Path, after: float) -> float:
    """Start the work, kill it after so many seconds unless it has ended, and return how long it lived."""
    worker, start = FORK.Process(target=collecting, args=(folder,)), time.monotonic()
    worker.start()
    worker.join(after)
    lived = time.monotonic() - start
    worker.kill()
    worker.join()
    return lived


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.timeout(1800)
def test_a_killed_collection_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    collecting(tmp_path / "warm")  # all modules and tables are read once
    whole = killed(tmp_path / "whole", 120.0)
    expected, rng, states, shards = contents(tmp_path / "whole"), np.random.default_rng(0), set(), 0
    for i in range(MOMENTS):
        folder = tmp_path / f"{i}"
        killed(folder, float(rng.uniform(0.0, 1.1 * whole)))
        try:
            finished = len(Episodes.read(folder)) == 4500
        except DamagedDataError:
            finished = False
        states.add(finished)
        shards = max(shards, len([*folder.glob("shards-*/*.npz")]))
        killed(folder, float(rng.uniform(0.0, 0.5 * whole)))  # also where it goes on
        collecting(folder)
        assert contents(folder) == expected
        shutil.rmtree(folder)
    assert states == {True, False}
    assert shards > 1
