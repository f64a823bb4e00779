"""Updates of weights: momentum and Adam, each run by its own learning rate, momentum and batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask, Singles
from hpo_gym.suites.tasks.training.recipe import Recipe

DECAY, SMALL = np.float32(0.99), np.float32(1e-8)
"""Of Adam: the decay of the second moment, and the term added to its root."""


class Weights(NamedTuple):
    """Weights and optimizer state of `n` runs, each ``(n, p)``, and updates so far ``(n,)``.

    Attributes:
        moved: Momentum; of Adam the last move.
        first, second: Moments of Adam; of another optimizer without columns.
        times: Updates of Adam.
    """

    value: Singles
    moved: Singles
    first: Singles
    second: Singles
    times: Ints

    @classmethod
    def of(cls, n: int, recipe: Recipe) -> Weights:
        """Room for `n` runs."""
        p, q = recipe.weights, recipe.weights if recipe.optimizer == "adam" else 0
        value, moved, first, second = (np.zeros((n, width), np.float32) for width in (p, p, q, q))
        return cls(value, moved, first, second, np.zeros(n, np.int64))

    def part(self, at: slice | Ints) -> Weights:
        """Return the weights of some runs; views if `at` is a slice."""
        return Weights(self.value[at], self.moved[at], self.first[at], self.second[at], self.times[at])


def momentum(weights: Weights, gradient: Singles, rate: Singles, decay: Singles, who: Mask | None) -> None:
    """``v <- decay v - rate g``, ``w <- w + v``, in place, of all runs (None) or of `who` ``(m,)``.

    Args:
        gradient: ``(m, p)``; overwritten.
        rate, decay: ``(m, 1)``.
    """
    value, moved, *_ = weights
    gradient *= rate
    if who is None:
        moved *= decay
        moved -= gradient
        value += moved
    else:
        mask = who[:, None]
        np.copyto(moved, decay * moved - gradient, where=mask)
        np.add(value, moved, out=value, where=mask)


def adam(weights: Weights, gradient: Singles, rate: Singles, decay: Singles, who: Mask | None) -> None:
    """Take a step of Adam (Kingma and Ba, ICLR 2015) with beta1 = `decay` and beta2 = .99, in place.

    Args:
        gradient: ``(m, p)``.
        rate, decay: ``(m, 1)``.
        who: Runs to move, ``(m,)``; None: all.
    """
    value, moved, first, second, times = weights
    go = np.ones(len(value), bool) if who is None else who
    times += go
    mask, t = go[:, None], np.maximum(times, 1)[:, None]
    np.copyto(first, decay * first + (1 - decay) * gradient, where=mask)
    np.copyto(second, DECAY * second + (1 - DECAY) * (gradient * gradient), where=mask)
    up = (1 - decay.astype(np.float64) ** t).astype(np.float32)
    down = (1 - DECAY.astype(np.float64) ** t).astype(np.float32)
    step = -(rate / up) * (first / (np.sqrt(second / down) + SMALL))
    np.copyto(moved, step, where=mask)
    np.add(value, moved, out=value, where=mask)


def due(slot: int, every: NDArray[np.integer]) -> Mask:
    """Return the runs whose batch of `every` ``(m,)`` slots is full after the slot of this number, counted from 0."""
    return np.asarray((slot + 1) % every == 0)
