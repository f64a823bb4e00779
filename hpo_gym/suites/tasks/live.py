"""Live tasks: scored by code that runs when it is asked, can fail in any way, and knows no best score.

A failure is that trial's outcome: it ends neither the run nor the process, unless the process itself dies.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, StateError
from hpo_gym.problem import Evaluated, Points, SeparateTasks, Status, Task, TaskBatch
from hpo_gym.suites.tasks.archive import LiveTask
from hpo_gym.system import LOGGER, Asked, Here, Limits, Measured, Runner, Verdict, judged, kind_of

Objective = Callable[..., Any]
COSTS = ("fidelity", "seconds")
_SEEDS = 2**32  # what NumPy's and scikit-learn's seeds may be below


@dataclass(frozen=True, eq=False)
class ObjectiveTask(LiveTask):
    """A Python function as a task.

    It must return the same score for a configuration, a fidelity and a seed; else a resumed comparison differs.

    **Failures**: an exception fails the trial, `TimeoutError` is a timeout, `MemoryError` means out of memory; NaN and
    infinities are a diverged trial, and anything but a number is an invalid one. A trial that breaks a constraint is
    infeasible. Under guard, a trial beyond its limits ran out of time or memory; one without its process has crashed.

    **Cost**: as reported by the objective; else the fidelity, independent of a clock, or, on request, seconds.

    Attributes:
        objective: Called with a configuration, and by name with `fidelity` in (0, 1] and `seed` in [0, 2**32) if it has
            such parameters; one with a `seed` is noisy. Returns the score, or a mapping of `score` and, optionally,
            `cost`, `constraints` (each is met at 0 or below) and `test_score`, or yields pairs of a step and one of
            these; the last one counts.
        loss: Whether lower results are better.
        cost: "fidelity" or "seconds".
        runner: Runs trials: this process, or guards, each trial in a fresh process.
        faults: Messages of the first failure.
    """

    objective: Objective = None  # type: ignore[assignment]
    loss: bool = False
    cost: str = "fidelity"
    runner: Runner = field(default_factory=Here)
    limits: Limits = field(default_factory=Limits)
    faults: list[str] = field(default_factory=list, repr=False)

    @property
    def noisy(self) -> bool:
        return "seed" in self._named

    @property
    def side_by_side(self) -> int:
        return int(getattr(self.runner, "n_jobs", 1))

    @property
    def told(self) -> list[Any]:
        return [self.loss, self.cost]

    @functools.cached_property
    def _named(self) -> frozenset[str]:
        try:
            return frozenset(inspect.signature(self.objective).parameters) & {"fidelity", "seed"}
        except (TypeError, ValueError):  # of a builtin
            return frozenset()

    @classmethod
    def batch(cls, tasks: Sequence[ObjectiveTask], d: int) -> TaskBatch:
        """Trials of all tasks side by side, by the one runner of them all."""
        return LiveBatch(tasks, d)

    @property
    def together(self) -> object:
        return type(self), id(self.runner)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        return self.outcomes(self.runner.run(self.asked(x, fidelity, key)), fidelity)

    def asked(self, x: Points, fidelity: Floats, key: Keys) -> list[Asked]:
        """Return the trials of canonical points ``(n, d)``."""
        found = []
        for config, share, seed in zip(self.space.decode(x), fidelity.tolist(), (key % _SEEDS).tolist(), strict=True):
            known = {"fidelity": share, "seed": seed}
            named = {name: known[name] for name in self._named}
            found.append(Asked(self.objective, config, named, seed if self.noisy else 0, self.limits))
        return found

    def outcomes(self, verdicts: Iterable[Verdict], fidelity: Floats) -> Evaluated:
        """Return the outcomes of trials at fidelities ``(n,)``."""
        found = [
            replace(v.measured, cost=v.seconds) if v.measured.cost is None and self.cost == "seconds" else v.measured
            for v in verdicts
        ]
        before = len(self.faults)
        out = _outcomes(found, fidelity, self.faults, -1.0 if self.loss else 1.0)
        if self.loss and self.failed is None and len(self.faults) > before:
            said = "a trial failed (%s). Before any success of a run it counts as 0, which no loss above 0 reaches"
            LOGGER.warning(f"%s, %s: {said}: state `failed=`.", self.suite, self.name, self.faults[-1])
        return out

    def test_scores(self, x: Points) -> Floats | None:
        """Train anew, with seed 0, and take the test scores; None where a success tells none, or nothing succeeds."""
        verdicts = self.runner.run(self.asked(x, np.ones(len(x)), np.zeros(len(x), np.uint64)))
        good = np.array([v.status is Status.OK for v in verdicts], bool)
        tested = [v.measured.test_score for v in verdicts if v.status is Status.OK]
        if not tested or None in tested:
            return None
        score = np.full(len(x), -np.inf)
        score[good] = np.array(tested, np.float64) * (-1.0 if self.loss else 1.0)
        return np.where(good, score, score[good].min())

    def close(self) -> None:
        self.runner.close()


class LiveBatch(SeparateTasks):
    """Objectives that one runner runs: the trials of all runs side by side."""

    tasks: tuple[ObjectiveTask, ...]

    def evaluate(self, base: Ints, at: Points, fidelity: Floats | None, instance: Keys) -> tuple[Floats, Evaluated]:
        n, share = len(at), np.ones(len(at)) if fidelity is None else fidelity
        trials: list[Asked] = [None] * n  # type: ignore[list-item]
        groups = self._groups(base)
        for j, chosen in groups:
            t = self.tasks[j]
            x, f = at[chosen, : t.space.d], share[chosen]
            keys = t.noise_keys(instance[chosen], x, f) if t.noisy else instance[chosen]
            for i, asked in zip(chosen.tolist(), t.asked(x, f, keys), strict=True):
                trials[i] = asked
        verdicts = self.tasks[0].runner.run(trials)
        out = Evaluated(np.empty(n), np.empty(n), np.empty(n, np.int8))
        for j, chosen in groups:
            part = self.tasks[j].outcomes([verdicts[i] for i in chosen.tolist()], share[chosen])
            out.score[chosen], out.cost[chosen], out.status[chosen] = part
        return out.score, out


@dataclass(frozen=True, eq=False)
class GuardedTask(LiveTask):
    """A task of any class, with its failures as outcomes; see `ObjectiveTask`.

    Attributes:
        faults: Messages of the first failure.
    """

    inner: Task = None  # type: ignore[assignment]
    faults: list[str] = field(default_factory=list, repr=False)

    @property
    def noisy(self) -> bool:
        return self.inner.noisy

    @property
    def starts(self) -> Points | None:
        return self.inner.starts

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Evaluate one point after the other, so that a failure is one trial's."""
        points = zip(x[:, None], fidelity[:, None], key[:, None], strict=True)
        return _outcomes((_measured(self.inner.evaluate, *point) for point in points), fidelity, self.faults)

    def noise_free(self, x: Points) -> Floats:
        """Return the inner task's; -inf for failures."""
        return _outcomes((_measured(self._true, point) for point in x[:, None]), np.ones(len(x)), self.faults).score

    def close(self) -> None:
        self.inner.close()

    def _true(self, x: Points) -> Evaluated:
        score = self.inner.noise_free(x)
        return Evaluated(score, np.ones(1), np.where(np.isneginf(score), np.int8(Status.FAILED), np.int8(Status.OK)))


