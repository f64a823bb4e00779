"""Observations of an agent of several objectives, and rewards of a trial by its current weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_agents._objectives.weighing import Ranges, chebyshev, weights_at
from hpo_gym.base import Floats, tame
from hpo_gym.env import Contexts, Observer, Raw, Reward, Rewards, Runs
from hpo_gym.problem import Outcomes

Past = Callable[[Runs], tuple[Floats, NDArray[np.bool_]]]
"""From runs to the objectives of their trials, all maximised, ``(n, h, o)``, and a mask of successes, ``(n, h)``."""

MOST = 2.0
"""Upper limit of an observed loss."""


def past_of(outcomes: Outcomes) -> Past:
    """Return a `Past` for trials evaluated by the env."""

    def past(runs: Runs) -> tuple[Floats, NDArray[np.bool_]]:
        cost, status, further = runs.outcomes()
        n, h = status.shape
        values = outcomes.values(runs.scores().reshape(-1), cost.reshape(-1), further.reshape(n * h, -1))
        return (tame(values) * outcomes.signs).reshape(n, h, -1), runs.exists() & (status == 0)

    return past


class WeighedObserver(Observer):
    """``(2 d + 3 o + 2,)``: the weights of the next trial, the share of the budget left, whether nothing was tried; of
    the best trial by these weights and of the last one, the configuration and its losses.

    A loss is the distance of a trial below the run's best in that objective, in mean ranges of the training tasks, at
    most
    `MOST`; that of a failure is `MOST`. Before the first trial (or the first success, of the best one) configuration
    and losses are 0.

    Args:
        span: The mean ranges ``(o,)``.
        hold: Trials in a row that share weights.
        past: Results of the trials.
    """

    context = False

    def __init__(self, span: Floats, hold: int, past: Past) -> None:
        self.span, self.hold, self.past, self.served = span, hold, past, Raw()

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        d, o = contexts.space.d, len(self.span)
        parts = [(0.0, 1.0, o + 2), (-1.0, 1.0, d), (0.0, MOST, o), (-1.0, 1.0, d), (0.0, MOST, o)]
        low, high = (np.concatenate([np.full(p[2], p[side]) for p in parts]).astype(np.float32) for side in (0, 1))
        return gym.spaces.Box(low, high, dtype=np.float32)

    def __call__(self, contexts: Contexts, runs: Runs) -> NDArray[np.float32]:
        n, d, o = runs.n, contexts.space.d, len(self.span)
        t = np.broadcast_to(runs.t, n)
        weights = weights_at(runs.instance, t // self.hold, o)
        out = np.zeros((n, 2 * d + 3 * o + 2), np.float32)
        out[:, :o], out[:, o], out[:, o + 1] = weights, runs.left, t == 0
        if runs.fresh:
            return out
        values, good = self.past(runs)
        losses = self._losses(values, good)
        best = np.where(good, chebyshev(losses, weights[:, None]), np.inf).argmin(1)
        for which, begin, there in ((best, o + 2, np.asarray(good.any(1))), (t - 1, d + 2 * o + 2, np.asarray(t > 0))):
            each = np.arange(n), which
            x = runs.batch.points(runs.task, runs.ordered(runs.at)[each]) * 2.0 - 1.0
            out[:, begin : begin + d] = np.where(there[:, None], x, 0.0)
            out[:, begin + d : begin + d + o] = np.where(there[:, None], losses[each], 0.0)
        return out

    def _losses(self, values: Floats, good: NDArray[np.bool_]) -> Floats:
        """Return the losses of each trial ``(n, h, o)``."""
        seen = np.where(good[..., None], values, -np.inf)
        top = seen.max(1, keepdims=True)
        with np.errstate(invalid="ignore"):  # nothing has succeeded
            losses = (top - seen) / self.span
        return np.where(good[..., None], np.minimum(losses, MOST), MOST)


class ScalarisedGain(Reward):
    """By how much a trial lowers the augmented Chebyshev function of the run's best trial, by the trial's own weights.

    The vector is that of `VectorReward`; each objective is a loss in the range of the task's table, so the reward reads
    the oracle. Before the first success all losses are 1. For training splits only.

    Args:
        ranges: Of the tasks, in the order of the env's.
        hold: Trials in a row that share weights.
    """

    training_only = True

    def __init__(self, ranges: Ranges, hold: int) -> None:
        self.ranges, self.hold, self.past = ranges, hold, past_of(ranges.outcomes)

    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        t = np.broadcast_to(runs.t, runs.n)
        weights = weights_at(runs.instance, (t - 1) // self.hold, self.ranges.best.shape[1])
        values, good = self.past(runs)
        losses = np.ones(values.shape)
        losses[good] = self.ranges.losses(np.repeat(runs.task, good.sum(1)), values[good])
        worth = chebyshev(losses, weights[:, None])
        start = chebyshev(np.ones(weights.shape), weights)
        earlier = np.where(np.arange(good.shape[1]) < t[:, None] - 1, worth, np.inf).min(1)
        before = np.minimum(earlier, start)
        return np.asarray(before - np.minimum(before, worth[np.arange(runs.n), t - 1]))


def padded(reported: Sequence[tuple[Floats, bool]], h: int, o: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the trials of one run, from reported objectives ``(o,)`` and successes, in the form of a `Past`."""
    values, good = np.zeros((1, h, o)), np.zeros((1, h), bool)
    for t, (vector, succeeded) in enumerate(reported):
        values[0, t], good[0, t] = vector, succeeded
    return values, good
