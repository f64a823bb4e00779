"""A batch as agents may know it. The batch itself, with tasks and scores, is in a private attribute, out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hpo_gym.base import Ints
from hpo_gym.problem import Points, PoolBatch, PoolBatchView, Reduced, SearchSpace, TaskBatch, TaskBatchView


def view_of(batch: TaskBatch) -> TaskBatchView:
    """Return the known facts about a batch's tasks; a `PoolBatchView` for tasks with a pool."""
    return _PoolView(batch) if isinstance(batch, PoolBatch) else _View(batch)


class KnownTask(NamedTuple):
    """Known facts about a task."""

    name: str
    family: str
    space: SearchSpace
    meta_features: Mapping[str, float | None]


class _View(TaskBatchView):
    def __init__(self, batch: TaskBatch) -> None:
        self._batch, self.d, self.m, self.signals = batch, batch.d, batch.m, batch.signals
        self.objectives = batch.objectives
        self.tasks = tuple(KnownTask(t.name, t.family, t.space, t.meta_features) for t in batch.tasks)

    @property
    def named(self) -> Reduced | None:
        return None if self._batch.named is None else (view_of, (self._batch,))

    def place(self, task: Ints, x: Points) -> NDArray[Any]:
        return self._batch.place(task, x)

    def points(self, task: Ints, at: NDArray[Any]) -> Points:
        return self._batch.points(task, at)


class _PoolView(_View, PoolBatchView):
    def __init__(self, batch: PoolBatch) -> None:
        super().__init__(batch)
        self._pool, self.measured = batch, batch.measured
        self.complete, self.one_pool, self.offered = batch.complete, batch.one_pool, batch.offered

    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        return self._pool.measured_rows(task, rows)

    def measured_row(self, task: int, row: int) -> int:
        return self._pool.measured_row(task, row)

    def nearest(self, task: Ints, x: Points) -> Ints:
        return self._pool.nearest(task, x)
