"""`Deferred`: what steps leave to be written to slots, since most agents never ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask

_NOBODY = np.empty(0, np.int64)


class Deferred:
    """Trials that are not written yet, and trials that are not moved yet. True if there are any.

    Attributes:
        late: By slot, the flat places in a table of trials ``(n,)`` that are not yet written there.
    """

    def __init__(self, h: int) -> None:
        self.late: dict[int, Ints] = {}
        self._unmoved = _NOBODY  # runs whose trials are still to be moved up by one slot
        self._before = np.arange(-1, h - 1)[:, None]  # the slot before each

    def __bool__(self) -> bool:
        return bool(self.late) or self._unmoved.size > 0

    def move(self, who: Ints) -> None:
        """Leave the trials of some runs to be moved up by one slot; nothing else may be deferred."""
        self._unmoved = who

    def forget(self, gone: Mask) -> None:
        """Leave unmoved the trials of runs that begin anew, `gone` ``(n,)``: they are not asked for again."""
        if self._unmoved.size and gone[self._unmoved].all():
            self._unmoved = _NOBODY

    def clear(self) -> None:
        """Forget all."""
        self.late.clear()
        self._unmoved = _NOBODY

    def settle(self, write: Callable[[int, Ints], None], by_slot: Iterable[NDArray[Any]]) -> None:
        """Write what is late by `write`, and move trials in the arrays `by_slot` ``(h, n, ...)``."""
        for slot, cell in self.late.items():
            write(slot, cell)
        for slots in by_slot if self._unmoved.size else ():
            slots[:, self._unmoved] = slots[self._before, self._unmoved]
        self.clear()
