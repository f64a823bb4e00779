"""Objectives that go wrong, each with the status that its trial must have and words of the reason."""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from hpo_gym.problem.trial import Status

MARK = "hpo-gym-left-behind"
"""In the command line of whatever a bad objective starts."""
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)", MARK)


@dataclass(frozen=True)
class Bad:
    """An objective that goes wrong, and what must be said of it."""

    objective: Callable[[Any], Any]
    status: Status
    reason: str


BAD: dict[str, Bad] = {}
SLOW = {
    "flees_and_kills_its_guard", "stops_its_guard_and_returns", "flees_and_stops_its_guard", "hangs_in_a_pool",
    "hangs_with_shared_memory", "locks_itself_out", "yields_for_ever", "forks_in_a_chain",
}  # fmt: skip
"""Of these others of their kind do for every day."""


def bad(status: Status, reason: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def decorate(objective: Callable[[Any], Any]) -> Callable[[Any], Any]:
        BAD[objective.__name__] = Bad(objective, status, reason)
        return objective

    return decorate


# ---------------------------------------------------------------------- values
@bad(Status.DIVERGED, "finite, got nan")
def returns_nan(_: Any) -> Any:
    return float("nan")


@bad(Status.DIVERGED, "finite, got -inf")
def returns_minus_infinity(_: Any) -> Any:
    return -float("inf")


@bad(Status.INVALID, "a number, got None")
def returns_none(_: Any) -> Any:
    return None


@bad(Status.INVALID, "a number, got 'good'")
def returns_text(_: Any) -> Any:
    return "good"


@bad(Status.INVALID, "a number, got 1j")
def returns_a_complex_number(_: Any) -> Any:
    return 1j


@bad(Status.INVALID, "a number, got 1000")
def returns_more_than_a_float(_: Any) -> Any:
    return 10**400


@bad(Status.INVALID, "a number, got array")
def returns_an_array(_: Any) -> Any:
    import numpy as np

    return np.ones(3)


@bad(Status.INVALID, "got 'accuracy'")
def returns_an_unknown_key(_: Any) -> Any:
    return {"score": 1.0, "accuracy": 2.0}


@bad(Status.INVALID, "cost must be finite and not negative, got -1")
def returns_a_negative_cost(_: Any) -> Any:
    return {"score": 1.0, "cost": -1}


class Sly(float):
    """A number that raises when it is told."""

    def __float__(self) -> float:
        raise ZeroDivisionError("sly")


@bad(Status.FAILED, "ZeroDivisionError: sly")
def returns_what_raises(_: Any) -> Any:
    return Sly(1.0)


@bad(Status.INVALID, "must have a score, .* got no 'score'")
def returns_an_empty_mapping(_: Any) -> Any:
    return {}


@bad(Status.INVALID, "cost must be finite and not negative, got nan")
def returns_a_cost_of_nan(_: Any) -> Any:
    return {"score": 1.0, "cost": float("nan")}


@bad(Status.INVALID, "constraints must be numbers, got .'a'")
def returns_constraints_of_text(_: Any) -> Any:
    return {"score": 1.0, "constraints": ["a"]}


@bad(Status.INVALID, "constraints must be finite")
def returns_constraints_of_infinity(_: Any) -> Any:
    return {"score": 1.0, "constraints": [float("inf")]}


@bad(Status.INVALID, "test score must be a finite number, got 'b'")
def returns_a_test_score_of_text(_: Any) -> Any:
    return {"score": 1.0, "test_score": "b"}


@bad(Status.INVALID, "a number, got <class 'float'>")
def returns_a_class(_: Any) -> Any:
    return float


@bad(Status.INVALID, "a number, got 'xxxx")
def returns_ten_megabytes(_: Any) -> Any:
    return "x" * 10**7


@bad(Status.INVALID, "a number, got None")
def yields_nothing(_: Any) -> Iterator[Any]:
    yield from ()


@bad(Status.FAILED, "TypeError: cannot unpack")
def yields_no_pairs(_: Any) -> Iterator[Any]:
    yield 1.0


@bad(Status.DIVERGED, "finite, got nan")
def yields_nan(_: Any) -> Iterator[Any]:
    yield 1, 0.5
    yield 2, float("nan")


# ---------------------------------------------------------------------- exceptions
class Unspeakable(Exception):
    """An exception that raises when it is shown."""

    def __str__(self) -> str:
        raise ZeroDivisionError("unspeakable")


@bad(Status.FAILED, "KeyError: 'missing'")
def raises(_: Any) -> Any:
    return {}["missing"]


@bad(Status.FAILED, "Odd: ")
def raises_what_does_not_travel(_: Any) -> Any:
    class Odd(Exception):
        def __reduce__(self) -> Any:
            raise TypeError("no")

    raise Odd(lambda: 0)


@bad(Status.FAILED, "KeyboardInterrupt")
def raises_ctrl_c(_: Any) -> Any:
    raise KeyboardInterrupt


@bad(Status.FAILED, "SystemExit: 0")
def exits(_: Any) -> Any:
    sys.exit(0)


@bad(Status.FAILED, "RecursionError")
def recurs(c: Any) -> Any:
    return recurs(c)


@bad(Status.FAILED, "ValueError: late")
def raises_on_its_way(_: Any) -> Iterator[Any]:
    yield 1, 0.5
    raise ValueError("late")


@bad(Status.FAILED, "^Unspeakable")
def raises_what_cannot_be_shown(_: Any) -> Any:
    raise Unspeakable


@bad(Status.TIMEOUT, "TimeoutError: slow")
def raises_a_timeout(_: Any) -> Any:
    raise TimeoutError("slow")


@bad(Status.MEMORYOUT, "could not allocate memory: full")
def raises_a_memory_error(_: Any) -> Any:
    raise MemoryError("full")


@bad(Status.FAILED, "ValueError: x{80}")
def raises_with_a_megabyte(_: Any) -> Any:
    raise ValueError("x" * 10**6)


@bad(Status.FAILED, "ExceptionGroup: both")
def raises_a_group(_: Any) -> Any:
    raise ExceptionGroup("both", [ValueError(), KeyError()])


@bad(Status.FAILED, "GeneratorExit")
def raises_generator_exit(_: Any) -> Any:
    raise GeneratorExit


# ---------------------------------------------------------------------- deaths
def flee() -> None:
    """Leave a child in a session of its own."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)


@bad(Status.CRASHED, "ended with code 3")
def exits_at_once(_: Any) -> Any:
    os._exit(3)


@bad(Status.CRASHED, "ended with code 0")
def exits_as_if_done(_: Any) -> Any:
    os._exit(0)


@bad(Status.CRASHED, "SIGSEGV")
def segfaults(_: Any) -> Any:
    ctypes.string_at(0)


@bad(Status.CRASHED, "SIGABRT")
def aborts(_: Any) -> Any:
    os.abort()


@bad(Status.CRASHED, "SIGKILL")
def kills_itself(_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)


@bad(Status.CRASHED, "ended the process that guards it")
def kills_its_guard(_: Any) -> Any:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


@bad(Status.CRASHED, "ended with code")
def closes_all_it_has(_: Any) -> Any:
    os.closerange(0, 4096)
    return 1.0


@bad(Status.CRASHED, "SIGTERM")
def terminates_itself(_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)


@bad(Status.CRASHED, "SIGALRM")
def has_an_alarm(_: Any) -> Any:
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(600)


@bad(Status.CRASHED, "SIGKILL")
def kills_its_session(_: Any) -> Any:
    os.killpg(0, signal.SIGKILL)
    time.sleep(600)


@bad(Status.CRASHED, "ended with code 5")
def exits_in_a_thread(_: Any) -> Any:
    threading.Thread(target=os._exit, args=(5,)).start()
    time.sleep(600)


@bad(Status.CRASHED, "ended with code 0")
def becomes_another_program(_: Any) -> Any:
    os.execv("/bin/true", ["true"])


@bad(Status.CRASHED, "ended the process that guards it")
def flees_and_kills_its_guard(_: Any) -> Any:
    flee()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


# ---------------------------------------------------------------------- time
def share() -> None:
    """Take shared memory, and never give it back."""
    memory = SharedMemory(create=True, size=1 << 16)
    memory.buf[0] = 1
    print(f"in memory: {memory.name}", flush=True)


@bad(Status.TIMEOUT, "longer than")
def hangs(_: Any) -> Any:
    time.sleep(600)


@bad(Status.TIMEOUT, "longer than")
def ignores_signals(_: Any) -> Any:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(600)


@bad(Status.TIMEOUT, "longer than")
def loops_in_c(_: Any) -> Any:
    return sum(iter(int, 1))


@bad(Status.TIMEOUT, "longer than")
def stops_itself(_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSTOP)


@bad(Status.TIMEOUT, "longer than")
def catches_everything(_: Any) -> Any:
    while True:
        try:
            time.sleep(600)
        except BaseException:
            continue


@bad(Status.TIMEOUT, "longer than")
def waits_for_its_child(_: Any) -> Any:
    return subprocess.run(SLEEP, check=True)


@bad(Status.TIMEOUT, "longer than")
def reads_its_input_and_hangs(_: Any) -> Any:
    assert sys.stdin.read() == ""
    time.sleep(600)


@bad(Status.TIMEOUT, "its guard did not answer")
def stops_its_guard(_: Any) -> Any:
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(600)


@bad(Status.TIMEOUT, "its guard did not answer")
def stops_its_guard_and_returns(_: Any) -> Any:
    os.kill(os.getppid(), signal.SIGSTOP)
    return 1.0


@bad(Status.TIMEOUT, "its guard did not answer")
def flees_and_stops_its_guard(_: Any) -> Any:
    flee()
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(600)


@bad(Status.TIMEOUT, "longer than")
def hangs_in_a_pool(_: Any) -> Any:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(time.sleep, [600, 600])


@bad(Status.TIMEOUT, "longer than")
def hangs_with_shared_memory(_: Any) -> Any:
    share()
    time.sleep(600)


@bad(Status.TIMEOUT, "longer than")
def locks_itself_out(_: Any) -> Any:
    lock = threading.Lock()
    with lock:
        lock.acquire()


@bad(Status.TIMEOUT, "longer than")
def yields_for_ever(_: Any) -> Iterator[Any]:
    for step in itertools.count():
        yield step, 0.5


@bad(Status.TIMEOUT, "longer than")
def forks_in_a_chain(_: Any) -> Any:
    while True:
        if os.fork():
            time.sleep(600)
        time.sleep(0.02)


# ---------------------------------------------------------------------- memory
@bad(Status.MEMORYOUT, "could not allocate")
def asks_for_all_memory_at_once(_: Any) -> Any:
    return len(bytearray(1 << 42))


@bad(Status.MEMORYOUT, "allocate|more than")
def eats_memory(_: Any) -> Any:
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


@bad(Status.MEMORYOUT, "more than")
def eats_memory_in_its_children(_: Any) -> Any:
    eat = "kept = [bytearray(b'1' * (1 << 24)) for _ in range(9)]; import time; time.sleep(600)"
    for _ in range(3):
        subprocess.Popen((sys.executable, "-c", eat, MARK))
    time.sleep(600)


# ---------------------------------------------------------------------- what is good, but leaves something behind
@bad(Status.OK, "^$")
def prints_a_hundred_megabytes(_: Any) -> Any:
    for _ in range(100):
        os.write(1, b"x" * 999_999 + b"\n")
    return 1.0


@bad(Status.OK, "^$")
def leaves_a_child(_: Any) -> Any:
    subprocess.Popen(SLEEP)
    return 1.0


@bad(Status.OK, "^$")
def leaves_a_child_in_another_session(_: Any) -> Any:
    subprocess.Popen(SLEEP, start_new_session=True)
    return 1.0


@bad(Status.OK, "^$")
def leaves_an_orphan(_: Any) -> Any:
    start = f"import subprocess; subprocess.Popen({SLEEP!r}, start_new_session=True)"
    subprocess.run((sys.executable, "-c", start), check=True)
    return 1.0


@bad(Status.OK, "^$")
def leaves_a_thread(_: Any) -> Any:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return 1.0


@bad(Status.OK, "^$")
def forks_and_both_return(_: Any) -> Any:
    os.fork()
    return 1.0


@bad(Status.OK, "^$")
def closes_its_streams(_: Any) -> Any:
    for number in (0, 1, 2):
        os.close(number)
    return 1.0


@bad(Status.OK, "^$")
def goes_elsewhere(_: Any) -> Any:
    os.chdir("/")
    os.environ.clear()
    return 1.0


@bad(Status.OK, "^$")
def leaves_shared_memory(_: Any) -> Any:
    share()
    return 1.0


@bad(Status.OK, "^$")
def leaves_a_pool(_: Any) -> Any:
    multiprocessing.get_context("fork").Pool(2)
    return 1.0
