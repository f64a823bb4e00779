"""Calls in a process of their own, and the memory of this one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def fresh(call: Callable[..., Result], *given: object) -> Result:
    """What a module's function returns in a process that did nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as one:
        return one.submit(call, *given).result()


def megabytes(what: str = "VmRSS") -> float:
    """Memory of this process as Linux tells it: ``VmRSS`` now, ``VmHWM`` at most so far."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024
