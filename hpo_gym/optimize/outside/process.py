"""`Process`: an agent as a program that we start, in a process group of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress

from hpo_gym.optimize.outside.messages import BYE, line_of
from hpo_gym.optimize.outside.stream import Lines
from hpo_gym.system import DEATH, prctl

PATIENCE = 1.0
"""Seconds that a program has to end: once its input is closed, and after SIGTERM; then comes SIGKILL."""


class Process(Lines):
    """A running program. It is ended by `close`, with the last reference to it, and with this process.

    Args:
        words: The program and its arguments; no shell reads them.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, words: Sequence[str], seconds: float) -> None:
        tied = threading.current_thread() is threading.main_thread()  # else it would die with the thread
        self._program = program = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            start_new_session=True, preexec_fn=_die_with_us if tied else None,
        )  # fmt: skip
        assert program.stdin and program.stdout and program.stderr
        super().__init__(program.stdout.fileno(), program.stdin.fileno(), seconds, errors=program.stderr.fileno())
        self.close = weakref.finalize(self, _end, program)

    def why(self) -> str:
        """Return the exit code, and what it printed on its standard error at last."""
        until = time.monotonic() + min(self.seconds, PATIENCE)
        while self._errors is not None and time.monotonic() < until:
            self._wait(until)
        while not _has_ended(self._program) and time.monotonic() < until:
            time.sleep(0.001)
        code = "" if self._program.poll() is None else f" (exit code {self._program.returncode})"
        return super().why().replace("ended its output", f"ended its output{code}")


def _die_with_us() -> None:
    prctl(DEATH, signal.SIGKILL)


def _has_ended(program: subprocess.Popen[bytes]) -> bool:
    """Return whether a program has ended; where the system can tell, it stays a zombie, so that its group is its."""
    if program.returncode is not None or not hasattr(os, "waitid"):
        return program.poll() is not None
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    return True


def _end(program: subprocess.Popen[bytes]) -> None:
    if program.stdin:
        room = select.poll()
        room.register(program.stdin, select.POLLOUT)
        with suppress(OSError):
            if room.poll(0):  # a message as short does not block then
                program.stdin.write(line_of(BYE).encode())
    for pipe in (program.stdin, program.stdout, program.stderr):
        if pipe:
            pipe.close()
    for sign in (None, signal.SIGTERM, signal.SIGKILL):
        if sign:
            _signal_group(program, sign)
        until = time.monotonic() + PATIENCE
        while not (over := _has_ended(program)) and time.monotonic() < until:
            time.sleep(0.001)
        if over:
            break
    _signal_group(program, signal.SIGKILL)  # whatever it has left behind
    program.wait()


def _signal_group(program: subprocess.Popen[bytes], sign: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, sign)
