"""The bare NumPy limit of a tabular env: what a step costs when nothing can be chosen and nothing is checked.

100 tasks x 1,000 configurations x 8 hyperparameters, 50 trials. The observation is the configuration, its score, the
best score and the share of budget left, 11 float32; the reward is the improvement. All runs are in step, and a run that
ends begins anew in the same step.
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
    """A case of `timing.rates` that steps a vector env."""
    step, size = env.step, len(ring)

    def run(count: int) -> None:
        for i in range(count):
            step(ring[i % size])

    return run


class AnyTable:
    """`Last` for any table: `points` ``(m, d)`` and `scores` ``(k, m)``, fused where the env fuses."""

    def __init__(self, n: int, points: Any, scores: Any, budget: int) -> None:
        (self.k, self.m), d = scores.shape, points.shape[1]
        self.n, self.d, self.budget, self.t = n, d, budget, 0
        self.rng = np.random.default_rng(0)
        self.base = self.rng.integers(0, self.k, n) * self.m
        self.best, self.at, self.obs = np.zeros(n, np.float32), np.zeros(n, np.int64), np.zeros((n, d + 3), np.float32)
        self.points, self.scores = np.ascontiguousarray(points * 2 - 1, np.float32), scores.reshape(-1)
        self.fused = None
        if scores.size * (d + 3) * 4 < 64 << 20:
            self.fused = np.zeros((scores.size, d + 3), np.float32)
            self.fused[:, :d], self.fused[:, d] = np.tile(self.points, (self.k, 1)), self.scores
        self.no, self.yes, self.info = np.zeros(n, bool), np.ones(n, bool), {}

    def step(self, rows: Any) -> Any:
        d, obs = self.d, self.obs
        np.add(self.base, rows, self.at)
        if self.fused is None:
            obs[:, :d] = self.points.take(rows, 0, mode="clip")
            obs[:, d] = self.scores.take(self.at, mode="clip")
        else:
            self.fused.take(self.at, 0, obs, "clip")
        new = np.maximum(self.best, obs[:, d])
        reward = new - self.best
        self.best = new
        self.t += 1
        ended = self.no
        if self.t < self.budget:
            obs[:, d + 1] = new
            obs[:, d + 2].fill(1.0 - self.t / self.budget)
        else:
            self.base = self.rng.integers(0, self.k, self.n) * self.m
            self.best = np.zeros(self.n, np.float32)
            self.t, ended = 0, self.yes
            obs.fill(0)
        return obs.copy(), reward, self.no, ended, self.info


class Last:
    """The last trial is observed."""

    def __init__(self, n: int) -> None:
        self.n, self.t, self.rng = n, 0, np.random.default_rng(0)
        self.base = self.rng.integers(0, TASKS, n) * ROWS
        self.best, self.new = np.zeros(n, np.float32), np.zeros(n, np.float32)
        self.at, self.reward = np.zeros(n, np.int64), np.zeros(n, np.float32)
        self.obs = np.zeros((n, D + 3), np.float32)
        self.score, self.shown, self.left = self.obs[:, D], self.obs[:, D + 1], self.obs[:, D + 2]
        self.no, self.yes, self.info = np.zeros(n, bool), np.ones(n, bool), {}

    def step(self, rows: Any) -> Any:
        np.add(self.base, rows, self.at)
        FUSED.take(self.at, 0, self.obs, "clip")
        np.maximum(self.best, self.score, out=self.new)
        np.subtract(self.new, self.best, self.reward)
        self.best, self.new = self.new, self.best
        self.t += 1
        if self.t < BUDGET:
            self.shown[:] = self.best
            self.left.fill(1.0 - self.t / BUDGET)
            ended = self.no
        else:
            np.multiply(self.rng.integers(0, TASKS, self.n), ROWS, out=self.base)
            self.best.fill(0)
            self.t = 0
            self.obs.fill(0)
            self.left.fill(1)
            ended = self.yes
        return self.obs.copy(), self.reward.copy(), self.no, ended, self.info


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
