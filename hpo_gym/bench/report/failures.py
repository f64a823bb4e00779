"""Failures: failed cells and trials, by optimizer and by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hpo_gym.bench.metrics import Curves
from hpo_gym.bench.report.grid import FigureGrid, grid
from hpo_gym.bench.report.words import counted

_NAMED = 6  # how many are named in a cell

Failed = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Failed trials by suite, optimizer and task."""


def failure_grids(curves: Mapping[str, Sequence[Curves]], trials: Failed) -> list[FigureGrid]:
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


def _by_optimizer(suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """Return a line for each optimizer with failures, most failed cells first."""
    counted = []
    for c in curves:
        lost, own = dict(zip(c.tasks, c.failed.sum(axis=1).tolist(), strict=True)), trials.get(c.optimizer, {})
        tasks = sorted((t for t in c.tasks if lost[t] or own.get(t)), key=lambda t: (-lost[t], t))
        if tasks:
            counted.append((sum(lost.values()), sum(own.values()), c.optimizer, _listed(tasks), c.failed.size))
    for cells, failed, name, said, of in _most_first(counted):
        yield [name, suite, f"{cells} of {of}", str(failed), said]


def _by_task(suite: str, curves: Sequence[Curves], trials: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """Return a line for each task with failures, most failed cells first."""
    counted = []
    families = dict(zip(curves[0].tasks, curves[0].families, strict=True))
    for task in families:
        lost = {c.optimizer: int(c.of_task(task).failed.sum()) for c in curves}
        own = {c.optimizer: trials.get(c.optimizer, {}).get(task, 0) for c in curves}
        who = sorted((n for n in lost if lost[n] or own[n]), key=lambda n: (-lost[n], -own[n], n))
        if who:
            said = _listed([f"{n} ({_counts(lost[n], own[n])})" for n in who])
            counted.append((sum(lost.values()), sum(own.values()), task, said, len(curves) * curves[0].failed.shape[1]))
    for cells, failed, task, said, of in _most_first(counted):
        yield [task, suite, families[task], f"{cells} of {of}", str(failed), said]


def _most_first(counted: list[tuple[int, int, str, str, int]]) -> list[tuple[int, int, str, str, int]]:
    return sorted(counted, key=lambda c: (-c[0], -c[1], c[2]))


def _counts(cells: int, trials: int) -> str:
    parts = [counted(n, what) for n, what in ((cells, "cell"), (trials, "trial")) if n]
    return ", ".join(parts)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
