"""Training rows of surrogates: those of a table, and of further tables of the same tasks."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError, Mask
from hpo_gym.problem import Points, SearchSpace, Suite, TableTask
from hpo_gym.suites import TableSuite

MOST = 10
"""Fidelities of a surrogate, evenly spaced among those of the table."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Measurements on one task.

    Attributes:
        x: Canonical points ``(m, d)``.
        score: ``(m, f)``, -inf where a trial failed.
        cost: ``(m, f)``.
    """

    x: Points
    score: Floats
    cost: Floats

    def __len__(self) -> int:
        return len(self.x)

    def take(self, which: NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        return Rows(self.x[which], self.score[which], self.cost[which])

    def and_of(self, other: Rows) -> Rows:
        """Return these rows, then those of another."""
        pairs = ((self.x, other.x), (self.score, other.score), (self.cost, other.cost))
        return Rows(*(np.concatenate(pair) for pair in pairs))

    @functools.cached_property
    def failed(self) -> Mask:
        """Return where trials failed, ``(m, f)``."""
        return np.isneginf(self.score)


@dataclass(frozen=True, eq=False)
class Material:
    """All that a surrogate is fitted to.

    Attributes:
        space: The search space.
        fidelities: Those that it learns.
        own: The table's measured rows of each task; their agreement is what is measured.
        places: The place of each of these in its task's pool; tables have gaps.
        more: Rows of further tables, for training only.
    """

    space: SearchSpace
    fidelities: tuple[float, ...]
    own: tuple[Rows, ...]
    places: tuple[NDArray[np.int64], ...]
    more: tuple[Rows, ...]


def material(suite: TableSuite, further: Sequence[Suite] = ()) -> Material:
    """Return the rows of a suite, and of further suites those of the tasks that they share with it.

    Raises:
        InvalidValueError: A further suite has no table, another space, or lacks a fidelity.
    """
    table = suite.table
    levels = levels_of(len(table.fidelities))
    fidelities = tuple(table.fidelities[j] for j in levels)
    tasks = [t for t in suite.members if isinstance(t, TableTask)]
    own = tuple(_rows(t, levels) for t in tasks)
    more = [Rows(r.x[:0], r.score[:0], r.cost[:0]) for r in own]
    for other in further:
        if not isinstance(other, TableSuite) or other.space != suite.space:
            raise InvalidValueError(f"`further` must be tables in the space of {suite.name!r}, got {other!r}.")
        if not set(fidelities) <= set(other.table.fidelities):
            raise InvalidValueError(f"{other!r} must have the fidelities {fidelities}, got {other.table.fidelities}.")
        same = [other.table.fidelities.index(f) for f in fidelities]
        theirs = {t.name: replace(t, table=t.table.whole) for t in other.members if isinstance(t, TableTask)}
        for i, task in enumerate(suite.members):
            if task.name in theirs:
                more[i] = more[i].and_of(_new(_rows(theirs[task.name], same), own[i], more[i]))
    return Material(suite.space, fidelities, own, tuple(np.flatnonzero(t.measured) for t in tasks), tuple(more))


def levels_of(f: int) -> list[int]:
    """At most `MOST` of `f` fidelities, by position, evenly spaced; the last is among them."""
    return list(range(f)) if f <= MOST else [round((i + 1) * f / MOST) - 1 for i in range(MOST)]


def _rows(task: TableTask, levels: Sequence[int]) -> Rows:
    table, k, there = task.table, task.index, task.measured
    x = task.space.snap(task.pool[there])
    score, cost = (a[k][there][:, list(levels)].astype(np.float64) for a in (table.score, table.costs))
    return Rows(x, score, cost)


def _new(rows: Rows, *known: Rows) -> Rows:
    """Return the rows that are not among known ones: a configuration counts once, the default included."""
    seen = {point.tobytes() for part in known for point in part.x}
    return rows.take(np.array([i for i, point in enumerate(rows.x) if point.tobytes() not in seen], np.int64))
