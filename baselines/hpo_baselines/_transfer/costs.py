"""Costs of configurations on earlier tasks at any points, by their surrogates where they were measured elsewhere."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from hpo_baselines._transfer.surrogate import table_at
from hpo_gym.base import Floats
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace, Status, add, known, log_costs


@functools.lru_cache(maxsize=8)
def log_cost_of(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool) -> Floats:
    """Mean of `log_costs` over earlier tasks at the rows of a pool, ``(m,)``; see `log_cost_at`."""
    return log_cost_at(space, prior, pool.x)


def log_cost_at(space: SearchSpace, prior: tuple[Evaluations, ...], x: Points) -> Floats:
    """Mean of `log_costs` over earlier tasks at canonical points ``(m, d)``, ``(m,)``; 0 where none knows it.

    A task that was measured at other points has the values of a `Surrogate`.
    """
    total, count = np.zeros(len(x)), np.zeros(len(x))
    for values in table_at(space, _as_scores(space, prior), x):
        add(total, count, values)
    return total / np.maximum(count, 1.0)


@functools.lru_cache(maxsize=8)
def _as_scores(space: SearchSpace, prior: tuple[Evaluations, ...]) -> tuple[Evaluations, ...]:
    """Return the tasks with known costs, with `log_costs` for scores; made once, as surrogates identify tasks by
    object."""
    out = []
    for e in known(space, prior):
        logs = log_costs(e)
        if not np.isnan(logs).all():
            out.append(replace(e, score=logs, status=np.full(len(e.x), Status.OK, np.int8), further=()))
    return tuple(out)
