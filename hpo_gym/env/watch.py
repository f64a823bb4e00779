"""`Watch`: how long the episodes of many runs have gone on, and what they came to."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask


class Watch:
    """Counts steps and rewards of episodes that begin and end apart.

    Args:
        n: Number of runs.
        limit: Steps after which an episode is late, or None: never.
        dim: Objectives of a reward that is a vector; 0 where it is a number.
    """

    def __init__(self, n: int, limit: int | None = None, dim: int = 0) -> None:
        self.n, self.limit = n, np.inf if limit is None else limit
        self._shape = (n, dim) if dim else (n,)
        self._tick = 0
        self._began: int | Ints = 0
        self._clock: float | NDArray[np.float64] = 0.0
        self._returns = np.zeros(self._shape)

    def begin(self, which: Ints | None) -> None:
        """Episodes of all runs (None) or of those at `which` begin."""
        if which is None:
            self._began, self._clock, self._returns = self._tick, time.perf_counter(), np.zeros(self._shape)
            return
        if not isinstance(self._began, np.ndarray) or not isinstance(self._clock, np.ndarray):
            self._began, self._clock = np.full(self.n, self._began), np.full(self.n, self._clock)
        self._began[which], self._clock[which], self._returns[which] = self._tick, time.perf_counter(), 0.0

    def step(self, rewards: NDArray[np.float64] | None) -> None:
        """A step of all runs, with its rewards ``(n,)`` or ``(n, dim)``; None where all begin in it."""
        self._tick += 1
        if rewards is not None:
            self._returns += rewards

    def late(self) -> Mask:
        """Whose episode has reached the limit, ``(n,)``."""
        return np.broadcast_to(self._tick - self._began >= self.limit, self.n)

    def statistics(self, ended: Ints | None) -> dict[str, Any]:
        """What Gymnasium's RecordEpisodeStatistics tells of episodes that end now: of all runs (None) or of some."""
        n, which = self.n, slice(None) if ended is None else ended
        mask, returns = np.zeros(n, bool), np.zeros(self._shape)
        length, seconds = np.zeros(n, np.int64), np.zeros(n)
        mask[which], returns[which] = True, self._returns[which]
        length[which] = self._tick - (self._began if isinstance(self._began, int) else self._began[which])
        seconds[which] = time.perf_counter() - (self._clock if isinstance(self._clock, float) else self._clock[which])
        return {"episode": {"r": returns, "l": length, "t": seconds}, "_episode": mask}
