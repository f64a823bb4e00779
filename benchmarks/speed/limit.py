"""The bare NumPy limit of a tabular env: what a step costs when nothing can be chosen and nothing is checked.

100 tasks x 1,000 configurations x 8 hyperparameters and 50 trials, where nothing else is said. The observation is the
configuration, its score, the best score and the share of budget left, 11 float32; the reward is the improvement. All
runs are in step, and a run that ends begins anew in the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

TASKS, ROWS, D, BUDGET = 100, 1000, 8, 50
_rng = np.random.default_rng(0)
SCORES = _rng.random((TASKS, ROWS), dtype=np.float32)
POINTS = _rng.random((ROWS, D), dtype=np.float32)
FUSED = np.zeros((TASKS * ROWS, D + 3), np.float32)
FUSED[:, :D] = np.tile(POINTS, (TASKS, 1))
FUSED[:, D] = SCORES.ravel()
RING = 32  # prepared actions, used in turn


def actions(n: int) -> list[Any]:
    """Random rows for `n` runs."""
    return list(np.ascontiguousarray(_rng.integers(0, ROWS, size=(RING, n))))


def runner(env: Any, ring: list[Any]) -> Callable[[int], None]:
    """A case of `timing.rates` that steps a vector env, each slice going on in the ring where the last one stopped."""
    step, size, done = env.step, len(ring), 0

    def run(count: int) -> None:
        nonlocal done
        for i in range(done, done + count):
            step(ring[i % size])
        done += count

    return run


class Last:
    """The last trial is observed.

    Args:
        n: Number of runs.
        points, scores: The table, ``(m, d)``, or of each task ``(k, m, d)``, in [0, 1], and ``(k, m)``; fused where an
            env may fuse it.
        repeats: Scores of single seeds ``(k, m, r)``, of which each evaluation draws one, or None.
        budget: Trials of an episode.
    """

    def __init__(
        self, n: int, points: Any = POINTS, scores: Any = SCORES, repeats: Any = None, budget: int = BUDGET
    ) -> None:
        (self.k, self.m), d = scores.shape, points.shape[-1]
        self.n, self.budget, self.t, self.rng = n, budget, 0, np.random.default_rng(0)
        self.base = self.rng.integers(0, self.k, n) * self.m
        self.best, self.new = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.at, self.reward = np.zeros(n, np.int64), np.zeros(n, np.float32)
        self.obs = np.zeros((n, d + 3), np.float32)
        self.score, self.shown, self.left = self.obs[:, d], self.obs[:, d + 1], self.obs[:, d + 2]
        self.no, self.yes, self.info = np.zeros(n, bool), np.ones(n, bool), {}
        self.scores = np.ascontiguousarray(scores if repeats is None else repeats, np.float32).reshape(-1)
        self.r = 1 if repeats is None else repeats.shape[-1]
        self.apart = repeats is not None or scores.size * (d + 3) * 4 > 64 << 20
        self.rows = np.zeros((self.m if self.apart else scores.size, d + 3), np.float32)
        self.rows[:, :d] = points if self.apart else np.broadcast_to(points, (self.k, self.m, d)).reshape(-1, d)
        if not self.apart:
            self.rows[:, d] = self.scores

    def step(self, rows: Any) -> Any:
        np.add(self.base, rows, self.at)
        if self.apart:
            self.rows.take(rows, 0, self.obs, "clip")
            self.score[:] = self.scores.take(self.at if self.r == 1 else self._drawn(), mode="clip")
        else:
            self.rows.take(self.at, 0, self.obs, "clip")
        np.maximum(self.best, self.score, out=self.new)
        np.subtract(self.new, self.best, self.reward)
        self.best, self.new = self.new, self.best
        self.t += 1
        if self.t < self.budget:
            self.shown[:] = self.best
            self.left.fill(1.0 - self.t / self.budget)
            ended = self.no
        else:
            np.multiply(self.rng.integers(0, self.k, self.n), self.m, out=self.base)
            self.best.fill(0)
            self.t = 0
            self.obs.fill(0)
            self.left.fill(1)
            ended = self.yes
        return self.obs.copy(), self.reward.copy(), self.no, ended, self.info

    def _drawn(self) -> Any:
        self.at *= self.r
        self.at += self.rng.integers(0, self.r, self.n)
        return self.at


class History:
    """All trials are observed, ``(50, 9)`` float32 a run."""

    def __init__(self, n: int) -> None:
        self.n, self.t, self.rng = n, 0, np.random.default_rng(0)
        self.base = self.rng.integers(0, TASKS, n) * ROWS
        self.best, self.new = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.at, self.reward = np.zeros(n, np.int64), np.zeros(n, np.float32)
        self.row, self.rows = np.zeros((n, D + 1), np.float32), np.ascontiguousarray(FUSED[:, : D + 1])
        self.history, self.no = np.zeros((n, BUDGET, D + 1), np.float32), np.zeros(n, bool)

    def step(self, rows: Any) -> Any:
        np.add(self.base, rows, self.at)
        self.rows.take(self.at, 0, self.row, "clip")
        self.history[:, self.t] = self.row
        np.maximum(self.best, self.row[:, D], out=self.new)
        np.subtract(self.new, self.best, self.reward)
        self.best, self.new = self.new, self.best
        self.t += 1
        if self.t >= BUDGET:
            np.multiply(self.rng.integers(0, TASKS, self.n), ROWS, out=self.base)
            self.best.fill(0)
            self.t = 0
            self.history.fill(0)
        return self.history.copy(), self.reward.copy(), self.no, self.no, {}
