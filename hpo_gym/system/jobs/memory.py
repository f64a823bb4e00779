"""Memory that a process keeps while it trains, and how much it may take."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_TRIM, _MMAP = -1, -3  # `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of glibc's ``malloc.h``


def keep_memory(most: int = 2**28) -> bool:
    """Let this process keep freed memory, up to `most` bytes, for its next allocations.

    PyTorch allocates and frees arrays of megabytes at every update. glibc returns freed blocks to the system, and then
    every page of the next ones is a fault, at a cost like that of the update itself. Results do not change.

    Returns:
        Whether the allocator accepted it; only glibc's does.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        return False
    return bool(libc.mallopt(_MMAP, 2**25) and libc.mallopt(_TRIM, most))


def limit_memory(most: int) -> None:
    """Make allocations fail beyond `most` more bytes than now; on Linux only."""
    if sys.platform != "linux":
        return
    import resource

    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    total = (int(fields["VmData"].split()[0]) << 10) + most
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (total if hard == resource.RLIM_INFINITY else min(total, hard), hard))
