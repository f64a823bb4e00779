"""`Slots`: the ring buffer of `n` runs, and what `Runs` shows of them to columns, paths and payments.

Time comes first, so that a step writes one contiguous block: at slot ``clock % h``, a clock that all runs share, also
when their episodes are staggered. Slots are known to this folder alone; others have `Runs.since` and the views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, StateError
from hpo_gym.env.runs.deferred import Deferred
from hpo_gym.problem import TaskBatchView, TaskProgress, filled

_I64 = np.dtype(np.int64)


class Slots(ABC):
    """The trials of `n` runs by slot, `h` of each.

    Args:
        h: The most trials that a run can have, initial design included.
        d: Columns of a point; 0 where rows of a pool are evaluated.

    Attributes:
        clock: Ticks so far.
        start: The tick of the first trial of each run's episode, ``(n,)``.
        in_step: Whether all episodes have begun at one tick.
        free: Trials of each episode that are not charged: its initial design.
        kept: Values of the kept columns, by name.
        by_trial: Names of the arrays by slot.
        price, whole_cost: Of this tick's trials, the part of a budget in cost, and the cost from the start, ``(n,)``.
    """

    d: int
    budget: float
    tabular: bool
    task: Ints
    instance: Keys
    base: Ints
    batch: TaskBatchView
    progress: TaskProgress | None
    cell: Ints | None
    block: NDArray[np.float32] | None
    row: NDArray[np.float32] | None

    def __init__(self, n: int, h: int, d: int, dtype: np.dtype[Any]) -> None:
        self.n, self.h = n, h
        self.clock = self.free = self.began = 0
        self.start = np.zeros(n, np.int64)
        self.in_step = True  # then all have begun at `_began`
        self._at: NDArray[Any] = np.full((h, n, d), np.nan) if d else np.full((h, n), -1, np.int64)
        self._score = np.zeros((h, n), dtype)
        self.kept: dict[str, NDArray[Any]] = {}
        self.by_trial = ["at", "score"]
        self.price = self.whole_cost = np.empty(0)
        self._deferred = Deferred(h)

    def __contains__(self, name: str) -> bool:
        """Return whether a quantity is kept."""
        return name in self.kept

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a kept quantity: ``(n, ...)``, or by slot ``(h, n, ...)``; raise `StateError` if it is not kept."""
        if name not in self.kept:
            raise StateError(f"`keeps` of the observer or codec must name {name!r}, kept are {sorted(self.kept)}.")
        return self.kept[name]

    @property
    def signals(self) -> NDArray[np.float32]:
        """Observed numbers of each run now beside its scores, by `TaskBatchView.signals`, ``(n, s)``; never written."""
        return self["signals"]

    @signals.setter
    def signals(self, signals: NDArray[np.float32]) -> None:
        self.kept["signals"] = signals

    # ------------------------------------------------------------------ time
    @property
    def t(self) -> int | Ints:
        """Trials so far, initial design included: one number while in step, else ``(n,)``."""
        return self.clock - (self.began if self.in_step else self.start)

    @property
    def spent(self) -> int | Floats | Ints:
        """Budget used, one number or ``(n,)``."""
        return self.kept["spent"] if "spent" in self.kept else self.t - self.free

    @property
    def left(self) -> float | Floats:
        """Share of the budget left, in [0, 1], one number or ``(n,)``."""
        if "spent" in self.kept:
            return np.maximum(1.0 - self.kept["spent"] / self.budget, 0.0)  # sums of fidelities and costs round
        return 1.0 - (self.t - self.free) / self.budget

    def left_of_one(self) -> float:
        """Return `left` of the only run, whose trials take 1 each."""
        return 1.0 - (self.clock - self.start.item(0) - self.free) / self.budget

    def count(self, i: int) -> int:
        """Return the trials of run `i` so far, initial design included."""
        return self.clock - self.start.item(i)

    def untried(self) -> NDArray[np.bool_]:
        """Return which runs have no trial yet, ``(n,)``."""
        return np.asarray(self.start == self.clock)

    @property
    def fresh(self) -> bool:
        """Return whether no run has a trial yet."""
        return self.in_step and self.clock == self.began

    def _restart(self) -> None:
        """Begin the time of all runs."""
        self.began, self.free = self.clock, 0
        self.in_step = True
        self.start = filled(self.n, self.clock, _I64)

    def _shift(self, which: Ints, start: int | Ints) -> None:
        """Set the ticks of the first trial of some runs."""
        self.start = self.start.copy()
        self.start[which] = start
        self.in_step = False

    # ------------------------------------------------------------------ what is in them
    @property
    def at(self) -> NDArray[Any]:
        """Rows ``(h, n)`` or points ``(h, n, d)`` by slot."""
        if self._deferred.any:
            self._settle()
        return self._at

    @property
    def score(self) -> NDArray[Any]:
        """Scores by slot, ``(h, n)``."""
        if self._deferred.any:
            self._settle()
        return self._score

    def _settle(self) -> None:
        """Write and move what steps have left to be written and moved."""
        self._deferred.settle(self._write_late, (self._at, self._score, *(self.kept[n] for n in self.by_trial[2:])))

    @abstractmethod
    def signed(self, task: Ints, at: NDArray[Any]) -> NDArray[np.float32]:
        """Return configurations in [-1, 1], ``(b, d)``."""

    @abstractmethod
    def _write_late(self, slot: int, cell: Ints) -> None:
        """Write the trials at flat places ``(n,)`` of a table to a slot."""

    # ------------------------------------------------------------------ in order
    @property
    def _last(self) -> int:
        """The slot of the last trial of each run."""
        return (self.clock - 1) % self.h

    def score_before(self, first: float) -> NDArray[np.float64]:
        """Return the score of each run's last trial but one, fresh, ``(n,)``; `first` where there is none."""
        before = self.score[(self.clock - 2) % self.h].astype(np.float64)
        return np.where(np.broadcast_to(self.t, self.n) > 1, before, first)

    def score_before_one(self, first: float) -> float:
        """Return `score_before` of the only run."""
        return first if self.count(0) < 2 else float(self.score.item((self.clock - 2) % self.h, 0))

    def ordered(self, slots: NDArray[Any]) -> NDArray[Any]:
        """Return an array by slot ``(h, n, ...)`` by run and trial: ``(n, h, ...)``, stale after `t`."""
        order = (self.start[:, None] + np.arange(self.h)) % self.h
        return np.asarray(slots[order, np.arange(self.n)[:, None]])

    def exists(self) -> NDArray[np.bool_]:
        """Return which trials of `ordered` exist, ``(n, h)``."""
        return np.asarray(np.arange(self.h) < np.broadcast_to(self.t, self.n)[:, None])

    def scores(self) -> NDArray[Any]:
        """Return scores by run and trial, ``(n, h)``; see `exists`."""
        return self.ordered(self.score)

    def last_row(self) -> int:
        """Return the row of the last trial of the only run."""
        return int(self.at.item((self.clock - 1) % self.h, 0))

    def of_one(self, slots: NDArray[Any]) -> NDArray[Any]:
        """Return an array by slot of the only run, by trial: ``(t, ...)``; do not write to it."""
        start = self.start.item(0)
        first = start % self.h
        end = first + self.clock - start
        if end <= self.h:
            return slots[first:end, 0]
        return np.concatenate([slots[first:, 0], slots[: end - self.h, 0]])

    def _slots(self, i: int) -> Ints:
        """Return the slots of the trials of run `i`, in their order."""
        return np.arange(self.clock - self.count(i), self.clock) % self.h
