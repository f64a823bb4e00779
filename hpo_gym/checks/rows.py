"""`Rows`: what the actions of a `pool` codec are by the tasks themselves, and which of them may be chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.checks.account import Account
from hpo_gym.checks.faults import Faults
from hpo_gym.codecs.grid import Grid
from hpo_gym.codecs.move import Move
from hpo_gym.codecs.pool import Pool as PoolCodec
from hpo_gym.nearest.pool import Pool
from hpo_gym.task import Ints, Task

Mask = NDArray[np.bool_]


class Rows:
    """The pools of an env's tasks.

    Attributes:
        of_rows: Whether the codec is `pool`; what another masks is its own matter.
    """

    def __init__(self, kernel: Any) -> None:
        self.kernel, self.codec, self.contexts = kernel, kernel.parts.codec, kernel.contexts
        self.of_rows = isinstance(self.codec, PoolCodec)
        space = self.codec.space(self.contexts)
        self._width = int(space.n) if hasattr(space, "n") else int(np.sum(getattr(space, "nvec", 0)))
        self._pools: dict[tuple[int, tuple[int, ...]], tuple[Pool, Mask]] = {}
        self._run: Account | None = None  # the run that the next two are of
        self._drawn: tuple[Ints, Mask] = np.empty(0, np.int64), np.empty(0, bool)
        self._told: list[int] = []

    def check_masks(self, masks: Mask, account: Account, number: int, faults: Faults) -> None:
        """Rows are masked where they were not measured on the task, and where `duplicates="mask"` once they are tried.

        Args:
            masks: Of the run, ``(a,)``.
            account: The run.
            number: The position of its task.
            faults: Where to note.
        """
        good = isinstance(masks, np.ndarray) and masks.dtype == bool and masks.shape == (self._width,)
        if not faults.expect(good, f"`action_masks` is no array of {self._width} bools"):
            return
        if isinstance(self.codec, (Grid, Move)):
            faults.expect(masks.all(), "`action_masks` masks an action of a codec that masks none")
        if not self.of_rows:
            return
        width = self.codec.candidates or self.contexts.bank.m
        faults.expect(masks[width:].all(), "`action_masks` masks a fidelity, or to stop")
        rows, there = self._rows(account, number)
        tried, sure = self._tried(account, rows)
        masking = self.kernel.parts.duplicates == "mask"
        allowed = there & ~tried if masking else there
        allowed = allowed if allowed.any() else np.ones_like(there)
        fault = "`action_masks` are not what was measured" + (" and not tried" if masking else "")
        same = (masks[:width] == allowed)[sure].all()
        faults.once(same, fault, f"{fault} on task {account.task.name!r} after {account.t} trials")

    def check_row(self, action: Any, config: Any, account: Account, number: int, faults: Faults) -> None:
        """An action that is a measured row evaluates that row."""
        choice = int(np.asarray(action).flat[0])
        rows, there = self._rows(account, number)
        if there[choice]:
            row = account.task.space.from_unit(self._pool(account.task)[0].x[rows[choice]])
            faults.once(config == row, "row", f"The action {choice} evaluates {config}, its row is {row}")

    def _rows(self, account: Account, number: int) -> tuple[Ints, Mask]:
        """The row that each action is, and whether it was measured on the task and is no repeat."""
        if self._run is not account:
            self._run, self._told, self._drawn = account, [], self._draw(account, number)
        return self._drawn

    def _draw(self, account: Account, number: int) -> tuple[Ints, Mask]:
        task, candidates = account.task, self.codec.candidates
        measured = np.zeros(self.contexts.bank.m, bool)
        measured[: len(self._pool(task)[0].x)] = True if task.measured is None else task.measured
        if candidates is None:
            return np.arange(len(measured)), measured
        rows = self.contexts.rows(np.array([number]), np.array([account.world], np.uint64))[0]
        return rows, measured[rows] & (np.arange(candidates) < measured.sum())

    def _tried(self, account: Account, rows: Ints) -> tuple[Mask, Mask]:
        """Which actions are a configuration that was tried, and which are the only one of their configuration."""
        task, (pool, alone) = account.task, self._pool(account.task)
        width = self.contexts.bank.m
        tried, sure = np.zeros(width, bool), np.ones(width, bool)
        sure[: len(alone)] = alone
        for trial in account.trials[len(self._told) :]:
            self._told.append(pool.row(task.space.to_unit(trial.config)))
        tried[self._told] = True
        return tried[rows], sure[rows]

    def _pool(self, task: Task) -> tuple[Pool, Mask]:
        """The pool of a task, and which of its rows are the only one of their configuration; tasks may share it."""
        x = task.pool
        assert x is not None
        key = x.__array_interface__["data"][0], x.shape
        if key not in self._pools:
            pool = Pool(task.space, x)
            self._pools[key] = pool, np.bincount(pool.group, minlength=len(x))[pool.group] == 1
        return self._pools[key]
