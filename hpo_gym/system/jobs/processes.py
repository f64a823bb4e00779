"""Jobs, and a pool of processes that does them and outlives their crashes.

A pool of our own: `multiprocessing.Pool` hangs when a worker is killed, `ProcessPoolExecutor` and `loky` break as a
whole. These, `pebble`, and an executor of one process for each worker gave no result when one was killed in the middle
of its answer. Here each worker has a pipe of its own, and alone can write to it.
"""

from __future__ import annotations

import atexit
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler

from hpo_gym.base import StateError


@dataclass(frozen=True)
class Job:
    """A call to make.

    Attributes:
        key: Its name, one of its own within a run.
        function: One at the top of a module (never a lambda or a method of a local).
        args: Its arguments; they travel to the worker, and the value travels back.
    """

    key: str
    function: Callable[..., object]
    args: tuple[object, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job.

    Attributes:
        status: "done"; "failed": it raised; "timeout": it was killed; "crashed": its worker died at every try.
        error: Traceback or reason, None if done.
    """

    key: str
    status: str
    value: object = None
    error: str | None = None


def perform(job: Job) -> Outcome:
    """Run one job here; its exception becomes its outcome."""
    try:
        return Outcome(job.key, "done", job.function(*job.args))
    except (Exception, SystemExit):
        return Outcome(job.key, "failed", error=traceback.format_exc())


def run_in_processes(jobs: Sequence[Job], size: int, retries: int, timeout: float | None) -> Iterator[Outcome]:
    """Yield the outcomes of all jobs from at most `size` workers; see `hpo_gym.system.jobs.engines.run`."""
    pool = _Pool(size, retries, timeout)
    atexit.register(pool.kill)  # before multiprocessing's own exit, which would wait for the workers
    try:
        yield from pool.outcomes(jobs)
        pool.dismiss()
    finally:
        pool.kill()
        atexit.unregister(pool.kill)


class _Worker:
    """A process with a pipe of its own, at one job at a time."""

    def __init__(self) -> None:
        tied = threading.current_thread() is threading.main_thread()
        self.process, self.pipe = fresh(_serve, (os.getpid(), tied))
        self.ready, self.since = False, 0.0
        self.job: Job | None = None

    def seconds(self) -> float:
        return time.perf_counter() - self.since

    def outcome(self, status: str, error: str) -> Outcome:
        """Return the outcome of the current job, and drop the job."""
        assert self.job is not None
        job, self.job = self.job, None
        return Outcome(job.key, status, None, error)

    def kill(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


class _Pool:
    def __init__(self, size: int, retries: int, timeout: float | None) -> None:
        self.size, self.retries, self.timeout = size, retries, timeout
        self.workers: list[_Worker] = []
        self.todo: deque[Job] = deque()
        self.crashes: Counter[str] = Counter()
        self.stillborn = 0  # workers in a row that died before they were ready

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield the outcomes of all jobs."""
        self.todo.extend(jobs)
        while busy := sum(w.job is not None for w in self.workers) + len(self.todo):
            while len(self.workers) < min(self.size, busy):
                self.workers.append(_Worker())
            readable = wait([w.pipe for w in self.workers], self._patience())
            ended = [self._attend(worker, worker.pipe in readable) for worker in list(self.workers)]
            for worker in list(self.workers):  # before the caller does its part, so that nobody waits for it
                ended += self._give(worker)
            yield from (outcome for outcome in ended if outcome is not None)

    def dismiss(self) -> None:
        """Let idle workers end by themselves; starting workers need not."""
        for worker in self.workers:
            worker.pipe.close()
        for worker in self.workers:
            worker.process.join(5.0 if worker.ready else 0.0)

    def kill(self) -> None:
        """End all workers now."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def _patience(self) -> float:
        """Seconds to the next deadline; at most one, to see deaths that a worker's own children hide from us."""
        left = [self.timeout - w.seconds() for w in self.workers if w.job is not None] if self.timeout else []
        return max(0.0, min([1.0, *left]))

    def _attend(self, worker: _Worker, readable: bool) -> Outcome | None:
        """Take the news of a worker; return the outcome of its job, if it has one."""
        if readable:
            return self._read(worker)
        if worker.process.exitcode is not None:
            return self._bury(worker)
        if self.timeout and worker.job is not None and worker.seconds() > self.timeout:
            self.workers.remove(worker)
            worker.kill()
            return worker.outcome("timeout", f"The job must end within `timeout` = {self.timeout} s and was killed.")
        return None

    def _read(self, worker: _Worker) -> Outcome | None:
        try:
            data = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            return self._bury(worker)
        if worker.job is None:  # its first word
            worker.ready, self.stillborn = True, 0
            return None
        try:
            found: Outcome = ForkingPickler.loads(data)
        except Exception:  # the value came, and cannot be read here
            return worker.outcome("failed", traceback.format_exc())
        job, worker.job = worker.job, None
        return replace(found, key=job.key)

    def _give(self, worker: _Worker) -> Iterator[Outcome]:
        """Give the next job to a worker that is idle; yield the failures of jobs that cannot travel."""
        while worker.ready and worker.job is None and self.todo:
            worker.job, worker.since = self.todo.popleft(), time.perf_counter()
            try:
                data = ForkingPickler.dumps(worker.job)
            except Exception:
                yield worker.outcome("failed", traceback.format_exc())
                continue
            try:
                worker.pipe.send_bytes(data)
            except OSError:  # it died idle: no fault of the job
                self.todo.appendleft(worker.job)
                self._remove(worker)

    def _bury(self, worker: _Worker) -> Outcome | None:
        """Remove a dead worker; its job goes back to the end of the queue, or has had its tries."""
        self._remove(worker)
        code, job = worker.process.exitcode, worker.job
        if job is None:
            self.stillborn += not worker.ready
            if self.stillborn > self.size:
                raise StateError(f"Workers must start, {self.stillborn} in a row ended with code {code}.")
            return None
        self.crashes[job.key] += 1
        if self.crashes[job.key] <= self.retries:
            self.todo.append(job)
            return None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return worker.outcome("crashed", f"The worker died ({how}) at each of {self.crashes[job.key]} tries.")

    def _remove(self, worker: _Worker) -> None:
        self.workers.remove(worker)
        worker.process.join(0.5)  # a worker that just ended tells its own exit code, not our kill's
        worker.kill()


SUBREAPER, DEATH = 36, 1
"""`PR_SET_CHILD_SUBREAPER` and `PR_SET_PDEATHSIG` of ``<sys/prctl.h>``."""

MARKS = "HPO_GYM_GUARDS"
"""Environment variable with the marks of the guards around a process, separated by commas."""


def fresh(
    target: Callable[..., None], args: tuple[object, ...] = (), threads: int = 1, mark: str = ""
) -> tuple[BaseProcess, Connection]:
    """Start a process that shares nothing with this one but a pipe, its first argument; return our end as well.

    Ctrl-C is blocked until it has decided. Its descendants have `mark` under `MARKS` in their environment, if kept.
    """
    context = multiprocessing.get_context("spawn")
    marks = {MARKS: ",".join(filter(None, (os.environ.get(MARKS), mark)))} if mark else {}
    with environment(dict.fromkeys(ONE_THREAD, str(threads))), whole_streams(), _ctrl_c_held(), _without_main():
        pipe, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, *args))
        resource_tracker.ensure_running()  # it is this process's own, and has no mark
        with environment(marks):
            process.start()
    theirs.close()  # so that the pipe ends when the process does
    return process, pipe


ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment variables that limit numerical libraries to one thread."""


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def whole_streams() -> Iterator[None]:
    """Keep file descriptors 0 to 2 in use, so that no pipe to a new process has one of them.

    In a daemon with closed streams, such a pipe would pass for a standard stream in the child, and be closed.
    """
    opened = fill_streams()
    try:
        yield
    finally:
        for number in opened:
            os.close(number)


def fill_streams() -> list[int]:
    """Open the closed ones among file descriptors 0 to 2 on the null device; return them."""
    opened = []
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened.append(os.open(os.devnull, os.O_RDWR))  # the lowest number that is free
            os.set_inheritable(opened[-1], True)
    return opened


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Block Ctrl-C here and in processes that are started meanwhile, until they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep new processes from running the user's script again, guarded by ``if __name__`` or not: objects travel."""
    main: dict[str, object] = sys.modules["__main__"].__dict__
    kept: dict[str, object] = {name: main.pop(name) for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(kept)


def _serve(pipe: Connection, parent: int, tied: bool) -> None:
    """Do jobs in a worker until the pipe ends."""
    signal.signal(signal.SIGINT, lambda *_: None)  # the driver decides; not SIG_IGN, which a job's programs inherit
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if tied:  # die with the driver; it counts from the thread that started us, so only if that is the main one
        prctl(DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=_watch, daemon=True).start()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    with suppress(EOFError, OSError):  # the driver is gone or has no more jobs
        pipe.send_bytes(b"ready")
        while True:
            job = pipe.recv_bytes()
            try:
                made = ForkingPickler.dumps(perform(ForkingPickler.loads(job)))
            except Exception:  # a job that cannot be read here, or a value that cannot travel
                made = ForkingPickler.dumps(Outcome("", "failed", None, traceback.format_exc()))
            pipe.send_bytes(made)


def prctl(option: int, value: int) -> None:
    """Set an option of this process; on Linux only."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _watch() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
