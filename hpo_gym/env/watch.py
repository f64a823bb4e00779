"""`Watch`: how long the episodes of many runs have gone on, and what they came to."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Mask
from hpo_gym.env.runs.which import Which


class Watch:
    """Counts steps and rewards of episodes that begin and end apart.

    Args:
        limit: Steps after which an episode is late, or None: never.
        dim: Objectives of a reward that is a vector; 0 where it is a number.
    """

    def __init__(self, n: int, limit: int | None = None, dim: int = 0) -> None:
        self.n, self.limit = n, np.inf if limit is None else limit
        self._shape = (n, dim) if dim else (n,)
        self._tick = 0
        self._began, self._clock = np.zeros(n, np.int64), np.zeros(n)
        self._returns = np.zeros(self._shape)

    def begin(self, which: Which) -> None:
        """Begin episodes."""
        at = which.at
        self._began[at], self._clock[at], self._returns[at] = self._tick, time.perf_counter(), 0.0

    def step(self, rewards: NDArray[np.float64] | None) -> None:
        """Count a step of all runs, with its rewards ``(n,)`` or ``(n, dim)``; None if all begin in it."""
        self._tick += 1
        if rewards is not None:
            self._returns += rewards

    def late(self) -> Mask:
        """Return the runs whose episode has reached the limit, ``(n,)``."""
        return np.broadcast_to(self._tick - self._began >= self.limit, self.n)

    def statistics(self, ended: Which) -> dict[str, Any]:
        """Return the infos of Gymnasium's RecordEpisodeStatistics for episodes that end now."""
        n, which = self.n, ended.at
        mask, returns = np.zeros(n, bool), np.zeros(self._shape)
        length, seconds = np.zeros(n, np.int64), np.zeros(n)
        mask[which], returns[which] = True, self._returns[which]
        length[which] = self._tick - self._began[which]
        seconds[which] = time.perf_counter() - self._clock[which]
        return {"episode": {"r": returns, "l": length, "t": seconds}, "_episode": mask}
