"""Agreement of earlier tasks with the order of a run's trials, pair by pair."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats

PEAK = 0.75  # of the Epanechnikov kernel


def discordance(mean: Floats, y: Floats) -> Floats:
    """Return the share of pairs of trials that each task orders otherwise than the run, ``(k,)``.

    Args:
        mean: Predictions of tasks at the run's trials, ``(k, n)``, `n` at least 2.
        y: The run's scores, ``(n,)``.
    """
    i, j = np.triu_indices(len(y), 1)
    return np.asarray(((mean[:, i] > mean[:, j]) != (y[i] > y[j])).mean(1))


def kernel_weights(mean: Floats, y: Floats, bandwidth: float) -> Floats:
    """Epanechnikov weights of tasks by their discordance, ``(k,)``; with fewer than two trials all alike."""
    if len(y) < 2:
        return np.full(len(mean), PEAK)
    t = discordance(mean, y) / bandwidth
    return np.asarray(np.where(t < 1.0, PEAK * (1.0 - t * t), 0.0))
