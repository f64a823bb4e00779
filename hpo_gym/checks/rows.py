"""`CheckedRows`: the rows of pools from the tasks themselves, and the available ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints, Mask
from hpo_gym.checks.account import Account
from hpo_gym.checks.faults import Faults
from hpo_gym.env import Grid, Kernel, Move
from hpo_gym.env import Pool as PoolCodec
from hpo_gym.problem import Evaluations, Points, Pool, Task

Pools = dict[tuple[int, tuple[int, ...]], tuple[Pool, Mask]]
"""Pools of tasks, with masks of rows unique in their configuration."""


class CheckedRows:
    """The pools of an env's tasks.

    Args:
        kernel: Of the env.
        pools: Known pools, for sharing.
        train: The training tasks of the suite.

    Attributes:
        of_rows: Whether the codec is `pool`; other codecs mask in their own way.
    """

    codec: Any

    def __init__(self, kernel: Kernel, pools: Pools | None = None, train: Sequence[Task] = ()) -> None:
        self._train, self._earlier = train, dict[str, Floats]()
        self.kernel, self.codec, self.contexts = kernel, kernel.parts.codec, kernel.contexts
        self.of_rows = isinstance(self.codec, PoolCodec)
        space = self.codec.space(self.contexts)
        self._width = int(space.n) if hasattr(space, "n") else int(np.sum(getattr(space, "nvec", 0)))
        self._pools: Pools = {} if pools is None else pools
        self._numbers = {task.name: number for number, task in enumerate(kernel.batch.tasks)}
        self._run: Account | None = None  # the run that the next two are of
        self._drawn: dict[int | None, tuple[Ints, Mask]] = {}
        self._reported: list[int] = []

    def check_masks(self, masks: Mask, account: Account, faults: Faults) -> None:
        """Rows are masked where they were not measured on the task, and where `duplicates="mask"` once they are tried.

        Args:
            masks: Of the run, ``(a,)``.
            account: The run.
            faults: Where to note.
        """
        good = isinstance(masks, np.ndarray) and masks.dtype == bool and masks.shape == (self._width,)
        if not faults.expect(good, f"`action_masks` is no array of {self._width} bools"):
            return
        if isinstance(self.codec, (Grid, Move)):
            faults.expect(masks.all(), "`action_masks` masks an action of a codec that masks none")
        if not self.of_rows:
            return
        width = self.codec.candidates or self.contexts.batch.m
        faults.expect(masks[width:].all(), "`action_masks` masks a fidelity, or to stop")
        rows, there = self._rows(account, self.codec.candidates)
        tried, sure = self._tried(account, rows)
        masking = self.kernel.parts.duplicates == "mask"
        allowed = there & ~tried if masking else there
        allowed = allowed if allowed.any() else np.ones_like(there)
        fault = "`action_masks` are not what was measured" + (" and not tried" if masking else "")
        same = (masks[:width] == allowed)[sure].all()
        faults.once(same, fault, f"{fault} on task {account.task.name!r} after {account.t} trials")

    def shown(self, account: Account) -> tuple[Points, Mask, Mask, Mask] | None:
        """Return the candidates of the `pool` observer ``(c, d)``, with masks of available, tried and certain ones.

        None if the task's pool is smaller than the number shown.
        """
        rows, there = self._rows(account, self.kernel.parts.observer.candidates)
        pool = self._pool(account.task)[0].x
        return None if len(pool) < self.contexts.batch.m else (pool[rows], there, *self._tried(account, rows))

    def earlier(self, account: Account) -> Floats:
        """Return the costs of the `pool` observer's candidates on training tasks of other families, ``(c,)``.

        The mean over those tasks of the natural logarithm of the cost, less the task's mean; 0 if unknown.
        """
        task = account.task
        if task.name not in self._earlier:
            others = [e for e in self._train if e.family != task.family and e.pool is task.pool]
            logs = np.array([_log_costs(e.evaluations()) for e in others]).reshape(len(others), self.contexts.batch.m)
            there = ~np.isnan(logs)
            self._earlier[task.name] = np.where(there, logs, 0.0).sum(0) / np.maximum(there.sum(0), 1)
        return self._earlier[task.name][self._rows(account, self.kernel.parts.observer.candidates)[0]]

    def row(self, action: Any, account: Account) -> int | None:
        """Return the row of an action, or None if it was not measured on the task, so that another answers."""
        choice = int(np.asarray(action).flat[0])
        rows, there = self._rows(account, self.codec.candidates)
        return int(rows[choice]) if there[choice] else None

    def points(self, task: Task) -> tuple[Points, Mask]:
        """Return the pool of a task, and a mask of its measured rows."""
        x = self._pool(task)[0].x
        return x, np.ones(len(x), bool) if task.measured is None else task.measured

    def _rows(self, account: Account, candidates: int | None) -> tuple[Ints, Mask]:
        """Return the row of each choice, and whether it was measured on the task and is no repeat."""
        if self._run is not account:
            self._run, self._reported, self._drawn = account, [], {}
        if candidates not in self._drawn:
            self._drawn[candidates] = self._draw(account, candidates)
        return self._drawn[candidates]

    def _draw(self, account: Account, candidates: int | None) -> tuple[Ints, Mask]:
        task, number = account.task, self._numbers[account.task.name]
        measured = np.zeros(self.contexts.batch.m, bool)
        measured[: len(self._pool(task)[0].x)] = True if task.measured is None else task.measured
        if candidates is None:
            return np.arange(len(measured)), measured
        rows = self.contexts.rows(np.array([number]), np.array([account.instance], np.uint64))[0]
        return rows, measured[rows] & (np.arange(candidates) < measured.sum())

    def _tried(self, account: Account, rows: Ints) -> tuple[Mask, Mask]:
        """Return the actions with a tried configuration, and those unique in their configuration."""
        task, (pool, alone) = account.task, self._pool(account.task)
        width = self.contexts.batch.m
        tried, sure = np.zeros(width, bool), np.ones(width, bool)
        sure[: len(alone)] = alone
        for trial in account.trials[len(self._reported) :]:
            self._reported.append(pool.row(task.space.to_unit(trial.config)))
        tried[self._reported] = True
        return tried[rows], sure[rows]

    def _pool(self, task: Task) -> tuple[Pool, Mask]:
        """Return the pool of a task, and a mask of its unique rows; tasks may share it."""
        x = task.pool
        assert x is not None
        key = x.__array_interface__["data"][0], x.shape
        if key not in self._pools:
            pool = Pool(task.space, x)
            self._pools[key] = pool, np.bincount(pool.group, minlength=len(x))[pool.group] == 1
        return self._pools[key]


def _log_costs(known: Evaluations) -> Floats:
    """Natural logarithms of the costs of a task's rows less their mean; NaN of rows that say nothing."""
    there = ~np.isnan(known.score) & np.isfinite(known.cost) & (known.cost > 0)
    costs = np.where(there, known.cost, np.nan)
    if not there.any() or np.nanmin(costs) == np.nanmax(costs):
        return np.full(len(costs), np.nan)
    return np.asarray(np.log(costs) - np.nanmean(np.log(costs)))
