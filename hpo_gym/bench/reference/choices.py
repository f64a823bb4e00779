"""Choices of runs as arrays, in as few bytes as possible, and the optimizer that repeats them.

The initial design belongs to the instance and is not stored. Stored are `count` ``(cells,)``, `at` (rows of the pool,
or points, one run after the other), `level` (positions among the fidelities) unless all are full, and `refused` (1 for
a refused proposal, whose `at` is 0) where some are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.bench.cells import Arrays, Cell
from hpo_gym.env import Runs
from hpo_gym.optimize import REFUSED, Context
from hpo_gym.problem import Suite, Task, batch_of
from hpo_gym.system import Record


def choices_of(
    suite: Suite, cells: Sequence[Cell], records: Sequence[Record], n_init: int, *, exact: bool = False
) -> Arrays:
    """Return the choices of stored runs of one suite, in the order of the cells; a failed run has none.

    Args:
        exact: Points in double precision, where single precision would round them.
    """
    count, at, level, refused = [], [], [], list[NDArray[Any]]()
    wide = max(t.space.d for t in suite.tasks("test"))
    for cell, record in zip(cells, records, strict=True):
        task, done = suite.task(cell.task), record.status == "done"
        x = record.arrays["x"][n_init:] if done else np.empty((0, task.space.d))
        f = record.arrays["fidelity"][n_init:] if done else np.empty(0)
        no = record.arrays["refused"][n_init:] if "refused" in record.arrays else np.zeros(len(x), np.int8)
        batch = batch_of([task])
        if batch.m:
            rows = batch.place(np.zeros(len(x), np.int64), np.asarray(x)) if len(x) else np.empty(0, np.int64)
            at.append(np.where(no, 0, rows))
        else:
            points = np.where(no[:, None], 0.0, x[:, : task.space.d])
            at.append(np.pad(points, ((0, 0), (0, wide - task.space.d))).ravel())
        refused.append(no)
        count.append(len(x))
        level.append(np.abs(f[:, None] - np.array(task.fidelities)).argmin(1))
    levels = np.concatenate(level)
    out: Arrays = {"count": np.array(count, np.uint16), "at": _small(np.concatenate(at), exact)}
    if len(levels) and (levels < len(suite.task(cells[0].task).fidelities) - 1).any():
        out["level"] = levels.astype(np.uint8)
    if len(levels) and np.concatenate(refused).any():
        out["refused"] = np.concatenate(refused).astype(np.uint8)
    return out


def _small(at: NDArray[Any], exact: bool) -> NDArray[Any]:
    """Return rows, or points, in the smallest type that holds them."""
    if at.dtype.kind == "i":
        return at.astype(np.uint32 if at.max(initial=0) > 65_535 else np.uint16)
    single = at.astype(np.float32)
    return at if exact and (single != at).any() else single


def runs_of(task: Task, stored: Mapping[str, NDArray[Any]]) -> list[Arrays]:
    """Return the choices of each run, `at` and `fidelity` ``(t,)``; any task of the suite knows its fidelities.

    The `at` of a refused proposal is that of `hpo_gym.optimize.BatchOptimizer`.
    """
    ends = np.cumsum(stored["count"].astype(np.int64))
    trials = int(ends[-1]) if len(ends) else 0
    fidelity = np.array(task.fidelities)[stored["level"]] if "level" in stored else np.ones(trials)
    at, cut = stored["at"], ends[:-1]
    wide = len(at) // trials if trials else task.space.d  # numbers of one choice: 1 for a row, else those of a point
    shaped = at.astype(np.int64) if at.dtype.kind == "u" else at.reshape(trials, wide).astype(np.float64)
    if "refused" in stored:
        shaped[stored["refused"] > 0] = REFUSED if shaped.ndim == 1 else np.inf
    return [{"at": a, "fidelity": f} for a, f in zip(np.split(shaped, cut), np.split(fidelity, cut), strict=True)]


def by_space(suite: Suite, cells: Sequence[Cell]) -> Iterator[list[int]]:
    """Yield the places of cells whose tasks share a search space and fidelities: they can run at once."""
    groups: dict[Any, list[int]] = {}
    for i, cell in enumerate(cells):
        task = suite.task(cell.task)
        groups.setdefault((task.space, task.fidelities), []).append(i)
    yield from groups.values()


class Player:
    """An optimizer that repeats recorded choices, for many runs at once.

    Args:
        recorded: `at` and `fidelity` of each run.
        d: Columns of the search space; a recorded point may have more.
    """

    def __init__(self, recorded: Sequence[Arrays], d: int) -> None:
        self._rows, self._step = all(run["at"].ndim == 1 for run in recorded), 0
        most, n = max((len(run["at"]) for run in recorded), default=0), len(recorded)
        self._at: NDArray[Any] = np.full((most, n), -1, np.int64) if self._rows else np.full((most, n, d), np.nan)
        self._fidelity = np.ones((most, n))
        for i, run in enumerate(recorded):
            t = len(run["at"])
            if t:
                self._at[:t, i] = run["at"] if self._rows else run["at"][:, :d]
                self._fidelity[:t, i] = run["fidelity"]

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` runs: the recorded ones, in this order."""
        assert len(contexts) == self._fidelity.shape[1]
        self._step = 0

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], Floats]:
        """Return the next choice of each run; -1 or a point of NaN after its last."""
        t = self._step
        self._step += 1
        if t < len(self._at):
            return self._at[t], self._fidelity[t]
        return np.full(self._at.shape[1:], -1 if self._rows else np.nan, self._at.dtype), np.ones(self._at.shape[1])
