"""`Deferred`: what steps leave to be written to slots, since most agents never ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask

_NOBODY = np.empty(0, np.int64)


class Deferred:
    """Trials that are not written yet, and trials that are not moved yet.

    Attributes:
        any: Whether there are any.
    """

    def __init__(self, h: int) -> None:
        self.any = False
        self._late: dict[int, Ints] = {}  # by slot, the flat places of trials in a table
        self._unmoved = _NOBODY  # runs whose trials are still to be moved up by one slot
        self._before = np.arange(-1, h - 1)[:, None]  # the slot before each

    def write(self, slot: int, cell: Ints) -> None:
        """Leave the trials at flat places ``(n,)`` of a table to be written to a slot."""
        self._late[slot], self.any = cell, True

    def move(self, who: Ints) -> None:
        """Leave the trials of some runs to be moved up by one slot; nothing else may be deferred."""
        self._unmoved, self.any = who, who.size > 0

    def forget(self, gone: Mask) -> None:
        """Leave unmoved the trials of runs that begin anew, `gone` ``(n,)``: they are not asked for again."""
        if self._unmoved.size and gone[self._unmoved].all():
            self._unmoved, self.any = _NOBODY, bool(self._late)

    def clear(self) -> None:
        """Forget all."""
        self._late.clear()
        self._unmoved, self.any = _NOBODY, False

    def settle(self, write: Callable[[int, Ints], None], by_slot: Iterable[NDArray[Any]]) -> None:
        """Write what is late by `write`, and move trials in the arrays `by_slot` ``(h, n, ...)``."""
        for slot, cell in self._late.items():
            write(slot, cell)
        for slots in by_slot if self._unmoved.size else ():
            slots[:, self._unmoved] = slots[self._before, self._unmoved]
        self.clear()
