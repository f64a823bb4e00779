"""Runners of objectives' trials: guards side by side, or this process.

A guard is started when a trial needs it, and kept for the next trial of its objective. All end with `close`, when
unreferenced, when this process ends, and, however it ends, with it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import util
from typing import Any, Protocol

from hpo_gym.system.jobs.guard import Guard, GuardStep, Limits, Verdict, first_of, objective_bytes
from hpo_gym.system.jobs.measured import Measured, kind_of, result_of
from hpo_gym.system.jobs.reasons import reason_of

_KEPT = 8  # guards of several objectives that wait for their next trial; each holds the imports of its objective


@dataclass(frozen=True)
class Asked:
    """A trial to run.

    Attributes:
        objective: As for `Guard`. Under guard, its method `prepare`, if any, is called once in the process that forks
            its trials: it imports and loads their common needs.
        seed: Of the global generators of `random`, NumPy and torch in the trial.
    """

    objective: Callable[..., Any]
    config: Mapping[str, Any]
    named: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    limits: Limits = field(default_factory=Limits)


class Runner(Protocol):
    """Runs trials."""

    def run(self, trials: Sequence[Asked]) -> list[Verdict]:
        """Return the verdicts of trials, in their order."""

    def close(self) -> None:
        """End all processes; the next trial starts new ones."""


class Here:
    """Runs trials in this process, one after the other: without limits, and a trial that ends the process ends all."""

    def run(self, trials: Sequence[Asked]) -> list[Verdict]:
        return [self._run(trial) for trial in trials]

    def close(self) -> None:
        pass

    def _run(self, trial: Asked) -> Verdict:
        start = time.perf_counter()
        try:
            found = result_of(trial.objective, dict(trial.config), trial.named, lambda step, score: True)
        except (Exception, SystemExit) as fault:
            found = Measured(kind_of(fault), reason_of(fault))
        return Verdict(found, time.perf_counter() - start)


class Guards:
    """Runs trials under guard, each in a fresh process, several side by side.

    A copy, a pickle and a forked child of this process start guards of their own.

    Args:
        n_jobs: Trials side by side.
        threads: That numerical libraries may use in a trial.
    """

    def __init__(self, n_jobs: int = 1, threads: int = 1) -> None:
        self.n_jobs, self.threads = n_jobs, threads
        self._new()

    def _new(self) -> None:
        self._alive: list[Guard] = []  # those that were used longest ago come first
        self._lock = threading.Lock()
        # ends them before `multiprocessing` waits for them at the end of this process
        self._finalizer = util.Finalize(self, _close_all, (self._alive,), exitpriority=10)
        _GUARDS.add(self)

    def leave(self) -> None:
        """Let go of the guards, in a forked child: they are its parent's, and end with that."""
        self._finalizer.cancel()
        for guard in self._alive:
            guard.pipe.close()
        self._new()

    def __reduce__(self) -> tuple[Any, ...]:
        return Guards, (self.n_jobs, self.threads)

    @property
    def count(self) -> int:
        """Guards that are running."""
        return len(self._alive)

    def check_travels(self, objective: Callable[..., Any]) -> None:
        """Refuse an objective that no other process can be given; see `check_bytes`."""
        objective_bytes(objective)

    def run(self, trials: Sequence[Asked]) -> list[Verdict]:
        """Return the verdicts of trials, in their order; see `events`."""
        with closing(self.events(trials)) as events:
            reported = {i: news for i, news in events if isinstance(news, Verdict)}
        return [reported[i] for i in range(len(trials))]

    def events(self, trials: Sequence[Asked]) -> Generator[tuple[int, GuardStep | Verdict]]:
        """Run trials, at most `n_jobs` at a time; yield the position of each with its reported steps, after each of
        which it continues at once, and with its verdict as it ends.

        Any exception meanwhile, such as by Ctrl-C, or an early end ends all of them; till then these guards are busy.

        Raises:
            InvalidValueError: An objective cannot be loaded elsewhere.
            StateError: The system has no `fork`.
        """
        with self._lock:
            try:
                yield from self._run(trials)
            except BaseException:
                _close_all(self._alive)
                raise

    def _run(self, trials: Sequence[Asked]) -> Iterator[tuple[int, GuardStep | Verdict]]:
        busy: dict[Guard, int] = {}
        todo, reported = deque(range(len(trials))), list[tuple[int, GuardStep | Verdict]]()
        while True:
            while todo and len(busy) < self.n_jobs:
                guard = self._start(trials[todo[0]], busy)
                busy[guard] = todo.popleft()
            yield from reported  # after the next have begun, so that none waits for the caller
            if not busy:
                return
            reported = _read(busy)

    def _start(self, asked: Asked, busy: Container[Guard]) -> Guard:
        """Begin a trial; return the guard that has it: an idle one of its objective, or a new one."""
        idle = [guard for guard in self._alive if guard not in busy]
        guard = next((one for one in idle if one.objective is asked.objective), None)
        with _as_parent():
            if guard is not None:
                self._alive.remove(guard)
            else:
                if len(self._alive) >= max(self.n_jobs, _KEPT) and idle:
                    self._alive.remove(idle[0])
                    idle[0].close()
                guard = Guard(asked.objective, threads=self.threads, wait=False, prepare=True)
            self._alive.append(guard)
            guard.start(asked.config, limits=asked.limits, seed=asked.seed, named=asked.named)
        return guard

    def close(self) -> None:
        """End the guards with their trials; the next trial starts others."""
        with self._lock:
            _close_all(self._alive)


def _read(busy: dict[Guard, int]) -> list[tuple[int, GuardStep | Verdict]]:
    """Wait for news of guards, each with the position of its trial; guards with ended trials are taken out."""
    reported = []
    for guard in first_of(busy):
        i, news = busy[guard], guard.read(0)
        if isinstance(news, GuardStep):
            guard.answer(go=True)
        elif isinstance(news, Verdict):
            del busy[guard]
        if news is not None:
            reported.append((i, news))
    return reported


@contextmanager
def _as_parent() -> Iterator[None]:
    """Let a daemon, such as a worker of Dask, start processes all the same: guards end with it."""
    process = multiprocessing.current_process()
    daemon = process.daemon
    if daemon:
        process.daemon = False
    try:
        yield
    finally:
        if daemon:
            process.daemon = True


def _close_all(alive: list[Guard]) -> None:
    while alive:
        alive.pop().close()


_GUARDS: weakref.WeakSet[Guards] = weakref.WeakSet()


def _leave_all() -> None:
    for guards in list(_GUARDS):
        guards.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
