"""Whether the place of a row tells its score: orders of a task's rows that know no score, against random search.

Agents choose by place: from the rows of a shared pool that ships as `Table.offered` puts them, from others as they are
stored. What they are offered is judged: counting from either end is to be no better or worse than random search by a
tenth, on the mean over tasks. Of a table of one's own, whose rows all tasks share, the order is that of its maker, and
is shown only. One order is one draw, which rows that are good on many tasks make a coarse one (on small pools the ratio
has a standard deviation of .2 to .45); so `order=` of a suite that ships is the first number for which both ratios are
within bounds. The ratios served are thus chosen, with the scores of all tasks in sight, and are no evidence; `others`
shows what keys that nobody chose would have. The order of storage is shown beside it: it often begins with the default
configuration, or with what a grid has first.

A pool of the tasks' own that holds what an optimizer proposed is dense where scores are high: that must not pay either.
Rows of a shared pool are the same on all tasks, so their density is knowledge of the space, as a portfolio is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from hpo_builders.flat import expected_random_regret
from hpo_gym.base import Floats, Ints, seeding
from hpo_gym.problem import Suite, Table
from validity.transfer import kept_rows

TRIALS = 33
"""Trials of the AUC: the budget of the protocol."""

NEAR = 5
"""Density is the mean distance to so many nearest rows of the pool, in the unit cube."""

KEYS, UNCHOSEN = 100, 1000
"""Keys that nobody chose: how many, and the number of the first."""

LOW, HIGH = 0.9, 1.1


@dataclass(frozen=True)
class Order:
    """AUC of orders that know no score, as ratios to that of random search, of means over tasks.

    Attributes:
        own: Whether each task has points of its own.
        keyed: Whether agents are offered the rows in an order by key, not as they are stored.
        first, last: As agents are offered the rows, first to last and last to first.
        stored_first, stored_last: The same as they are stored.
        dense, sparse: Densest rows first, sparsest rows first.
        tasks: How many; a task whose rows have one score is left out.
        tried: Numbers of the key that were tried until one passed; None: not keyed.
        others: 5th and 95th percentile of `first` over `KEYS` keys that nobody chose; None: not keyed.
    """

    own: bool
    keyed: bool
    first: float
    last: float
    stored_first: float
    stored_last: float
    dense: float
    sparse: float
    tasks: int
    tried: int | None = None
    others: tuple[float, float] | None = None

    @property
    def judged(self) -> dict[str, float]:
        """Return the ratios that must be within bounds, by name."""
        served = {"first to last": self.first, "last to first": self.last} if self.own or self.keyed else {}
        return served | ({"densest first": self.dense, "sparsest first": self.sparse} if self.own else {})

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
    offered = np.arange(table.m) if table.offered is None else table.offered
    rows = np.arange(table.m) if own else kept_rows(suite.name, table.m)
    told = [k for k, row in enumerate(full) if np.nanmax(row) > np.nanmin(row)]
    if not told:
        return None
    place = None if own else _by_density(table.x[rows], np.ones(len(rows), bool), suite.name)
    found: dict[str, list[float]] = {name: [] for name in (*_OF_ALL, *_OF_KEPT)}
    for k in told:
        score, there = full[k], ~np.isnan(full[k])
        dense = _by_density(table.x[k], there, names[k]) if place is None else rows[place]
        random, of_kept = random_auc(score[there]), random_auc(score[rows][there[rows]])
        for prefix, of in (("", score[offered]), ("stored_", score)):
            found[f"{prefix}first"].append(auc_of(of))
            found[f"{prefix}last"].append(auc_of(of[::-1]))
        found["dense"].append(auc_of(score[dense]))
        found["sparse"].append(auc_of(score[dense[::-1]]))
        found["random"].append(random)
        found["random of kept"].append(of_kept)
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    ratios = {name: mean[name] / mean["random"] for name in _OF_ALL[1:]}
    ratios |= {name: mean[name] / mean["random of kept"] for name in _OF_KEPT[1:]}
    keyed = None if table.offered is None else table.order
    others = None if keyed is None else unchosen(table, full[told], mean["random"])
    return Order(own, keyed is not None, **ratios, tasks=len(told), tried=keyed and keyed[1] + 1, others=others)


def unchosen(table: Table, full: Floats, random: float) -> tuple[float, float]:
    """Return the 5th and 95th percentile, over keys that nobody chose, of counting first to last by random search."""
    name = table.order[0] if table.order is not None else ""
    orders = [replace(table, order=(name, number)).offered for number in range(UNCHOSEN, UNCHOSEN + KEYS)]
    ratios = [np.mean([auc_of(score[order]) for score in full]) / random for order in orders]
    low, high = np.quantile(ratios, [0.05, 0.95]).tolist()
    return low, high


_OF_ALL = ("random", "first", "last", "stored_first", "stored_last")
_OF_KEPT = ("random of kept", "dense", "sparse")
"""The first of each is what the others are divided by; density is known of rows that are kept."""


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


def _by_density(x: NDArray[np.floating], there: NDArray[np.bool_], name: str) -> Ints:
    """Return rows that are there, the densest first; of rows as dense, by key."""
    rows = np.flatnonzero(there)
    near = min(NEAR, len(rows) - 1)
    points = np.asarray(x, np.float64)[rows]
    distance = KDTree(points).query(points, near + 1)[0][:, 1:].mean(1) if near else np.zeros(len(rows))
    keys = seeding.mix(rows.astype(np.uint64), seeding.key("density", name))
    return rows[np.lexsort((keys, distance.round(6)))]
