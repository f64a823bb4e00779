"""Ways to evaluate one trial of each run, from a look-up in a fused table to a task at a time; one for a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Mask
from hpo_gym.env.runs.slots import Slots
from hpo_gym.problem import Evaluated, PoolBatch, TaskBatch, TaskProgress

Outcome = tuple[NDArray[Any], Evaluated | None]
Path = Callable[[Slots, NDArray[Any], Floats | None, Mask | None], Outcome]
"""From runs, what each evaluates, its fidelity and who is idle to scores ``(n,)`` and, where it cannot be looked up
later, the whole outcome. What is said of idle runs is not used."""

_MANY = 2048
_empty, _F32 = np.empty, np.dtype(np.float32)


def path_of(batch: TaskBatch, n: int, *, fused: bool, fidelity: bool, progress: TaskProgress | None = None) -> Path:
    """Return the fastest evaluation path for a task batch.

    Args:
        progress: State of the runs, if their trials build on each other.
        fused: Whether the rows of a table are to be gathered (see `Runs.block`).
    """
    if progress:
        return Onward(progress)
    if not isinstance(batch, PoolBatch):
        return Points(batch)
    if fused and not fidelity and batch.fused is not None:
        return FusedRows(batch, n)
    if fused and batch.frames is not None:
        return FramedRows(batch, n)
    return Rows(batch, n)


class Rows:
    """Scores are looked up, also of idle runs: that is cheaper than to leave them out."""

    def __init__(self, batch: PoolBatch, n: int) -> None:
        self.batch, self.n = batch, n

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.batch, self.n)  # a pickle has no rows beside those of the batch

    def __call__(self, runs: Slots, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> Outcome:
        return self.batch.evaluate(runs.base, at, fidelity, runs.instance)

    def one(self, runs: Slots, row: int) -> float:
        """Return the score of a full evaluation of the only run; what shows its row writes `Slots.row`."""
        return self.batch.score_of(runs.base.item(0), row, runs.instance)


class FusedRows(Rows):
    """One gather gives configuration and score of each run."""

    def __init__(self, batch: PoolBatch, n: int) -> None:
        super().__init__(batch, n)
        table = batch.fused
        assert table is not None
        self.table, self.shape, self.score = table, (n, table.shape[1]), table.shape[1] - 3
        self.few = n < _MANY

    def __call__(self, runs: Slots, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> Outcome:
        runs.cell = cell = runs.base + at
        runs.block = block = self.gather(cell)
        return block[:, self.score], None

    def gather(self, cell: Ints) -> NDArray[np.float32]:
        """Return the rows at flat places ``(n,)``, fresh: with `out` and "clip", NumPy neither copies twice nor checks.

        For few rows, a plain `take` is faster.
        """
        return self.table.take(cell, 0, _empty(self.shape, _F32), "clip")

    def one(self, runs: Slots, row: int) -> float:
        runs.row = shown = self.table[runs.base.item(0) + row].copy()
        return float(shown.item(self.score))

    def scores(self, cell: Ints) -> NDArray[np.float32]:
        """Return the scores at flat places ``(n,)``."""
        return np.asarray(self.table[cell, self.score])


class FramedRows(Rows):
    """One gather gives the configurations, another the scores."""

    def __init__(self, batch: PoolBatch, n: int) -> None:
        super().__init__(batch, n)
        frames = batch.frames
        assert frames is not None
        self.frames, self.shape, self.one_pool = frames, (n, batch.d + 3), len(frames) == batch.m
        self.sure = not batch.fallible  # else `Runs` writes the scores, when it knows what failures are served

    def __call__(self, runs: Slots, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> Outcome:
        runs.block = block = _empty(self.shape, _F32)
        self.frames.take(at if self.one_pool else runs.base + at, 0, block, "clip")
        score, outcome = self.batch.evaluate(runs.base, at, fidelity, runs.instance)
        if self.sure:
            block[:, self.batch.d] = score
        return score, outcome

    def one(self, runs: Slots, row: int) -> float:
        base = runs.base.item(0)
        score = self.batch.score_of(base, row, runs.instance)
        if self.batch.dtype == _F32:  # other scores are scaled in an own way
            runs.row = shown = self.frames[row if self.one_pool else base + row].copy()
            shown[self.batch.d] = score
        return score


class Points:
    """Scores are computed, only of runs that are not idle."""

    def __init__(self, batch: TaskBatch) -> None:
        self.batch = batch

    def __call__(self, runs: Slots, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> Outcome:
        if idle is None:
            return self.batch.evaluate(runs.base, at, fidelity, runs.instance)
        go, n = ~idle, runs.n
        score, whole = np.zeros(n), Evaluated(np.zeros(n), np.zeros(n), np.zeros(n, np.int8))
        if go.any():
            share = None if fidelity is None else fidelity[go]
            score[go], some = self.batch.evaluate(runs.base[go], at[go], share, runs.instance[go])
            if some:
                whole.score[go], whole.cost[go], whole.status[go] = some
        return score, whole


class Onward:
    """A trial goes on from the one before it, of runs that are not idle."""

    def __init__(self, progress: TaskProgress) -> None:
        self.progress = progress

    def __call__(self, runs: Slots, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> Outcome:
        outcome = self.progress.advance(at, idle)
        runs.signals = self.progress.signals
        return outcome.score, outcome
