"""A guard: runs a user's objective so that it can harm its own trial only.

    owner --pipe-- nursery (holds the imports) --fork-- a process for each trial, leader of a session of its own

A trial may raise, hang, ignore signals, fork, flee from its session, exhaust memory, print without end, exit or crash:
its verdict says so, and none of its processes stays. The owner keeps its own time: a nursery stopped by a trial, a
debugger or a freezer is ended `GRACE` seconds after the limit of its trial. The objective travels by cloudpickle
through the guard's own pipe; results are JSON. Linux; macOS by the same calls, untried (no limit of memory, and
processes that flee from the session of a trial stay if it ended or stopped its nursery).
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

from hpo_gym.base import InvalidValueError, StateError, limit
from hpo_gym.problem import Status
from hpo_gym.system.jobs.carried import check_bytes, to_bytes
from hpo_gym.system.jobs.endings import end_guard, is_stopped
from hpo_gym.system.jobs.measured import Measured
from hpo_gym.system.jobs.nursery import serve
from hpo_gym.system.jobs.processes import fresh

GRACE = 0.5  # seconds after the limit of a trial for its nursery to report the end
_MOST = 2**60  # bytes; systems have no limit beyond some more
_PATIENCE = 6.0  # seconds in which a nursery ends all that its trial started, and itself
_HOUR = 3600.0  # systems wait for no more than some weeks at a time


@dataclass(frozen=True)
class Limits:
    """Limits of a trial; None for no limit.

    Attributes:
        memory: Bytes beyond the imports of the objective.
        per_step: Whether `seconds` limit each reported step, and the rest after the last.

    Raises:
        InvalidValueError: One is not above 0.
    """

    seconds: float | None = None
    memory: float | None = None
    per_step: bool = False

    def __post_init__(self) -> None:
        for name in ("seconds", "memory"):
            object.__setattr__(self, name, limit(name, getattr(self, name)))
        if self.memory is not None:
            if not 1 <= self.memory < _MOST:
                raise InvalidValueError(f"`memory` must be bytes in [1, 2**60), got {self.memory!r}.")
            object.__setattr__(self, "memory", int(self.memory))


@dataclass(frozen=True)
class GuardStep:
    """An intermediate result of an objective that yields; it waits for the guard's `answer`.

    Attributes:
        step: Its number, as the objective counts.
        value: The score at it.
    """

    step: int
    value: float


@dataclass(frozen=True)
class Verdict:
    """Outcome of a trial.

    Attributes:
        measured: Status, reason, and the objective's result.
        seconds: Wall-clock seconds.
        cpu_seconds: Processor seconds of the trial's process and of its awaited children.
        output: The last 64 KiB of its output.
    """

    measured: Measured
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = field(default="", repr=False)

    @property
    def status(self) -> Status:
        """Return the status."""
        return self.measured.status


class Guard:
    """Run trials of one objective, one at a time. A context manager; several guards work side by side.

    Args:
        objective: Called with a configuration, and by name with the arguments of `start`. It returns a number, or a
            mapping of `score`, and optionally `cost`, `constraints`, `test_score`, or yields pairs of a step and that.
        threads: Threads for numerical libraries in a trial.
        patience: Seconds for the imports of the objective.
        wait: Whether to wait until it is loaded. If not, guards load side by side, and `read` raises the same errors.
        prepare: Whether its method `prepare`, if any, is called where it is loaded.

    Raises:
        InvalidValueError: It cannot travel, or cannot be loaded elsewhere.
        StateError: The system has no `fork`.
    """

    def __init__(
        self, objective: Callable[..., Any], *, threads: int = 1, patience: float = 300.0, wait: bool = True,
        prepare: bool = False,
    ) -> None:  # fmt: skip
        check_fork()
        self.objective, self._data = objective, objective_bytes(objective)
        self._threads, self._patience = threads, patience
        self._wait, self._prepare = wait, prepare
        self._process: BaseProcess | None = None
        self._trial: _Running | None = None
        self._begin()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process that holds the imports; None if none does."""
        return None if self._process is None else self._process.pid

    @property
    def left(self) -> float:
        """Return the seconds until `read` has an answer, whatever the trial does; infinite without a limit."""
        return max(0.0, self._until - time.perf_counter())

    def _begin(self) -> None:
        """Start the process that holds the imports."""
        self._folder = ""
        self._mark = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._process, self.pipe = fresh(serve, (self._prepare,), threads=self._threads, mark=self._mark)
        self.loading = True  # by the messages read so far
        self._until = time.perf_counter() + self._patience  # when there must be news
        try:
            with suppress(OSError):  # a process that has just died is noticed by `_follow`
                self.pipe.send_bytes(self._data)
            if self._wait:
                self._follow(math.inf)
        except BaseException:
            self.close()
            raise

    def _count(self) -> None:
        """Count the limited seconds of the trial, if any, from now on."""
        seconds = None if self._trial is None else self._trial.limits.seconds
        self._until = math.inf if seconds is None else time.perf_counter() + seconds + GRACE

    def start(
        self,
        config: Mapping[str, Any],
        *,
        limits: Limits = Limits(),
        seed: int = 0,
        named: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a trial; `read` returns its progress.

        Args:
            seed: Of the global generators of `random`, NumPy and torch in the trial.

        Raises:
            StateError: A trial is running.
        """
        if self._trial is not None:
            raise StateError("A guard runs one trial at a time; `read` its verdict first, or use another guard.")
        if self._process is None or not self._process.is_alive():
            self.close()
            self._begin()
        call = {"config": plain(config), "named": plain(named or {}), "seed": seed % 2**63}
        self._trial = _Running(limits)
        if not self.loading:
            self._count()
        with suppress(OSError):  # a nursery that has just died is noticed by `read`
            self.pipe.send_bytes(json.dumps({"call": call, "limits": asdict(limits)}).encode())

    def read(self, timeout: float | None = None) -> GuardStep | Verdict | None:
        """Wait for news of the trial; None if there is none in time. See `first_of` for several guards.

        Raises:
            StateError: No trial is running.
            InvalidValueError: The objective cannot be loaded, and the guard did not `wait` for it.
        """
        if self._trial is None:
            raise StateError("No trial is running: `start` one first.")
        return self._follow(math.inf if timeout is None else time.perf_counter() + timeout)

    def _follow(self, until: float) -> GuardStep | Verdict | None:
        """Wait for news of the trial, or, without one, until the objective is loaded; None if there is none in time."""
        try:
            while self.loading or self._trial is not None:
                if self.pipe.poll(min(_HOUR, max(0.0, until - time.perf_counter()), self.left)):
                    news = self._hear(json.loads(self.pipe.recv_bytes()))
                    if news is not None:
                        return news
                elif self.left == 0.0:
                    return self._unanswered()
                elif time.perf_counter() >= until:
                    return None
        except (EOFError, OSError) as fault:
            if self.loading:
                self.close()
                raise InvalidValueError("The objective ends the process that loads it.") from fault
            return self._lost(Status.CRASHED, "it ended the process that guards it", _PATIENCE)
        return None

    def _hear(self, message: Mapping[str, Any]) -> GuardStep | Verdict | None:
        """Take a message of the nursery; return the news in it."""
        if "broken" in message:
            self.close()
            raise InvalidValueError(f"The objective must be loadable in another process:\n{message['broken']}")
        if "folder" in message:
            self.loading, self._folder = False, str(message["folder"])
            self._count()
            return None
        assert self._trial is not None
        if "began" in message:
            self._trial.session = int(message["began"])
            self._count()
        elif "ending" in message:
            self._until = time.perf_counter() + _PATIENCE
        elif "step" in message:
            if self._trial.limits.per_step:
                self._count()
            return GuardStep(int(message["step"]), float(message["value"]))
        elif "verdict" in message:
            self._trial, self._until = None, math.inf
            return _verdict(message["verdict"])
        return None

    def answer(self, *, go: bool) -> None:
        """Let a trial continue after a `GuardStep`, or end it with its results so far."""
        with suppress(OSError):
            self.pipe.send_bytes(json.dumps({"go": go}).encode())

    def run(self, config: Mapping[str, Any], *, limits: Limits = Limits(), seed: int = 0) -> Verdict:
        """Run a trial from beginning to end, all its steps included, and return its verdict."""
        self.start(config, limits=limits, seed=seed)
        while True:
            news = self.read()
            if isinstance(news, Verdict):
                return news
            if isinstance(news, GuardStep):
                self.answer(go=True)

    def close(self) -> None:
        """End a trial and the process that holds the imports."""
        self._close(_PATIENCE)

    def _close(self, patience: float) -> None:
        process, self._process, self.loading, self._until = self._process, None, False, math.inf
        if process is None:
            return
        self.pipe.close()  # it ends its trial and itself
        assert process.pid is not None
        until = time.perf_counter() + patience
        while process.is_alive() and time.perf_counter() < until and not is_stopped(process.pid):
            process.join(0.1)
        trial, self._trial = self._trial, None
        if process.exitcode != 0:
            end_guard(process.pid, self._mark)
            process.join(_PATIENCE)
            shutil.rmtree(self._folder, ignore_errors=True)
        if trial is not None and trial.session:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(trial.session, signal.SIGKILL)

    def _unanswered(self) -> Verdict:
        """Return the verdict of a trial without a timely report; refuse an objective that is still loading."""
        if self.loading:
            self.close()
            raise InvalidValueError(f"The objective must be loaded within {self._patience:g} s.")
        assert self._trial is not None
        seconds = self._trial.limits.seconds
        late = "" if seconds is None else f"it ran longer than {seconds:g} s; "
        return self._lost(Status.TIMEOUT, f"{late}its guard did not answer, and both were killed", 0.0)

    def _lost(self, status: Status, reason: str, patience: float) -> Verdict:
        """Return the verdict of a trial after ending it with its guard."""
        assert self._trial is not None
        began = self._trial.asked
        self._close(patience)
        return Verdict(Measured(status, reason), seconds=time.perf_counter() - began)


@dataclass
class _Running:
    """A trial as its owner knows it: its limits, its session, and when it was asked for."""

    limits: Limits
    session: int = 0
    asked: float = field(default_factory=time.perf_counter)


def first_of(guards: Iterable[Guard], timeout: float = math.inf) -> list[Guard]:
    """Wait for the first guards whose `read(0)` has something to do; return them, or none if time is up."""
    found = list(guards)
    if due := [guard for guard in found if guard.left == 0.0]:
        return due
    ready = wait([guard.pipe for guard in found], max(0.0, min([_HOUR, timeout, *(guard.left for guard in found)])))
    return [guard for guard in found if guard.pipe in ready or guard.left == 0.0]


def check_fork() -> None:
    """Raise `StateError` on a system without `fork`."""
    if not hasattr(os, "fork") or not hasattr(os, "setsid"):
        raise StateError(
            f"A guard needs Linux or macOS, where processes fork, this is {sys.platform!r}: `guard=False` "
            "(`--no-guard`; in a search, no limits) runs trials in this process. On Windows, WSL has guards."
        )


def objective_bytes(objective: Callable[..., Any]) -> bytes:
    """Return an objective as bytes; see `check_bytes`."""
    return check_bytes(lambda: to_bytes(objective), "The objective", "write it in a module or a script of its own")


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in JSON form: NumPy's as Python's."""
    return {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}


def _verdict(reported: Mapping[str, Any]) -> Verdict:
    score, cost = reported.get("score"), reported.get("cost")
    measured = Measured(
        Status(reported["status"]), str(reported["reason"]), math.nan if score is None else float(score), cost,
        tuple(reported.get("constraints") or ()), reported.get("test_score"),
    )  # fmt: skip
    about = ("seconds", "cpu_seconds", "output")
    return Verdict(measured, **{name: reported[name] for name in about})
