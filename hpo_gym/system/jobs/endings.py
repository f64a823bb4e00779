"""Ending a trial and all its processes, wherever they have fled: from within, by the process that forked it, and from
without, by the owner of a guard that does not answer or was killed.

Linux reports the parent and the environment of a process. Elsewhere only the session of a trial can be ended.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CLEANING = 3.0
"""Seconds for resource trackers to remove the shared memory of an ended trial; they take about 0.05 when idle."""
_TRACKER = b"resource_tracker import main"  # in the command line of those of `multiprocessing` and of joblib


def ended(pid: int) -> tuple[int, float] | None:
    """Exit code (of a signal, negative) and processor time of a child that is no more; None while it lives."""
    try:
        found, status, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:
        return 0, 0.0
    if not found:
        return None
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def end_trial(pid: int, patience: float = 5.0) -> tuple[int, float] | None:
    """End a forked trial and all its processes; return its status from `waitpid`, None if already collected.

    Its resource trackers are ended last: they see that all others are gone, and clean up after them.
    """
    ended, began = None, time.perf_counter()
    while (spent := time.perf_counter() - began) < patience:
        others = set(descendants(os.getpid()))
        cleaning = {p for p in others if spent < CLEANING and _cleans(p)}
        if not cleaning:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        _kill(others - cleaning)
        try:
            while True:
                found, status, usage = os.wait4(-1, os.WNOHANG)
                if not found:
                    break
                if found == pid:
                    ended = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        except ChildProcessError:  # nothing is left
            return ended
        time.sleep(0.001)
    return ended


def end_guard(pid: int, mark: str, patience: float = 1.0) -> None:
    """End the process of a guard, if alive, after its descendants and all processes with a mark in their environment.

    It is ended last, since orphans become its children, also while it is stopped.
    """
    until, living = time.perf_counter() + patience, set[int]()
    while time.perf_counter() < until:
        everyone = (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
        marked = (p for p in everyone if mark.encode() in _proc(p, "environ"))
        living = {p for p in {*descendants(pid), *marked} - {pid} if resident(p)}
        if not living:
            break
        _kill({p for p in living if not _cleans(p)})
        time.sleep(0.001)
    _kill({*living, pid})


def is_stopped(pid: int) -> bool:
    """Return whether a signal has stopped a process; False if the system does not tell."""
    return _proc(pid, "stat").rpartition(b")")[2].split()[:1] == [b"T"]


def descendants(pid: int) -> Iterator[int]:
    """Return the descendants of this process; none if the system does not tell (macOS)."""
    todo = [pid]
    while todo:
        with suppress(OSError, ValueError):
            for thread in Path(f"/proc/{todo.pop()}/task").iterdir():
                with suppress(OSError):
                    found = [int(p) for p in (thread / "children").read_text().split()]
                    yield from found
                    todo += found


def resident(pid: int) -> int:
    """Bytes of memory that a process has; 0 of one that has ended, and where the system does not tell."""
    try:
        return int(_proc(pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (IndexError, ValueError):
        return 0


def _cleans(pid: int) -> bool:
    """Return whether a process is a resource tracker, or is becoming another program at this moment, perhaps that."""
    line = _proc(pid, "cmdline")
    return _TRACKER in line or (not line and resident(pid) > 0)


def _proc(pid: int, what: str) -> bytes:
    """Return Linux's record of a process; empty for one that has ended, or of another user."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def _kill(pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
