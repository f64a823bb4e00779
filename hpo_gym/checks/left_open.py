"""Files left open by episodes."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from hpo_gym.checks.drive import Driver, Make
from hpo_gym.checks.faults import Faults, Patience

_OPEN = Path("/proc/self/fd")  # Linux
_RESETS, _SECONDS = 20, 1.0


def check_open_files(make: Make, faults: Faults) -> None:
    """Check that as many files are open after some resets as before them; skipped if the system does not tell."""
    if not _OPEN.is_dir():
        return
    driver, patience = Driver(make()), Patience(_SECONDS)
    driver.step()
    driver.env.reset(seed=1)
    before, resets = _count(), 0
    while resets < _RESETS and not patience.over:
        driver.env.reset(seed=1)  # the same task: each may open files of its own once
        resets += 1
    more = _count() - before
    faults.expect(resets < 2 or more < resets / 2, f"{resets} resets leave {more} files open")


def _count() -> int:
    gc.collect()
    return len(os.listdir(_OPEN))  # noqa: PTH208 - `iterdir` holds one open itself
