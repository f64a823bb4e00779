"""The inner half of a guard: the process that holds an objective's imports and makes a fresh process for each trial.

It has one thread, runs one trial at a time, and answers its owner at once, whatever the trial does. Leftovers of a
trial are ended before the verdict is reported: its session first, then processes that fled from it (on Linux, orphans
become children of this process).
"""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import parent_process, util
from multiprocessing.connection import Connection
from typing import Any, NoReturn, SupportsInt

from hpo_gym.problem import Status
from hpo_gym.system.jobs.carried import from_bytes
from hpo_gym.system.jobs.endings import descendants, end_trial, ended, resident
from hpo_gym.system.jobs.measured import Measured, kind_of, result_of
from hpo_gym.system.jobs.memory import limit_memory
from hpo_gym.system.jobs.processes import DEATH, SUBREAPER, fill_streams, prctl
from hpo_gym.system.jobs.reasons import reason_of

TICK = 0.02  # seconds between two looks at a trial's memory and at whether its process still lives
_KEPT = 1 << 16  # bytes of the end of a trial's output
_MOST = 1 << 20  # bytes of a message of a trial


def serve(pipe: Connection, prepare: bool) -> None:
    """Receive the objective, call its method `prepare` if asked to, then run trials until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    prctl(SUBREAPER, 1)
    fill_streams()
    own = _open_files()
    folder = util.get_temp_dir()  # of the sockets of all trials, none of which removes it
    with suppress(EOFError, OSError):
        data = pipe.recv_bytes()
        try:
            objective = from_bytes(data)
            if prepare and callable(ready := getattr(objective, "prepare", None)):
                ready()
        except BaseException:  # of whatever it imports
            _tell(pipe, {"broken": traceback.format_exc()})
            return
        _tell(pipe, {"ready": True, "folder": folder})
        while True:
            asked = json.loads(pipe.recv_bytes())
            if "call" in asked:
                _Trial(pipe, own, asked["limits"]).run(objective, asked["call"])


def _open_files() -> frozenset[int]:
    """Return the open files of this process but standard streams and the one that shows whether its owner lives."""
    kept, found = {0, 1, 2}, set[int]()
    if (owner := parent_process()) is not None:
        kept.add(owner.sentinel)
    for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208
        with suppress(OSError):
            os.fstat(number)
            found.add(number)
    return frozenset(found - kept)


def _tell(pipe: Connection, message: Mapping[str, Any]) -> None:
    pipe.send_bytes(json.dumps(message).encode())


# ---------------------------------------------------------------------- around a trial
@dataclass
class _Trial:
    """A trial from its fork to its verdict.

    Attributes:
        pipe: To the owner.
        own: Files of this process that no trial must have.
        limits: `seconds` and `memory` in bytes, None for no limit; `per_step`: whether `seconds` limit a step.
        since: Start of the limited seconds.
    """

    pipe: Connection
    own: frozenset[int]
    limits: Mapping[str, Any]
    pid: int = 0
    began: float = 0.0
    since: float = 0.0
    base: int = 0
    output: bytearray = field(default_factory=bytearray)
    said: bytes = b""
    verdict: dict[str, Any] | None = None

    def run(self, objective: Callable[..., Any], call: Mapping[str, Any]) -> None:
        """Run the objective in a process of its own, and tell the owner of the verdict."""
        ends = [os.pipe() for _ in range(3)]
        (out, out_theirs), (result, result_theirs), (reply_theirs, reply) = ends
        self.base, self.began = resident(os.getpid()), time.perf_counter()
        self.since = self.began
        self.pid = os.fork()
        if self.pid == 0:
            spare = (out, result, reply, *self.own)
            _become_trial(objective, call, self.limits, spare, (out_theirs, result_theirs, reply_theirs))
        for end in (out_theirs, result_theirs, reply_theirs):
            os.close(end)
        try:
            _tell(self.pipe, {"began": self.pid})
            code, cpu = self._attend(out, result, reply)
        except BaseException:  # the owner is gone
            end_trial(self.pid)
            raise
        finally:
            for end in (out, result, reply):
                os.close(end)
        self._tell_verdict(code, cpu)

    def _attend(self, out: int, result: int, reply: int) -> tuple[int | None, float]:
        """Follow the trial until it is over and all that it started has ended; its exit code and processor time."""
        limit = self.limits["seconds"]
        with selectors.DefaultSelector() as ready:
            for end in (out, result, self.pipe.fileno()):
                os.set_blocking(end, False) if end != self.pipe.fileno() else None
                ready.register(end, selectors.EVENT_READ)
            found: tuple[int, float] | None = None
            while self.verdict is None and found is None:
                left = math.inf if limit is None else limit - (time.perf_counter() - self.since)
                if left <= 0:
                    self._fail(Status.TIMEOUT, f"it ran longer than {limit:g} s and was killed")
                    break
                for key, _ in ready.select(min(TICK, left)):
                    if key.fd == out and not self._read_output(out):
                        ready.unregister(out)
                    elif key.fd == result and not self._read_result(result):
                        ready.unregister(result)
                    elif key.fd == self.pipe.fileno():
                        go = json.loads(self.pipe.recv_bytes())["go"]  # the owner's answer to a step
                        with suppress(OSError):
                            os.write(reply, b"1" if go else b"0")
                self._look_at_memory()
                found = ended(self.pid)
            if found is not None:
                self._read_result(result)
            self._read_output(out)  # before resource trackers say what they clean up
            _tell(self.pipe, {"ending": True})
            left = end_trial(self.pid)
        return found or left or (None, 0.0)

    def _read_output(self, out: int) -> bool:
        """Keep the end of the trial's output; return whether more may come."""
        some: bytes | None = None
        for _ in range(16):  # then others have their turn
            some = _ready(out)
            if not some:
                break
            self.output += some
            del self.output[:-_KEPT]
        return some != b""

    def _read_result(self, result: int) -> bool:
        """Take the messages of the trial; return whether more may come."""
        while some := _ready(result):
            *lines, self.said = (self.said + some).split(b"\n")
            for line in lines:
                self._heard(line)
            if len(self.said) > _MOST:
                self._fail(Status.INVALID, f"what it returns must be at most {_MOST:,} bytes as JSON")
                return False
        return some is None

    def _heard(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            if "step" in message:
                if self.limits["per_step"]:
                    self.since = time.perf_counter()
                _tell(self.pipe, {"step": int(message["step"]), "value": float(message["value"])})
            elif self.verdict is None:
                self.verdict = dict(message["verdict"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._fail(Status.CRASHED, "what it told of its result is damaged")

    def _look_at_memory(self) -> None:
        limit = self.limits["memory"]
        if limit is None or sys.platform != "linux":
            return
        used = sum(max(0, resident(pid) - self.base) for pid in (self.pid, *descendants(self.pid)))
        if used > limit:
            self._fail(Status.MEMORYOUT, f"it used more than {limit:,} bytes and was killed")

    def _fail(self, status: Status, reason: str) -> None:
        if self.verdict is None:
            self.verdict = {"status": int(status), "reason": reason}

    def _tell_verdict(self, code: int | None, cpu: float) -> None:
        output = bytes(self.output).decode(errors="replace")
        if self.verdict is None:
            self._fail(*_death(code, output))
        assert self.verdict is not None
        about = {"output": output, "cpu_seconds": cpu}
        _tell(self.pipe, {"verdict": {"seconds": time.perf_counter() - self.began, **self.verdict, **about}})


def _ready(end: int) -> bytes | None:
    """Return the bytes that wait in a pipe; None if there are none now, and empty ones if none will come."""
    try:
        return os.read(end, 1 << 16)
    except BlockingIOError:
        return None


def _death(code: int | None, output: str) -> tuple[Status, str]:
    """Return the verdict of a trial that died without a report."""
    if code is not None and code >= 0:
        return Status.CRASHED, f"its process ended with code {code} before it returned"
    if any(sign in output for sign in ("bad_alloc", "Cannot allocate memory", "MemoryError")):
        return Status.MEMORYOUT, "it could not allocate memory"
    number = -(code or 0)
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return Status.CRASHED, f"its process was ended by {name}"


# ---------------------------------------------------------------------- inside a trial
def _become_trial(
    objective: Callable[..., Any], call: Mapping[str, Any], limits: Mapping[str, Any], spare: Sequence[int],
    ends: tuple[int, int, int],
) -> NoReturn:  # fmt: skip
    """Run the trial's own process: close `spare` files, run, report, and end without any exit handler.

    `ends` are the ends of the output, the result and the reply.
    """
    (out, result, reply), parent = ends, os.getppid()
    try:
        os.setsid()
        prctl(DEATH, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (out, 1), (out, 2)):
            os.dup2(source, target)
        for end in {null, out, *spare} - {0, 1, 2}:
            with suppress(OSError):  # of what the imports have closed
                os.close(end)
        _leave_trackers()
        import resource

        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no dump of a core
        if limits["memory"] is not None:  # an allocation beyond it fails in the trial
            limit_memory(limits["memory"])
        seed_libraries(int(call["seed"]))
        outcome = _outcome(objective, call, result, reply)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        _say(result, {"verdict": outcome})
        os._exit(0)
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
        os._exit(70)


def _outcome(objective: Callable[..., Any], call: Mapping[str, Any], result: int, reply: int) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        found = result_of(objective, call["config"], call["named"], partial(_goes_on, result, reply))
    except BaseException as fault:
        status = kind_of(fault)
        if status is Status.FAILED:
            traceback.print_exc()
        found = Measured(status, reason_of(fault))
    return {**found.to_json(), "seconds": time.perf_counter() - start}


def _goes_on(result: int, reply: int, step: SupportsInt, score: float) -> bool:
    """Report a step; return whether the owner lets the trial continue."""
    _say(result, {"step": int(step), "value": score})
    return os.read(reply, 1) == b"1"


def _say(result: int, message: Mapping[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(result, data) :]


def _leave_trackers() -> None:
    """Let the trial start resource trackers of its own, with its own lifetime; inherited ones clean up much later."""
    for name in [name for name in sys.modules if name.endswith(".resource_tracker")]:
        tracker: Any = getattr(sys.modules[name], "_resource_tracker", None)
        if getattr(tracker, "_fd", None) is not None:
            with suppress(OSError):
                os.close(tracker._fd)
            tracker._fd = tracker._pid = None


def seed_libraries(seed: int) -> None:
    """Seed the global generators of imported libraries: trials begin as copies and must not draw the same numbers."""
    import random

    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