@dataclass(frozen=True, eq=False)
class DescribedTask(LiveTask):
    """The stored part of a live task: everything but its objective.

    Attributes:
        noisy: Whether the live task is.
    """

    noisy: bool = False

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Raise: no code is stored."""
        raise StateError(f"Task {self.name!r} is live: its objective is not stored, so nothing can be evaluated here.")


def guarded(task: Task) -> Task:
    """Return a task whose failures are outcomes."""
    if isinstance(task, LiveTask):
        return task
    return GuardedTask(
        task.name, task.family, task.suite, task.space, task.best, task.worst, task.fidelities, task.meta_features,
        task.prior_evaluations, inner=task, failed=task.failed,
    )  # fmt: skip


def _measured(evaluate: Callable[..., Evaluated], *point: NDArray[Any]) -> Measured:
    """Return the outcome of a point that is evaluated alone; whatever is raised is a failure."""
    try:
        (score,), (cost,), (code,) = evaluate(*point)
        status, cost = Status(int(code)), float(cost)
        ended = Measured(status, f"the task says: {status.label}")
        found = judged({"score": score, "cost": cost}) if status is Status.OK else ended
        return replace(found, cost=cost if math.isfinite(cost) and cost >= 0 else None)
    except (Exception, SystemExit) as fault:
        return Measured(kind_of(fault), f"{type(fault).__name__}: {fault}")


def _outcomes(measured: Iterable[Measured], fidelity: Floats, faults: list[str], sign: float = 1.0) -> Evaluated:
    """Return outcomes at fidelities ``(n,)``, the costs where none are told; `faults` gets the first failure's text."""
    n = len(fidelity)
    out = Evaluated(np.full(n, -np.inf), np.array(fidelity, np.float64), np.zeros(n, np.int8))
    for i, found in enumerate(measured):
        out.status[i] = found.status
        if found.cost is not None:
            out.cost[i] = found.cost
        if found.status is Status.OK:
            out.score[i] = sign * found.score
        elif not faults:
            faults.append(found.reason)
    return out
