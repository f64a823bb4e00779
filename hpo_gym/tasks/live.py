"""Live tasks: scored by code that runs when it is asked, can fail in any way, and knows no best score.

A failure is that trial's outcome: it ends neither the run nor the process, unless the process itself dies.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpo_gym.errors import StateError
from hpo_gym.jobs.measured import is_number, judged
from hpo_gym.space import Points
from hpo_gym.task import Evaluated, Floats, Keys, Task
from hpo_gym.trial import Status

Objective = Callable[..., Any]
Scored = tuple[Any, float, Status]
"""What an evaluation gave: the score, or anything else; the cost; and how it ended."""
_SEEDS = 2**32  # what NumPy's and scikit-learn's seeds may be below


@dataclass(frozen=True, eq=False)
class ObjectiveTask(Task):
    """A Python function as a task.

    Of a configuration, a fidelity and a seed it must always return the same score; else a resumed comparison differs
    from one that ran through.

    **Failures**: an exception is a trial that failed, `TimeoutError` one that ran out of time, `MemoryError` one out of
    memory; NaN and infinities are a trial that diverged, and what is no number is an invalid one.

    **Cost**: the fidelity, as no result may depend on a clock.

    Attributes:
        objective: Called with a configuration, and by name with `fidelity` in (0, 1] and `seed` in [0, 2**32) where it
            has parameters so called; one with a `seed` is noisy. Returns the score.
        loss: Whether what it returns is better the lower it is.
        faults: What the first failure said.
    """

    objective: Objective = None  # type: ignore[assignment]
    loss: bool = False
    faults: list[str] = field(default_factory=list, repr=False)

    @property
    def noisy(self) -> bool:
        """Whether the function takes a seed."""
        return "seed" in self._named

    @functools.cached_property
    def _named(self) -> frozenset[str]:
        try:
            return frozenset(inspect.signature(self.objective).parameters) & {"fidelity", "seed"}
        except (TypeError, ValueError):  # of a builtin
            return frozenset()

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Call the function for one point after the other."""
        return one_by_one(self._score, x, fidelity, key, self.faults)

    def _score(self, x: Points, fidelity: Floats, key: Keys) -> Scored:
        known = {"fidelity": float(fidelity[0]), "seed": int(key[0]) % _SEEDS}
        value = self.objective(self.space.from_unit(x[0]), **{name: known[name] for name in self._named})
        return -value if self.loss and is_number(value) else value, known["fidelity"], Status.OK


@dataclass(frozen=True, eq=False)
class GuardedTask(Task):
    """A task of any class, with its failures as outcomes; see `ObjectiveTask`.

    Attributes:
        inner: The task itself.
        faults: What the first failure said.
    """

    inner: Task = None  # type: ignore[assignment]
    faults: list[str] = field(default_factory=list, repr=False)

    @property
    def noisy(self) -> bool:
        """As the task's own."""
        return self.inner.noisy

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Evaluate one point after the other, so that a failure is one trial's."""
        return one_by_one(self._outcome, x, fidelity, key, self.faults)

    def noise_free(self, x: Points) -> Floats:
        """As the task's own; -inf where it fails."""
        one = np.ones(len(x))
        return one_by_one(self._true, x, one, np.zeros(len(x), np.uint64), self.faults).score

    def _outcome(self, x: Points, fidelity: Floats, key: Keys) -> Scored:
        (score,), (cost,), (status,) = self.inner.evaluate(x, fidelity, key)
        return score, float(cost), Status(int(status))

    def _true(self, x: Points, fidelity: Floats, key: Keys) -> Scored:
        score = self.inner.noise_free(x).item()
        return score, 1.0, Status.FAILED if score == -math.inf else Status.OK


@dataclass(frozen=True, eq=False)
class DescribedTask(Task):
    """What is stored of a live task: all but how it scores.

    Attributes:
        random: Whether the task is noisy.
    """

    random: bool = False

    @property
    def noisy(self) -> bool:
        """As the task itself."""
        return self.random

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Raise: no code is stored."""
        raise StateError(f"Task {self.name!r} is live: its objective is not stored, so nothing can be evaluated here.")


def guarded(task: Task) -> Task:
    """A task whose failures are outcomes."""
    if isinstance(task, (ObjectiveTask, GuardedTask, DescribedTask)):
        return task
    return GuardedTask(
        task.name, task.family, task.suite, task.space, task.best, task.worst, task.fidelities, task.meta_features,
        inner=task,
    )  # fmt: skip


def one_by_one(
    score: Callable[[Points, Floats, Keys], Scored], x: Points, fidelity: Floats, key: Keys, faults: list[str]
) -> Evaluated:
    """Outcomes of points ``(n, d)`` that are scored alone; the text of the first failure goes into `faults`."""
    n = len(x)
    out = Evaluated(np.full(n, -np.inf), np.array(fidelity, np.float64), np.zeros(n, np.int8))
    for i in range(n):
        try:
            value, cost, status = score(x[i : i + 1], fidelity[i : i + 1], key[i : i + 1])
            status, why = _judged(value, cost, status)
            if math.isfinite(cost) and cost >= 0:
                out.cost[i] = cost
            if status is Status.OK:
                out.score[i] = float(value)
        except (Exception, SystemExit) as fault:
            status, why = _kind(fault), f"{type(fault).__name__}: {fault}"
        out.status[i] = status
        if why and not faults:
            faults.append(why)
    return out


def _judged(value: Any, cost: float, status: Status) -> tuple[Status, str]:
    """How an evaluation ended, and why where that is no success."""
    if status is not Status.OK:
        return status, f"the task says: {status.label}"
    found = judged({"score": value, "cost": cost})
    return found.status, found.reason


def _kind(fault: BaseException) -> Status:
    if isinstance(fault, TimeoutError):
        return Status.TIMEOUT
    return Status.MEMORYOUT if isinstance(fault, MemoryError) else Status.FAILED
