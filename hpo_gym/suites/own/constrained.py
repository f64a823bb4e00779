"""A suite under constraints: a row that breaks one is a failure, so best scores and regrets refer to feasible rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.problem import SCORE, Suite, Table, TableTask, check_constraints, find_objective, rule_of
from hpo_gym.suites.own.suite import TableSuite, suite_of


def constrained(suite: Suite, constraints: Mapping[str, float], needed: Collection[str] | None = None) -> TableSuite:
    """Return the suite under constraints.

    Args:
        constraints: Bounds by objectives, "score" and "cost" too: upper ones of minimised, lower ones of maximised.
        needed: Tasks that must have a feasible row; others without one are left out. None: all tasks.

    Raises:
        InvalidValueError: A suite without a table, a bound that is no number, or a needed task without a feasible row.
        UnknownNameError: No such objective.
    """
    if not isinstance(suite, TableSuite):
        raise InvalidValueError(f"`constraints` need a suite with a table, got {_said(suite)}.")
    if suite.table.constraints:
        raise InvalidValueError(f"Suite {suite.name!r} is under constraints already: {dict(suite.table.constraints)}.")
    bounds = check_constraints(constraints, suite.table.further)
    proposed = suite.table.proposed and replace(suite.table.proposed, constraints=bounds)
    table = replace(suite.table, constraints=bounds, proposed=proposed)
    kept = []
    for task in suite.members:
        assert isinstance(task, TableTask)
        if feasible_rows(table, task.index).any():
            kept.append(task)
        elif needed is None or task.name in needed:
            raise InvalidValueError(_nothing(suite.name, task.name, table, task.index))
    return _of(suite, table, kept)


def feasible_rows(table: Table, k: int) -> np.ndarray:
    """Return the rows of task `k` that succeeded at full fidelity within all constraints, ``(m,)``."""
    return np.asarray(table.measured[k] & ~table.failed[k, :, -1])


def _of(suite: TableSuite, table: Table, kept: Sequence[TableTask]) -> TableSuite:
    """Return the suite of some of its tasks on another table."""
    if len(kept) < len(suite.members):
        table = table.part([task.index for task in kept])
    said, names = suite.described(), [task.name for task in kept]
    splits = said.splits and {split: [name for name in of if name in names] for split, of in said.splits.items()}
    tasks = [task for task in said.tasks if task.name in names]
    return suite_of(said.model_copy(update={"splits": splits, "tasks": tasks}), table)


def _nothing(suite: str, task: str, table: Table, k: int) -> str:
    """Return why a task has no feasible row, with its best value for each bound."""
    good = table.measured[k] & ~np.isneginf(table.score[k, :, -1])
    rules, least = [], []
    for name, bound in table.constraints.items():
        objective, place = find_objective(name, table.further)
        rules.append(rule_of(name, bound, table.further))
        if place < 0:
            values = (table.score if objective.name == SCORE.name else table.costs)[k, good, -1]
        else:
            assert table.objectives is not None
            values = table.objectives[k, good, place]
        least.append(f"{name} {(values.min() if objective.sign < 0 else values.max()).item():g}")
    return (
        f"Task {task!r} of {suite!r} must have a configuration with {' and '.join(rules)}; the best alone are "
        f"{', '.join(least)}."
    )


def _said(suite: object) -> str:
    return f"{suite.name!r} of kind {suite.kind!r}" if isinstance(suite, Suite) else shown(suite)
