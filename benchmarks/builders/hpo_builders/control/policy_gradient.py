"""Parts that policy gradients share: softmax, discounted sums, weights of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Singles


def log_softmax(logits: Singles) -> Singles:
    """Return the softmax of logits ``(.., a, n)`` along their actions."""
    shifted = logits - logits.max(-2, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-2, keepdims=True)))


def entropy_slope(log_p: Singles) -> Singles:
    """Slope of the entropy by the logits, ``(.., a, n)``: -p (log p + H)."""
    p = np.exp(log_p)
    return np.asarray(-p * (log_p - (p * log_p).sum(-2, keepdims=True)))


def returns_to_go(reward: Singles, discount: float) -> Singles:
    """Discounted sums of the rewards ``(h, ..)`` from each step on."""
    out = reward.copy()
    for t in range(len(out) - 2, -1, -1):
        out[t] += np.float32(discount) * out[t + 1]
    return out


def advantages(
    reward: Singles, value: Singles, alive: NDArray[np.bool_] | None, discount: float, lambda_: float
) -> Singles:
    """Generalised advantage estimates ``(h, ..)``: Schulman et al. (2016), eq. 16.

    Args:
        reward: ``(h, ..)``.
        value: Of the states before each step and after the last, ``(h + 1, ..)``.
        alive: Where it was not over, ``(h + 1, ..)``; what is over is worth 0. None: everywhere.
        discount, lambda_: As in the paper.
    """
    if alive is not None:
        value = np.where(alive, value, 0)
    out = reward + np.float32(discount) * value[1:] - value[:-1]
    for t in range(len(out) - 2, -1, -1):
        out[t] += np.float32(discount * lambda_) * out[t + 1]
    return out


def shares(alive: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> Singles:
    """Return the weight of each step ``(h, b, n)``: equal for live steps, 1 in sum over a training, 0 for others."""
    if alive is None:
        return np.full(shape, 1 / (shape[0] * shape[2]), np.float32)
    return np.asarray(alive / np.maximum(alive.sum((0, 2), keepdims=True), 1), np.float32)


def standard(value: Singles, share: Singles) -> Singles:
    """Values ``(h, b, n)`` less their mean, by their deviation, of each training, by what each step counts."""
    mean = (share * value).sum((0, 2), keepdims=True)
    apart = value - mean
    spread = np.sqrt((share * apart * apart).sum((0, 2), keepdims=True))
    return np.asarray(apart / (spread + np.float32(1e-8)))


def columns(values: NDArray[Any]) -> NDArray[Any]:
    """From steps first ``(h, b, i, n)`` to ``(b, i, h n)``; from ``(h, b, n)`` to ``(b, h n)``."""
    order = (1, 2, 0, 3) if values.ndim == 4 else (1, 0, 2)
    moved = values.transpose(order)
    return np.asarray(moved.reshape(*moved.shape[:-2], -1))


def taken(log_p: Singles, action: NDArray[np.int64]) -> Singles:
    """Entries ``(b, n)`` of ``(b, a, n)`` at actions ``(b, n)``."""
    return np.asarray(np.take_along_axis(log_p, action[:, None], 1)[:, 0])


def one_hot(action: NDArray[np.int64], a: int) -> Singles:
    """Actions ``(b, n)`` as ``(b, a, n)``."""
    return np.asarray(action[:, None] == np.arange(a)[:, None], np.float32)
