"""`NoGuard`: trials in the caller's process, where none can be forked: on Windows, of an objective with a context of a
GPU or open handles.

The proposals, outcomes and stored trials are those of a guard. A trial that hangs, eats memory or crashes does so to
the caller; Ctrl-C ends the tuning, not the trial.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError
from hpo_gym.system.jobs.guard import Guard, GuardStep, Limits, Verdict, check_fork, plain
from hpo_gym.system.jobs.measured import Steps, judged, raised, verdict
from hpo_gym.system.jobs.nursery import seed_libraries


class NoGuard(Guard):
    """Run trials of one objective in this process, by the calls of a `Guard`: a trial runs while `read` waits for it.

    It has no limits, and its output is this process's. What it changes stays changed, but for the working directory and
    the global generators of `random`, NumPy and torch (on the processor): these are as before once it has ended.
    """

    left = 0.0

    def __init__(self, objective: Callable[..., Any]) -> None:
        self.objective = objective
        self._stack = ExitStack()

    def start(
        self, config: Mapping[str, Any], *, limits: Limits = Limits(), seed: int = 0,
        named: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Begin a trial; the first `read` runs it. `limits` are not applied."""
        self._call = json.loads(json.dumps([plain(config), plain(named or {})]))  # a copy, as it travels to a guard
        self._steps: Steps | None = None
        self._go = True
        self._stack.enter_context(_generators_kept())
        seed_libraries(seed % 2**63)
        self._wall, self._cpu = time.perf_counter(), _cpu_seconds()

    def read(self, timeout: float | None = None) -> GuardStep | Verdict:
        """Run the trial to its next step or its end, however long that takes."""
        try:
            if self._steps is None:
                self._steps = Steps(self.objective(self._call[0], **self._call[1]))
            if self._go and (step := self._steps.next()) is not None:
                return GuardStep(int(step[0]), step[1])
            found = verdict(judged(self._steps.result))
        except (Exception, SystemExit) as fault:
            found = raised(fault)
        news = Verdict(found, time.perf_counter() - self._wall, _cpu_seconds() - self._cpu)
        self.close()
        return news

    def answer(self, *, go: bool) -> None:
        """Let a trial continue after a `GuardStep`, or end it with its results so far."""
        self._go = go

    def close(self) -> None:
        """Leave a trial where it is: a generator is closed."""
        self._steps = None
        self._stack.close()


def check_guard(guard: object, limits: Mapping[str, object], counts: Mapping[str, object]) -> None:
    """Refuse a guard that the system cannot have, and without one, limits and more than one at a time.

    Args:
        limits, counts: Arguments that need a guard, by name, unless None or 1.

    Raises:
        InvalidValueError: `guard` is no boolean, or an argument needs it.
        StateError: The system has no `fork`.
    """
    if not isinstance(guard, bool):
        raise InvalidValueError(f"`guard` must be True or False, got {guard!r:.80}.")
    if guard:
        check_fork()
        return
    given = {n: v for n, v in limits.items() if v is not None} | {n: v for n, v in counts.items() if v != 1}
    if given:
        name, value = next(iter(given.items()))
        raise InvalidValueError(f"`{name}` needs `guard=True`, got {value!r:.80} with `guard=False`.")


@contextmanager
def _generators_kept() -> Iterator[None]:
    """Put back the global generators, and the working directory."""
    folder, torch = Path.cwd(), sys.modules.get("torch")
    states = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(states[2])
        with suppress(OSError):  # it was removed
            os.chdir(folder)


def _cpu_seconds() -> float:
    """Return the processor seconds of this process and of its awaited children."""
    return time.process_time() + sum(os.times()[2:4])
