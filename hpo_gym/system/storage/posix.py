"""POSIX-only modules, or an error that says so: elsewhere everything can be imported, and an env works; and the lock of
a file, also on Windows."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from types import ModuleType

from hpo_gym.base import StateError

_AT = 1 << 30  # the byte that Windows locks: beyond the content, since nobody can read there what is locked


def posix(module: str, what: str) -> ModuleType:
    """Import a module of Linux and macOS, for `what`; raise `StateError` on other systems."""
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        raise StateError(
            f"{what} needs Linux or macOS: this system has no `{module}`. On Windows, run it in WSL; envs, agents, "
            "tables, the engine 'serial' and `tune` with `guard=False` work without."
        ) from fault


def lock(handle: int, *, shared: bool = False) -> None:
    """Lock an open file, or raise `BlockingIOError`; the system unlocks it however its process ends."""
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:
        windows = importlib.import_module("msvcrt")
        os.lseek(handle, _AT, os.SEEK_SET)
        try:
            windows.locking(handle, windows.LK_NBLCK, 1)
        except PermissionError as fault:
            raise BlockingIOError(fault.errno, fault.strerror) from fault
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def unlock(handle: int) -> None:
    """Unlock an open file: on POSIX also where a forked child, such as a pool of the user's, still has it open."""
    with suppress(ImportError):  # Windows unlocks it as it is closed, and forks nothing
        fcntl = importlib.import_module("fcntl")
        fcntl.flock(handle, fcntl.LOCK_UN)
