"""Whether the place of a row tells its score: orders of a task's rows that know no score, against random search.

Pools are served in stored order, and a pool that holds what an optimizer proposed is dense where scores are high. Where
each task has points of its own, neither may pay: no order is to be better or worse than random search by a tenth. Rows
of a shared pool are the same on all tasks, so their density is knowledge of the space, as a portfolio is: it is shown,
and first-to-last is asked of rows in an order by key of the task.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from hpo_builders.flat import expected_random_regret
from hpo_builders.pools import keyed_orders
from hpo_gym.base import Floats, Ints, seeding
from hpo_gym.problem import Suite, Table
from validity.transfer import kept_rows

TRIALS = 33
"""Trials of the AUC: the budget of the protocol."""

NEAR = 5
"""Density is the mean distance to so many nearest rows of the pool, in the unit cube."""

LOW, HIGH = 0.9, 1.1
KEYS = 20
"""Orders by key of each task with a shared pool, whose mean counts."""


@dataclass(frozen=True)
class Order:
    """AUC of orders that know no score, as ratios to that of random search, of means over tasks.

    Attributes:
        own: Whether each task has points of its own: their rows stand as they are stored, others in an order by key.
        first, last: First to last, last to first.
        dense, sparse: Densest rows first, sparsest rows first.
        tasks: How many; a task whose rows have one score is left out.
    """

    own: bool
    first: float
    last: float
    dense: float
    sparse: float
    tasks: int

    @property
    def judged(self) -> dict[str, float]:
        """Return the ratios that must be within bounds, by name."""
        stored = {"first to last": self.first, "last to first": self.last}
        return stored | ({"densest first": self.dense, "sparsest first": self.sparse} if self.own else {})

    @property
    def passed(self) -> bool:
        """Return whether all of them are."""
        return all(LOW <= ratio <= HIGH for ratio in self.judged.values())


def order(suite: Suite, table: Table, full: Floats) -> Order | None:
    """Compare orders on all tasks of a table; None where all of them are level.

    Args:
        suite: `k` tasks.
        table: Their table.
        full: Their scores ``(k, m)``, NaN = not measured.
    """
    own, names = table.x.ndim == 3, [task.name for task in suite.members]
    rows = np.arange(table.m) if own else kept_rows(suite.name, table.m)
    full = full[:, rows]
    told = [k for k, row in enumerate(full) if np.nanmax(row) > np.nanmin(row)]
    if not told:
        return None
    place = None if own else _by_density(table.x[rows], np.ones(len(rows), bool), suite.name)
    found: dict[str, list[float]] = {"random": [], "first": [], "last": [], "dense": [], "sparse": []}
    for k in told:
        score, there = full[k], ~np.isnan(full[k])
        kept = [np.arange(len(score))] if own else _keyed(suite.name, names[k], len(score))
        dense = _by_density(table.x[k], there, names[k]) if place is None else place
        found["random"].append(random_auc(score[there]))
        found["first"].append(float(np.mean([auc_of(score[o]) for o in kept])))
        found["last"].append(float(np.mean([auc_of(score[o[::-1]]) for o in kept])))
        found["dense"].append(auc_of(score[dense]))
        found["sparse"].append(auc_of(score[dense[::-1]]))
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    ratios = {name: mean[name] / mean["random"] for name in ("first", "last", "dense", "sparse")}
    return Order(own, **ratios, tasks=len(told))


def auc_of(score: Floats) -> float:
    """Mean over `TRIALS` of the regret of the best so far, by the range of the scores ``(m,)``; NaN is passed over."""
    known = score[~np.isnan(score)]
    seen = np.maximum.accumulate(known[:TRIALS])
    regret = (known.max() - seen).sum() / TRIALS  # beyond the last row nothing is left
    return float(regret / np.ptp(known))


def random_auc(score: Floats) -> float:
    """Expected `auc_of` of a random order of scores ``(m,)``, exactly."""
    trials = range(1, min(TRIALS, len(score)) + 1)
    return float(sum(expected_random_regret(score, t) for t in trials) / TRIALS / np.ptp(score))


def _keyed(suite: str, task: str, m: int) -> list[Ints]:
    return [keyed_orders(f"{suite} {i}", (task,), m)[0] for i in range(KEYS)]


def _by_density(x: NDArray[np.floating], there: NDArray[np.bool_], name: str) -> Ints:
    """Return rows that are there, the densest first; of rows as dense, by key."""
    rows = np.flatnonzero(there)
    near = min(NEAR, len(rows) - 1)
    points = np.asarray(x, np.float64)[rows]
    distance = KDTree(points).query(points, near + 1)[0][:, 1:].mean(1) if near else np.zeros(len(rows))
    keys = seeding.mix(rows.astype(np.uint64), seeding.key("density", name))
    return rows[np.lexsort((keys, distance.round(6)))]
