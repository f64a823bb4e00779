"""Work in a forked child: it starts with what the parent has imported and leaves nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

_FORK = multiprocessing.get_context("fork")
_MEMORY = 6 << 30  # bytes; a mutant of a shape can ask for all there is

T = TypeVar("T")


def forked(work: Callable[[], T], timeout: float) -> T:
    """Call `work` in a child process and end all that it has started.

    Raises:
        TimeoutError: It took longer than `timeout` seconds.
        ChildProcessError: It died.
    """
    receive, send = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_run, args=(work, send))
    child.start()
    send.close()
    try:
        if not receive.poll(timeout):
            raise TimeoutError(f"no result in {timeout:.0f} s")
        result: T = receive.recv()
        return result
    except EOFError:
        raise ChildProcessError("the child died") from None
    finally:
        _end(child.pid)
        child.join()
        receive.close()


def _run(work: Callable[[], object], send: Connection) -> None:
    os.setsid()  # a group of its own, so that what it starts can be ended with it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which the parent ignores: a mutant may send one
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    send.send(work())


def _end(pid: int | None) -> None:
    assert pid is not None
    for end in (os.killpg, os.kill):  # by itself too, where it has not yet made its group
        with suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)
