"""`Slots`: the ring buffer of `n` runs.

Time comes first, so that a step writes one contiguous block: at slot ``clock % h``, a clock that all runs share, also
when their episodes are staggered. Slots are known to this folder alone; elsewhere use `ordered`, `Runs.since`,
`Runs.arrays` or the views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints
from hpo_gym.env.runs.columns import COLUMNS, Column
from hpo_gym.problem import filled

NOBODY = np.empty(0, np.int64)
_I64 = np.dtype(np.int64)


class Slots(ABC):
    """The trials of `n` runs by slot, `h` of each.

    Args:
        n: Number of runs.
        h: The most trials that a run can have, initial design included.
        d: Columns of a point; 0 where rows of a pool are evaluated.
        dtype: Type of the scores.

    Attributes:
        clock: Ticks so far.
        start: The tick of the first trial of each run's episode, ``(n,)``.
        in_step: Whether all episodes have begun at one tick.
        free: Trials of each episode that are not charged: its initial design.
        kept: Values of the kept columns, by name.
    """

    def __init__(self, n: int, h: int, d: int, dtype: np.dtype[Any]) -> None:
        self.n, self.h = n, h
        self.clock = self.free = self._began = 0
        self.start = np.zeros(n, np.int64)
        self.in_step = True  # then all have begun at `_began`
        self._at: NDArray[Any] = np.full((h, n, d), np.nan) if d else np.full((h, n), -1, np.int64)
        self._score = np.zeros((h, n), dtype)
        self.kept: dict[str, NDArray[Any]] = {}
        self._columns: dict[str, Column] = {}
        self._late: dict[int, Ints] = {}  # by slot: flat places of trials that are not yet written there
        self._halted = NOBODY  # runs whose trials are still to be moved up by one slot
        self._before = np.arange(-1, h - 1)[:, None]  # the slot before each

    def __contains__(self, name: str) -> bool:
        """Return whether a quantity is kept."""
        return name in self.kept

    # ------------------------------------------------------------------ time
    @property
    def t(self) -> int | Ints:
        """Trials so far, initial design included: one number while in step, else ``(n,)``."""
        return self.clock - (self._began if self.in_step else self.start)

    def count(self, i: int) -> int:
        """Return the trials of run `i` so far, initial design included."""
        return self.clock - self.start.item(i)

    def untried(self) -> NDArray[np.bool_]:
        """Return which runs have no trial yet, ``(n,)``."""
        return np.asarray(self.start == self.clock)

    @property
    def fresh(self) -> bool:
        """Return whether no run has a trial yet."""
        return self.in_step and self.clock == self._began

    def _restart(self) -> None:
        """Begin the time of all runs."""
        self._began, self.free = self.clock, 0
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
        if self._late or self._halted.size:
            self._settle()
        return self._at

    @property
    def score(self) -> NDArray[Any]:
        """Scores by slot, ``(h, n)``."""
        if self._late or self._halted.size:
            self._settle()
        return self._score

    def _keep(self, names: list[str]) -> None:
        """Make room for columns; those of trials come first."""
        made = {name: COLUMNS.get(name)() for name in dict.fromkeys(names)}
        self._columns = dict(sorted(made.items(), key=lambda item: not item[1].by_trial))

    @property
    def by_trial(self) -> list[str]:
        """Names of the arrays by slot."""
        return ["at", "score", *(name for name, column in self._columns.items() if column.by_trial)]

    def _settle(self) -> None:
        """Write and move what steps have left to be written and moved: most agents never ask for it."""
        for slot, cell in self._late.items():
            self._write_late(slot, cell)
        self._late.clear()
        if self._halted.size:
            who, self._halted = self._halted, NOBODY
            for slots in (self._at, self._score, *(self.kept[name] for name in self.by_trial[2:])):
                slots[:, who] = slots[self._before, who]

    def _forget(self, gone: NDArray[np.bool_]) -> None:
        """Leave unmoved the trials of runs that begin anew, `gone` ``(n,)``: they are not asked for again."""
        if self._halted.size and gone[self._halted].all():
            self._halted = NOBODY

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

    def _slots(self, i: int) -> Ints:
        """Return the slots of the trials of run `i`, in their order."""
        return np.arange(self.clock - self.count(i), self.clock) % self.h
