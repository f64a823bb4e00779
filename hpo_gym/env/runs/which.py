"""`Which`: a choice of runs: none, all, or those at some positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask


@dataclass(frozen=True, eq=False, slots=True)
class Which:
    """Some of `n` runs.

    Attributes:
        at: Index of the chosen runs in an array ``(n, ...)``: positions ``(b,)``, or a slice of all.
        none, all: Whether no run, or every run, is chosen.
    """

    at: Ints | slice
    none: bool = False
    all: bool = False

    @classmethod
    def of(cls, positions: Ints) -> Which:
        """Choose the runs at `positions` ``(b,)``; none where it is empty."""
        return cls(positions) if len(positions) else NO_RUNS

    def take(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the chosen runs' values, of ``(n, ...)``."""
        taken: NDArray[Any] = values[self.at]
        return taken

    def positions(self, n: int) -> Ints:
        """Return the positions of the chosen runs, ``(b,)``."""
        return np.arange(n) if isinstance(self.at, slice) else self.at

    def mask(self, n: int) -> Mask:
        """Return a mask of the chosen runs, ``(n,)``."""
        mask = np.zeros(n, bool)
        mask[self.at] = True
        return mask


NO_RUNS = Which(np.empty(0, np.int64), none=True)
ALL_RUNS = Which(slice(None), all=True)
