"""`Workers`: simulated workers that run trials side by side, on a clock of recorded durations."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """Workers that run one trial at a time each, from time 0 on; `now` is the time, in the unit of the durations.

    `finish` moves the clock to the end of the trial that ends first; of several, of the one launched first.
    """

    def __init__(self, count: int) -> None:
        self.count, self.now = count, 0.0
        self._ends: list[tuple[float, int, T]] = []
        self._launched = 0

    @property
    def free(self) -> bool:
        """Whether a worker has no trial."""
        return len(self._ends) < self.count

    @property
    def running(self) -> list[T]:
        """Return the running trials, in the order of their launch."""
        return [trial for _, _, trial in sorted(self._ends, key=lambda end: end[1])]

    def launch(self, trial: T, duration: float) -> None:
        """Begin a trial now, on a free worker."""
        heapq.heappush(self._ends, (self.now + duration, self._launched, trial))
        self._launched += 1

    def finish(self) -> T:
        """Return the trial that ends first, at its end."""
        self.now, _, trial = heapq.heappop(self._ends)
        return trial
