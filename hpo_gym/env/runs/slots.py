"""`Slots`: the ring buffer of `n` runs.

Time comes first, so that a step writes one contiguous block: at slot ``clock % h``, a clock that all runs share, also
when their episodes are staggered. Only this room knows of slots; others ask `ordered`, `Runs.since`, `Runs.arrays` or
the views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints

Time = int | NDArray[np.int64]
"""A count of trials: one number while all runs are in step, else ``(n,)``."""


class Slots(ABC):
    """The trials of `n` runs by slot, `h` of each.

    Args:
        n: Number of runs.
        h: The most trials that a run can have, given points counted.
        d: Columns of a point; 0 where rows of a pool are evaluated.
        dtype: Type of the scores.
        fidelity: Whether trials can have a fidelity below 1.
        signals: Numbers that are seen of a run beside its scores.
        priced: Whether to keep cost and status also where they can be looked up.
        checkpoints: Whether to keep what trials would cost without checkpoints, too.

    Attributes:
        clock: Ticks so far.
        start: The tick of the first trial of each run's episode.
        fidelity: ``(h, n)``, or None: all are full.
        cost, status: ``(h, n)``, or None: they can be looked up.
        shown: What was seen after each trial, ``(h, n, s)``, or None: nothing but scores.
    """

    def __init__(
        self, n: int, h: int, d: int, dtype: np.dtype[Any], *, fidelity: bool, signals: int = 0, priced: bool = False,
        checkpoints: bool = False,
    ) -> None:  # fmt: skip
        self.n, self.h = n, h
        self.clock = 0
        self.start: Time = 0
        self._at: NDArray[Any] = np.full((h, n, d), np.nan) if d else np.full((h, n), -1, np.int64)
        self._score = np.zeros((h, n), dtype)
        self.fidelity = np.ones((h, n)) if fidelity else None
        self.cost = np.zeros((h, n)) if d or priced else None
        self.status = np.zeros((h, n), np.int8) if d or priced else None
        self._full_cost = np.zeros((h, n)) if checkpoints else None  # without them
        self.shown = np.zeros((h, n, signals), np.float32) if signals else None
        self._late: dict[int, Ints] = {}  # by slot: flat places of trials that are not yet written there
        self._halted: Ints | None = None  # whose trials are still to be moved up by one slot
        self._before = np.arange(-1, h - 1)[:, None]  # the slot before each

    # ------------------------------------------------------------------ time
    @property
    def t(self) -> Time:
        """Trials so far, given points counted."""
        return self.clock - self.start

    def count(self, i: int) -> int:
        """Trials of run `i` so far, given points counted."""
        return self.clock - (self.start if isinstance(self.start, int) else self.start.item(i))

    def untried(self) -> NDArray[np.bool_]:
        """Which runs have no trial yet, ``(n,)``."""
        untried = self.start == self.clock
        return untried if isinstance(untried, np.ndarray) else np.full(self.n, untried)

    @property
    def fresh(self) -> bool:
        """Whether no run has a trial yet."""
        return isinstance(self.start, int) and self.clock == self.start

    # ------------------------------------------------------------------ what is in them
    @property
    def at(self) -> NDArray[Any]:
        """Rows ``(h, n)`` or points ``(h, n, d)`` by slot."""
        if self._late or self._halted is not None:
            self._settle()
        return self._at

    @property
    def score(self) -> NDArray[Any]:
        """Scores by slot, ``(h, n)``."""
        if self._late or self._halted is not None:
            self._settle()
        return self._score

    def _settle(self) -> None:
        """Write and move what steps have left to be written and moved: most agents never ask for it."""
        for slot, cell in self._late.items():
            self._write_late(slot, cell)
        self._late.clear()
        if self._halted is not None:
            who, self._halted = self._halted, None
            for slots in (self._at, self._score, self.fidelity, self.cost, self.status, self._full_cost, self.shown):
                if slots is not None:
                    slots[:, who] = slots[self._before, who]

    def _forget(self, gone: NDArray[np.bool_] | None) -> None:
        """Leave unmoved what nobody will ask for: trials of runs that begin anew, `gone` ``(n,)``."""
        if self._halted is not None and gone is not None and gone[self._halted].all():
            self._halted = None

    @abstractmethod
    def _write_late(self, slot: int, cell: Ints) -> None:
        """Write the trials at flat places ``(n,)`` of a table to a slot."""

    # ------------------------------------------------------------------ in order
    @property
    def _last(self) -> int:
        """The slot of the last trial of each run."""
        return (self.clock - 1) % self.h

    def score_before(self, first: float) -> NDArray[np.float64]:
        """Score of the trial before the last one of each run, fresh, ``(n,)``; `first` where there is none."""
        before = self.score[(self.clock - 2) % self.h].astype(np.float64)
        return np.where(np.broadcast_to(self.t, self.n) > 1, before, first)

    def score_before_one(self, first: float) -> float:
        """As `score_before`, of the only run."""
        return first if self.count(0) < 2 else float(self.score.item((self.clock - 2) % self.h, 0))

    def ordered(self, slots: NDArray[Any]) -> NDArray[Any]:
        """What an array by slot ``(h, n, ...)`` holds, by run and trial: ``(n, h, ...)``, stale after `t`."""
        order = (np.broadcast_to(self.start, self.n)[:, None] + np.arange(self.h)) % self.h
        return np.asarray(slots[order, np.arange(self.n)[:, None]])

    def exists(self) -> NDArray[np.bool_]:
        """Which trials of `ordered` exist, ``(n, h)``."""
        return np.asarray(np.arange(self.h) < np.broadcast_to(self.t, self.n)[:, None])

    def scores(self) -> NDArray[Any]:
        """Scores by run and trial, ``(n, h)``; see `exists`."""
        return self.ordered(self.score)

    def _slots(self, i: int) -> Ints:
        """Where the trials of run `i` are, the first first."""
        return np.arange(self.clock - self.count(i), self.clock) % self.h
