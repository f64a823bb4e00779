"""Tasks scored by a surrogate: no pool, every legal configuration has an answer of its own."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpo_gym.base import Floats, Ints, Keys
from hpo_gym.problem import (
    Evaluated,
    Evaluations,
    Points,
    Pool,
    SeparateTasks,
    Task,
    TaskBatch,
    finite_scores,
    nearest_levels,
    pool_of,
)
from hpo_gym.suites.tasks.surrogate.model import SurrogateModel


@dataclass(frozen=True, eq=False)
class SurrogateTask(Task):
    """One task of a surrogate.

    **Score**: that of the model: without noise, between the lowest and the highest score of the table.

    **Best**: the best found by a search of the model; `exact` is False, a run may find a better one.

    Attributes:
        index: Its place in the model.
        rows: The table's configurations, ``(m, d)``.
        priced: Whether the table has measured costs; otherwise the model's costs are shares of an evaluation.
    """

    surrogate: SurrogateModel = field(default=None, repr=False)  # type: ignore[assignment]
    index: int = 0
    rows: Points = field(default=None, repr=False)  # type: ignore[arg-type]
    optimum_x: Points = field(default=None, repr=False)  # type: ignore[arg-type]
    priced: bool = False

    exact = False  # the best is the best that was found

    @property
    def together(self) -> object:
        return type(self), id(self.surrogate)

    @classmethod
    def batch(cls, tasks: Sequence[SurrogateTask], d: int) -> TaskBatch:
        one = len({id(t.surrogate) for t in tasks}) == 1 and tasks[0].space.d == d
        return SurrogateBatch(tasks) if one else SeparateTasks(tasks, d)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Ask the model; `key` changes nothing."""
        return self.surrogate(np.full(len(x), self.index), x, nearest_levels(self.fidelities, fidelity))

    def noise_free(self, x: Points) -> Floats:
        """Return the score at full fidelity; a failure has the worst of the task."""
        score = self.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64)).score
        return np.where(np.isneginf(score), self.worst, score)

    def nearest(self, x: Points) -> Points:
        """Return the table's configuration nearest to a point ``(d,)``, shape ``(d,)``."""
        return np.asarray(self.rows[self._pool.nearest(x[None])[0]])

    @functools.cached_property
    def _pool(self) -> Pool:
        return pool_of(self.space, self.rows)

    @functools.cached_property
    def cost_unit(self) -> float:
        """Mean cost that the model says of the table's configurations in full; NaN where the table has no costs."""
        return float(self._costs(self.surrogate.f - 1).mean()) if self.priced else math.nan

    @functools.cached_property
    def least_costs(self) -> tuple[float, ...]:
        """The lowest cost that the model says of a configuration of the table at each fidelity.

        Where it may say 0 or less of any other, that.
        """
        if not self.priced:
            return ()
        floor = self.surrogate.lowest_costs(self.index)
        return tuple(float(self._costs(j).min()) if low > 0.0 else low for j, low in enumerate(floor))

    def _costs(self, level: int) -> Floats:
        n = len(self.rows)
        return self.surrogate(np.full(n, self.index), self.rows, np.full(n, level)).cost

    def evaluations(self) -> Evaluations:
        """Return the model's results for the table's configurations, at full fidelity."""
        out = self.evaluate(self.rows, np.ones(len(self.rows)), np.zeros(len(self.rows), np.uint64))
        score, features = finite_scores(out.score), self.meta_features
        return Evaluations(self.name, self.family, self.rows, score, out.cost, out.status, meta_features=features)


class SurrogateBatch(TaskBatch):
    """Tasks of one surrogate; scores have the same bits as one by one."""

    def __init__(self, tasks: Sequence[SurrogateTask]) -> None:
        self.tasks: tuple[SurrogateTask, ...] = tuple(tasks)
        first = tasks[0]
        self.d, self._space, self._surrogate = first.space.d, first.space, first.surrogate
        self._fidelities = first.fidelities
        self._index = np.array([t.index for t in tasks])
        self._tables = list({id(t.rows): t for t in tasks}.values())  # a task for each pool
        places = {id(t.rows): i for i, t in enumerate(self._tables)}
        self._table = np.array([places[id(t.rows)] for t in tasks])
        self.fallible = first.surrogate.fallible

    def place(self, task: Ints, x: Points) -> Points:
        """Canonical points; where a forbidden clause rules one out, the nearest configuration of the table."""
        out = self._space.snap(x)
        lost = np.flatnonzero(~self._space.legal(out))
        of = self._table.take(task.take(lost))
        for i in np.unique(of).tolist():
            who, first = lost[of == i], self._tables[i]
            out[who] = first.rows[first._pool.nearest(out[who])]
        return out

    def evaluate(self, base: Ints, at: Points, fidelity: Floats | None, instance: Keys) -> tuple[Floats, Evaluated]:
        last = len(self._fidelities) - 1
        level = np.full(len(at), last) if fidelity is None else nearest_levels(self._fidelities, fidelity)
        out = self._surrogate(self._index.take(base), at, level)
        return out.score, out

    def points(self, task: Ints, at: Points) -> Points:
        return at
