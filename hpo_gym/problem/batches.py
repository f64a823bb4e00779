"""`batch_of`: tasks of any kinds together. Each kind, and each table, has its own batch; a mixed batch asks them."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys
from hpo_gym.problem.space import Points
from hpo_gym.problem.task import Evaluated, PoolBatch, Task, TaskBatch

_FUSE_BELOW = 64 << 20  # bytes, as of one table


def batch_of(tasks: Sequence[Task], d: int | None = None) -> TaskBatch:
    """Return the fastest batch for these tasks.

    Args:
        tasks: Tasks of any suites; if all have a pool of configurations, so has the batch.
        d: Columns of points, at least those of each task; by default as many as the widest has.

    Raises:
        InvalidValueError: There are none, or trials build on each other in some tasks only.
    """
    if not tasks:
        raise InvalidValueError("At least one task is needed, got none.")
    width = max(t.space.d for t in tasks) if d is None else d
    groups: dict[object, list[int]] = {}
    for j, task in enumerate(tasks):
        groups.setdefault(task.together, []).append(j)
    parts = [_part([tasks[j] for j in group], width if len(groups) == 1 else None) for group in groups.values()]
    if len(parts) == 1 and parts[0].d == width:
        return _named(parts[0])
    if onward := [part.tasks[0] for part in parts if part.signals]:
        raise InvalidValueError(
            f"Tasks whose trials go on from each other, as those of {onward[0].suite!r}, share no batch with others, "
            f"got tasks of {sorted({t.suite for t in tasks})}."
        )
    where = np.array([j for group in groups.values() for j in group])
    whole = all(isinstance(part, PoolBatch) for part in parts)
    return _named(MixedPool(tasks, parts, where, width) if whole else MixedBatch(tasks, parts, where, width))


def _named(batch: TaskBatch) -> TaskBatch:
    """Let a batch of tasks that are pickled by their names be made anew of these: its arrays are theirs."""
    if all(task.named for task in batch.tasks):
        batch.name_as((batch_of, (batch.tasks, batch.d)))
    return batch


def _part(tasks: Sequence[Task], d: int | None) -> TaskBatch:
    return type(tasks[0]).batch(tasks, max(t.space.d for t in tasks) if d is None else d)


class _Mixed(TaskBatch):
    """Tasks of several batches.

    Args:
        where: The place in `tasks` of each task of the first batch, then of the second, ..., ``(k,)``.
        d: Columns of points; columns that a task lacks are .5.
    """

    def __init__(self, tasks: Sequence[Task], parts: Sequence[TaskBatch], where: Ints, d: int) -> None:
        self.tasks, self.parts, self.d = tuple(tasks), tuple(parts), d
        sizes = [len(part.tasks) for part in parts]
        self._part, self._at = np.empty(len(tasks), np.int64), np.empty(len(tasks), np.int64)
        self._part[where] = np.repeat(np.arange(len(parts)), sizes)
        self._at[where] = np.concatenate([np.arange(size) for size in sizes])
        self.fallible = any(part.fallible for part in parts)

    def _each(self, task: Ints) -> Iterator[tuple[TaskBatch, Ints, Ints]]:
        """Yield, for runs on tasks ``(n,)``, each batch with its runs and the place of their tasks in it."""
        part = self._part.take(task)
        for p in np.unique(part).tolist():
            who = np.flatnonzero(part == p)
            yield self.parts[p], who, self._at.take(task.take(who))

    def _one(self, task: int) -> tuple[TaskBatch, int]:
        return self.parts[self._part.item(task)], self._at.item(task)

    def config(self, task: int, at: int | NDArray[Any]) -> dict[str, Any]:
        part, j = self._one(task)
        return part.config(j, at if isinstance(at, int) else self._narrow(np.asarray(at), part))

    @abstractmethod
    def _narrow(self, at: NDArray[Any], part: TaskBatch) -> NDArray[Any]:
        """Return the share of one batch in the arguments of this one."""

    def close(self) -> None:
        for part in self.parts:
            part.close()


class MixedBatch(_Mixed):
    """Tasks with and without pools: an evaluation answers with a point; for a table, with that of the answering row."""

    def place(self, task: Ints, x: Points) -> Points:
        out = np.full((len(x), self.d), 0.5)
        for part, who, j in self._each(task):
            out[who, : part.d] = part.points(j, part.place(j, x[who, : part.d]))
        return out

    def evaluate(self, base: Ints, at: Points, fidelity: Floats | None, instance: Keys) -> tuple[Floats, Evaluated]:
        n = len(at)
        out = Evaluated(np.empty(n), np.empty(n), np.empty(n, np.int8))
        for part, who, j in self._each(base):
            own, x, share = part.base(j), at[who, : part.d], None if fidelity is None else fidelity[who]
            place = part.place(j, x) if isinstance(part, PoolBatch) else x
            score, outcome = part.evaluate(own, place, share, instance[who])
            out.score[who] = score
            out.cost[who], out.status[who] = part.outcome(own, place, share) if outcome is None else outcome[1:]
        return out.score, out

    def points(self, task: Ints, at: Points) -> Points:
        return at

    def _narrow(self, at: NDArray[Any], part: TaskBatch) -> NDArray[Any]:
        return part.place(np.zeros(1, np.int64), at[None, : part.d])[0] if isinstance(part, PoolBatch) else at


def _offered(part: PoolBatch) -> Ints:
    """Return the row at each place of each task, ``(k, m)``."""
    return np.broadcast_to(np.arange(part.m) if part.offered is None else part.offered, (len(part.tasks), part.m))


class MixedPool(_Mixed, PoolBatch):
    """Tasks of several pools: rows belong to each task's own pool; shorter pools end in rows without measurements.

    The base of a run is the place of its task's first row, with all pools in sequence, each as long as the longest.
    """

    one_pool = False

    def __init__(self, tasks: Sequence[Task], parts: Sequence[TaskBatch], where: Ints, d: int) -> None:
        super().__init__(tasks, parts, where, d)
        self._pools = [cast("PoolBatch", part) for part in parts]
        self.m = max(part.m for part in self._pools)
        single = all(part.dtype == np.float32 for part in self._pools)
        self.dtype = np.dtype(np.float32 if single else np.float64)
        self.measured = self._by_row(lambda part: part.measured, np.zeros((len(tasks), self.m), bool))
        self.complete = bool(self.measured.all())
        if any(part.offered is not None for part in self._pools):
            self.offered = self._by_row(_offered, np.tile(np.arange(self.m), (len(tasks), 1)))

    def _by_row(self, values: Callable[[PoolBatch], NDArray[Any]], out: NDArray[Any]) -> NDArray[Any]:
        """Return the row arrays of all pools as one array ``(k, m, ..)``."""
        for p, part in enumerate(self._pools):
            mine = np.flatnonzero(self._part == p)
            out[mine, : part.m] = values(part)[self._at[mine]]
        return out

    @functools.cached_property
    def scores(self) -> NDArray[Any]:
        return self._by_row(lambda part: part.scores, np.zeros((len(self.tasks), self.m), self.dtype))

    @functools.cached_property
    def fused(self) -> NDArray[np.float32] | None:
        """Rows of all pools, narrow ones filled with 0; None where a pool has none, or they would be large."""
        k, width = len(self.tasks), self.d + 3
        if k * self.m * width * 4 > _FUSE_BELOW or any(part.fused is None for part in self._pools):
            return None
        out = np.zeros((k, self.m, width), np.float32)
        for p, part in enumerate(self._pools):
            rows = cast("NDArray[np.float32]", part.fused).reshape(len(part.tasks), part.m, part.d + 3)
            mine = np.flatnonzero(self._part == p)
            block = np.zeros((len(part.tasks), part.m, width), np.float32)
            block[..., : part.d], block[..., self.d] = rows[..., : part.d], rows[..., part.d]
            out[mine, : part.m] = block[self._at[mine]]
        return out.reshape(k * self.m, width)

    def base(self, task: Ints) -> Ints:
        return task * self.m

    def place(self, task: Ints, x: Points) -> Ints:
        return self._rows(task, lambda part, who, j: part.place(j, x[who, : part.d]))

    def nearest(self, task: Ints, x: Points) -> Ints:
        return self._rows(task, lambda part, who, j: part.nearest(j, x[who, : part.d]))

    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        """Return the rows themselves if measured, else the nearest measured rows; past a pool's end, its last."""
        return self._rows(task, lambda part, who, j: part.measured_rows(j, np.minimum(rows[who], part.m - 1)))

    def measured_row(self, task: int, row: int) -> int:
        part, j = self._one(task)
        return cast("PoolBatch", part).measured_row(j, min(row, part.m - 1))

    def _rows(self, task: Ints, ask: Callable[[Any, Ints, Ints], Ints]) -> Ints:
        out = np.empty(len(task), np.int64)
        for part, who, j in self._each(task):
            out[who] = ask(part, who, j)
        return out

    def points(self, task: Ints, at: Ints) -> Points:
        """Points of rows, ``(n, d)``; of one past a pool's end, its last."""
        out = np.full((len(at), self.d), 0.5)
        for part, who, j in self._each(task):
            out[who, : part.d] = part.points(j, np.minimum(at[who], part.m - 1))
        return out

    def score_of(self, base: int, row: int, instance: Keys) -> float:
        part, j = self._one(base // self.m)
        return cast("PoolBatch", part).score_of(part.base(np.array([j])).item(), row, instance)

    def evaluate(self, base: Ints, at: Ints, fidelity: Floats | None, instance: Keys) -> tuple[NDArray[Any], None]:
        out = np.empty(len(at), self.dtype)
        for part, who, j in self._each(base // self.m):
            share = None if fidelity is None else fidelity[who]
            out[who] = part.evaluate(part.base(j), at[who], share, instance[who])[0]
        return out, None

    def outcome(self, base: Ints, at: Ints | None, fidelity: Floats | None) -> tuple[Floats, NDArray[np.int8]]:
        cell = base if at is None else base + at
        task, row = np.divmod(cell, self.m)
        cost, status = np.empty(len(cell)), np.empty(len(cell), np.int8)
        for part, who, j in self._each(task):
            share = None if fidelity is None else fidelity[who]
            cost[who], status[who] = part.outcome(part.base(j), row[who], share)
        return cost, status

    def outcome_of(self, task: int, at: int | NDArray[Any], fidelity: float) -> tuple[float, int]:
        part, j = self._one(task)
        return part.outcome_of(j, at, fidelity)

    def _narrow(self, at: NDArray[Any], part: TaskBatch) -> NDArray[Any]:
        return at
