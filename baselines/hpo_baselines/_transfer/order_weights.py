"""Weights of earlier tasks as hypotheses: those with the same order of trials as the run count most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Mask

TEMPERATURE = 0.08  # share of discordant pairs that lowers a task's weight to 1 / e
_LEAST = 1e-9  # sum of the weights of a run that may know none of the tasks; pairs of a run without any


def discordant_share(
    scores: NDArray[np.floating], y: NDArray[np.floating], *, known: Mask | None = None, pairs: float = 0.0
) -> NDArray[np.floating]:
    """Return each earlier task's share of discordant pairs of trials, ``(n, k)``, in the type of `scores`.

    A tie is an order of its own.

    Args:
        scores: Of the tasks at the trials, ``(n, k, t)``.
        y: Of the trials, ``(n, t)``.
        known: Mask of known scores, ``(n, k, t)``, and so of the pairs that count; None: all.
        pairs: Number of additional pairs, half of them discordant, so that a task with few known scores is not certain.
    """
    n, k, t = scores.shape
    count, wrong = np.full((n, k), pairs, scores.dtype), np.full((n, k), pairs / 2, scores.dtype)
    for i in range(1, t):
        order, mine = scores[:, :, i, None] - scores[:, :, :i], y[:, None, i, None] - y[:, None, :i]
        both = np.ones(order.shape, bool) if known is None else known[:, :, i, None] & known[:, :, :i]
        count += both.sum(2)
        wrong += (both & (np.sign(order) != np.sign(mine))).sum(2)
    return np.asarray(wrong / np.maximum(count, _LEAST))


def order_weights(
    share: NDArray[np.floating], *, may: Mask | None = None, temperature: float = TEMPERATURE
) -> NDArray[np.floating]:
    """Return weights of earlier tasks for each run, ``(n, k)``, with a sum of 1: ``exp(-share / temperature)``.

    Args:
        share: `discordant_share`; without a pair, all tasks count alike.
        may: Tasks that a run may know, ``(n, k)``; the others have no weight. None: all.
        temperature: Share that lowers a weight to 1 / e.
    """
    share = share if may is None else np.where(may, share, np.inf)
    likely = np.exp((share.min(1, keepdims=True, initial=1.0) - share) / temperature)
    return np.asarray(likely / np.maximum(likely.sum(1, keepdims=True), _LEAST))
