"""The lock of a file, which the system drops however its process ends: by `flock`, on Windows of a range of bytes."""

from __future__ import annotations

import importlib
import os

_AT = 1 << 30  # the byte that Windows locks: beyond the content, since what is locked there cannot be read


def lock(handle: int, *, shared: bool = False) -> None:
    """Lock an open file; raise `BlockingIOError` where another has locked it.

    Args:
        shared: Together with others that share it; on Windows alone.
    """
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:
        msvcrt = importlib.import_module("msvcrt")
        os.lseek(handle, _AT, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as fault:
            raise BlockingIOError(fault.errno, fault.strerror) from fault
    else:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
