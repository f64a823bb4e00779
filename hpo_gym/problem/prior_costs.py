"""Costs of configurations on earlier tasks with a shared pool: all that may be known of a cost before it is paid.

The logarithm of a task's costs counts, less its mean over the points: expensive tasks count as much as cheap ones, and
units do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.task import Task


def log_costs(e: Evaluations) -> Floats:
    """Return the natural logarithm of each point's cost on an earlier task, less their mean, ``(m,)``.

    It is NaN for points without a measurement or without a positive finite cost, and everywhere if all costs are equal,
    as equal costs carry no information.
    """
    there = ~np.isnan(e.score) & np.isfinite(e.cost) & (e.cost > 0.0)
    out = np.full(len(e.cost), np.nan)
    if there.any() and np.ptp(e.cost[there]) > 0.0:
        logs = np.log(e.cost[there])
        out[there] = logs - logs.mean()
    return out


def mean_log_costs(prior: Sequence[Evaluations], m: int) -> NDArray[np.float32]:
    """Mean of `log_costs` over earlier tasks that share a pool of `m` rows, ``(m,)``; 0 where none knows it."""
    total, count = np.zeros(m), np.zeros(m)
    for e in prior:
        add(total, count, log_costs(e))
    return _mean(total, count)


def earlier_costs(tasks: Sequence[Task], earlier: Sequence[Task], m: int) -> NDArray[np.float32]:
    """Return the cost of each of `m` rows on earlier tasks of the same table, ``(k, m)``: `mean_log_costs` without the
    task's own family.

    It is 0 for unknown costs, and if each task has a pool of its own.

    Args:
        tasks: `k` tasks with pools of at most `m` rows.
        earlier: Tasks that may be known, such as the training split.
    """
    out = np.zeros((len(tasks), m), np.float32)
    for table in {t.together for t in tasks}:
        mine = [j for j, t in enumerate(tasks) if t.together == table]
        before = [t for t in earlier if t.together == table and t.pool is tasks[mine[0]].pool]
        if not before:
            continue
        rows = len(before[0].pool)  # type: ignore[arg-type]
        parts: dict[str, tuple[Floats, Floats]] = {}
        for task in before:
            add(*parts.setdefault(task.family, (np.zeros(rows), np.zeros(rows))), log_costs(task.evaluations()))
        total, count = (np.sum([part[i] for part in parts.values()], axis=0) for i in (0, 1))
        nothing = np.zeros(rows), np.zeros(rows)
        for j in mine:
            if tasks[j].pool is before[0].pool:
                own = parts.get(tasks[j].family, nothing)
                out[j, :rows] = _mean(total - own[0], count - own[1])
    return out


def add(total: Floats, count: Floats, values: Floats) -> None:
    """Add the values that are known to `total`, and 1 to `count` where they are."""
    there = ~np.isnan(values)
    total[there] += values[there]
    count += there


def _mean(total: Floats, count: Floats) -> NDArray[np.float32]:
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.0), np.float32)
