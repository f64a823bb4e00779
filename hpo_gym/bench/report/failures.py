"""Failures: which cells and trials failed, by optimizer and by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.grid import Grid, grid

_NAMED = 6  # how many are named in a cell

Failed = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Failed trials by suite, optimizer and task."""


def failure_grids(curves: Mapping[str, Sequence[Curves]], trials: Failed) -> list[Grid]:
    """By optimizer and by task, of all suites; nothing where nothing failed."""
    by_optimizer = [line for suite in curves for line in _by_optimizer(suite, curves[suite], trials.get(suite, {}))]
    by_task = [line for suite in curves for line in _by_task(suite, curves[suite], trials.get(suite, {}))]
    if not by_optimizer:
        return []
    counts = ["failed cells", "failed trials"]
    return [
        grid("Failures by optimizer", ["optimizer", "suite", *counts, "tasks"], by_optimizer, (0, 1, 4)),
        grid("Failures by task", ["task", "suite", "family", *counts, "optimizers"], by_task, (0, 1, 2, 5)),
    ]


def _by_optimizer(
    suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]
) -> Iterator[list[str]]:
    """A line for each optimizer with failures, most failed cells first."""
    counted = []
    for c in curves:
        lost, own = dict(zip(c.tasks, c.failed.sum(axis=1).tolist(), strict=True)), trials.get(c.optimizer, {})
        cells, failed = sum(lost.values()), sum(own.values())
        tasks = sorted((t for t in c.tasks if lost[t] or own.get(t)), key=lambda t: (-lost[t], t))
        if tasks:
            counted.append((-cells, -failed, c.optimizer, f"{cells} of {c.failed.size}", tasks))
    for _, failed, name, cells, tasks in sorted(counted):
        yield [name, suite, cells, str(-failed), _listed(tasks)]


def _by_task(suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """A line for each task with failures, most failed cells first."""
    counted = []
    for i, (task, family) in enumerate(zip(curves[0].tasks, curves[0].families, strict=True)):
        lost = {c.optimizer: int(c.of_task(task).failed.sum()) for c in curves}
        own = {c.optimizer: trials.get(c.optimizer, {}).get(task, 0) for c in curves}
        who = sorted((n for n in lost if lost[n] or own[n]), key=lambda n: (-lost[n], -own[n], n))
        cells, runs = sum(lost.values()), len(curves) * curves[0].failed.shape[1]
        if who:
            said = [f"{n} ({lost[n] or own[n]}{'' if lost[n] else ' trials'})" for n in who]
            counted.append((-cells, -sum(own.values()), task, i, family, f"{cells} of {runs}", said))
    for _, failed, task, _, family, cells, said in sorted(counted):
        yield [task, suite, family, cells, str(-failed), _listed(said)]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
