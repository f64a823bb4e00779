"""Updates of weights: momentum and Adam, each run by its own learning rate, momentum and batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask, Singles

DECAY, SMALL = np.float32(0.99), np.float32(1e-8)
"""Of Adam: the decay of the second moment, and the term added to its root."""


def momentum(
    weights: Singles, moved: Singles, gradient: Singles, rate: Singles, decay: Singles, who: Mask | None
) -> None:
    """``v <- decay v - rate g``, ``w <- w + v``, in place, of all runs (None) or of `who` ``(m,)``.

    Args:
        weights, moved, gradient: ``(m, p)``; the gradient is overwritten.
        rate, decay: ``(m, 1)``.
    """
    gradient *= rate
    if who is None:
        moved *= decay
        moved -= gradient
        weights += moved
    else:
        mask = who[:, None]
        np.copyto(moved, decay * moved - gradient, where=mask)
        np.add(weights, moved, out=weights, where=mask)


def adam(
    weights: Singles, moved: Singles, first: Singles, second: Singles, times: Ints, gradient: Singles, rate: Singles,
    decay: Singles, who: Mask | None,
) -> None:  # fmt: skip
    """Take a step of Adam (Kingma and Ba, ICLR 2015) with beta1 = `decay` and beta2 = .99, in place; `moved` is the
    last move.

    Args:
        weights, moved, first, second, gradient: ``(m, p)``.
        times: Updates so far, ``(m,)``; counted here.
        rate, decay: ``(m, 1)``.
        who: Runs to move, ``(m,)``; None: all.
    """
    go = np.ones(len(weights), bool) if who is None else who
    times += go
    mask, t = go[:, None], np.maximum(times, 1)[:, None]
    np.copyto(first, decay * first + (1 - decay) * gradient, where=mask)
    np.copyto(second, DECAY * second + (1 - DECAY) * (gradient * gradient), where=mask)
    up = (1 - decay.astype(np.float64) ** t).astype(np.float32)
    down = (1 - DECAY.astype(np.float64) ** t).astype(np.float32)
    step = -(rate / up) * (first / (np.sqrt(second / down) + SMALL))
    np.copyto(moved, step, where=mask)
    np.add(weights, moved, out=weights, where=mask)


def due(slot: int, every: NDArray[np.integer]) -> Mask:
    """Return the runs whose batch of `every` ``(m,)`` slots is full after the slot of this number, counted from 0."""
    return np.asarray((slot + 1) % every == 0)
