"""What guards of this process have left running: all that they start has their mark in its environment."""

from __future__ import annotations

import os
from pathlib import Path

from hpo_gym.system.jobs.processes import MARKS


def left_running(*known: int | None, owner: int | None = None) -> list[int]:
    """Processes that guards of this process, or of another owner, started, but those known; Linux alone tells."""
    mark, found = f"{MARKS}={owner or os.getpid()}-".encode(), []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            marked = mark in entry.read_bytes()
        except OSError:
            continue
        if marked and int(entry.parent.name) not in known:
            found.append(int(entry.parent.name))
    return found


def left_in_memory(names: list[str]) -> list[str]:
    """Those of the names of shared memory and semaphores that are still in use."""
    return [name for name in names if any(Path("/dev/shm").glob(f"*{name.lstrip('/')}*"))]
