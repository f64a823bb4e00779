"""Which processes of a test are still there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def lasting(mark: str, ours: Callable[[bytes], bool], patience: float = 10.0) -> list[int]:
    """Processes that are still there after a while: those with `mark` in their environment whose command is `ours`."""
    until = time.monotonic() + patience
    while True:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (entry / "environ").read_bytes() and ours((entry / "cmdline").read_bytes()):
                    found.append(int(entry.name))
            except OSError:
                continue
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.02)
