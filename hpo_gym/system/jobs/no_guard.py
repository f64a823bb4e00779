"""`NoGuard`: trials in the caller's process, for systems without `fork` and objectives that no process can be given.

Proposals and outcomes are as under guard, but a trial that hangs, eats memory or crashes does so to the caller.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError
from hpo_gym.system.jobs.guard import Guard, GuardStep, Limits, Verdict, check_fork, plain
from hpo_gym.system.jobs.measured import Measured, Steps, judged, kind_of, verdict
from hpo_gym.system.jobs.nursery import seed_libraries
from hpo_gym.system.jobs.reasons import reason_of


class NoGuard(Guard):
    """Run trials of an objective in this process by the calls of a `Guard`; `read` runs one to its next step or end.

    Limits are ignored. After a trial the working directory and the global generators of `random`, NumPy and torch (its
    processor's) are as before; other changes stay.
    """

    left = 0.0

    def __init__(self, objective: Callable[..., Any]) -> None:
        self.objective, self._after = objective, ExitStack()
        self._steps: Steps | None = None

    def start(
        self,
        config: Mapping[str, Any],
        *,
        limits: Limits | None = None,
        seed: int = 0,
        named: Mapping[str, Any] | None = None,
    ) -> None:
        self._call = json.loads(json.dumps([plain(config), plain(named or {})]))  # a copy, as a guard gets it
        self._go = True
        self._after.callback(os.chdir, Path.cwd())
        self._after.callback(random.setstate, random.getstate())
        self._after.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        if (torch := sys.modules.get("torch")) is not None:
            self._after.callback(torch.set_rng_state, torch.get_rng_state())
        seed_libraries(seed % 2**63)
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self, timeout: float | None = None) -> GuardStep | Verdict:
        try:
            self._steps = self._steps or Steps(self.objective(self._call[0], **self._call[1]))
            if self._go and (step := self._steps.next()) is not None:
                return GuardStep(int(step[0]), step[1])
            found = verdict(judged(self._steps.result))
        except (Exception, SystemExit) as fault:
            found = Measured(kind_of(fault), reason_of(fault))
        news = Verdict(found, time.perf_counter() - self._wall, time.process_time() - self._cpu)
        self.close()
        return news

    def answer(self, *, go: bool) -> None:
        self._go = go

    def close(self) -> None:
        """Leave a trial where it is; if it is a generator, it is closed."""
        self._steps = None
        self._after.close()


def limits_of(guard: bool, trial_timeout: float | None, memory: float | None, **counts: int) -> Limits:
    """Return the limits of a trial; without a guard it has none, and each of `counts` is 1.

    Raises:
        InvalidValueError: `guard` is no boolean, or an argument needs it or is out of range.
        StateError: The system has no `fork`.
    """
    limits = Limits(trial_timeout, memory)
    if not isinstance(guard, bool):
        raise InvalidValueError(f"`guard` must be True or False, got {guard!r:.80}.")
    if guard:
        check_fork()
    for name, value in {"trial_timeout": trial_timeout, "memory": memory, **counts}.items():
        if not guard and value != (1 if name in counts else None):
            raise InvalidValueError(f"`{name}` needs `guard=True`, got {value} with `guard=False`.")
    return limits
