"""Single runs for the report: of each suite one task and one seed, with the trials of the leading optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.incumbent import configs_of
from hpo_gym.bench.metrics import CONTROLS, Curves, auc_of_runs, by_auc
from hpo_gym.bench.significance import DIGITS
from hpo_gym.problem import LABELS, Status

if TYPE_CHECKING:
    from hpo_gym.base import Floats
    from hpo_gym.bench.plan import BenchPlan
    from hpo_gym.problem import Hyperparameter, Task
    from hpo_gym.system import Record, Store

SHOWN = 9
"""Number of optimizers of a suite with a shown run: the controls, then those with the lowest AUC."""
TRIALS = 3600
"""Trials of all runs that are shown: a run that its suite has no more room for is left out."""


@dataclass(frozen=True)
class Tried:
    """A trial: its score (None where it failed), test score (None where there is none) and active hyperparameters."""

    score: float | None
    test_score: float | None
    fidelity: float
    status: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class SingleRun:
    """One run.

    Attributes:
        auc, regret: Of the headline's score, over the trials and at the end.
        given: How many trials were given, not chosen.
    """

    optimizer: str
    auc: float
    regret: float
    given: int
    trials: tuple[Tried, ...]


@dataclass(frozen=True)
class SuiteRuns:
    """The runs of a suite that are shown: all of one task and one replicate, so that they can be held side by side."""

    task: str
    family: str
    replicate: int
    axes: tuple[Hyperparameter, ...]
    runs: tuple[SingleRun, ...]
    left_out: int


def single_runs(plan: BenchPlan, store: Store, curves: Mapping[str, Sequence[Curves]]) -> dict[str, SuiteRuns]:
    """Choose and read the runs shown in the report, by suite.

    The task is that of median AUC, the mean over all optimizers; the replicate likewise, among those of the task. Of an
    even number it is the lower one. A failed or missing run is left out.
    """
    out, most = {}, TRIALS // len(plan.suites)
    for suite in (s for s in plan.suites.values() if s.name in curves):
        group = curves[suite.name]
        task, replicate = typical(group)
        of = {c.optimizer: c for c in group}
        runs = (read_run(plan, store, of[name], task, replicate) for name in shown(group))
        found = within([run for run in runs if run is not None], most)
        family, axes = suite.task(task).family, suite.task(task).space.hyperparameters
        out[suite.name] = SuiteRuns(task, family, replicate, axes, found, len(group) - len(found))
    return out


def within(runs: Sequence[SingleRun], most: int) -> tuple[SingleRun, ...]:
    """Return the runs that fit, one after the other, into so many trials."""
    kept, room = [], most
    for run in runs:
        if len(run.trials) <= room:
            kept.append(run)
            room -= len(run.trials)
    return tuple(kept)


def read_run(plan: BenchPlan, store: Store, curves: Curves, task: str, replicate: int) -> SingleRun | None:
    """Read a run; None if it failed or is missing."""
    spec = next(spec for spec, suite in plan.suites.items() if suite.name == curves.suite)
    entrant = next(e for e in plan.entrants if e.name == curves.optimizer)
    cell = next((c for c in plan.cells(spec) if (c.task, c.replicate) == (task, replicate)), None)
    record = None if cell is None else store.get(plan.key(cell, entrant))
    if record is None or record.status != "done":
        return None
    of_task = curves.of_task(task)
    area, last = auc_of_runs(of_task)[0, replicate], of_task.filled[0, replicate, -1]
    trials = tuple(_trials(record, plan.suites[spec].task(task)))
    return SingleRun(entrant.name, float(area), float(last), plan.protocol.n_init, trials)


def typical(curves: Sequence[Curves]) -> tuple[str, int]:
    """Return the task of median AUC over all optimizers, and its replicate of median AUC."""
    tasks = sorted(curves[0].tasks)
    areas = np.mean([[auc_of_runs(c.of_task(t))[0] for t in tasks] for c in curves], axis=0)  # (tasks, runs)
    i = _median(areas.mean(axis=1))
    return tasks[i], _median(areas[i])


def shown(curves: Sequence[Curves]) -> list[str]:
    """Return the optimizers with shown runs, the lowest AUC first."""
    kept = sorted(by_auc(curves), key=lambda c: c.optimizer not in CONTROLS)[:SHOWN]
    return [c.optimizer for c in by_auc(kept)]


def _median(values: Floats) -> int:
    """Return the place of the lower median, the first of equals."""
    return int(np.argsort(np.round(values, DIGITS), kind="stable")[(len(values) - 1) // 2])


def _trials(record: Record, task: Task) -> Iterator[Tried]:
    arrays = record.arrays
    x = task.space.snap(arrays["x"][:, : task.space.d])
    tested = task.test_scores(x)
    for i, config in enumerate(configs_of(task, arrays)):
        status, test = int(arrays["status"][i]), None if tested is None else float(tested[i])
        score = float(arrays["score"][i]) if status == Status.OK else None
        known = test if score is not None and test is not None and np.isfinite(test) else None
        yield Tried(score, known, float(arrays["fidelity"][i]), LABELS[status], config)
