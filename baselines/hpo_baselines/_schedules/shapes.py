"""Shapes common to several schedules, as logarithms to base 10 of factors of the rate."""

from __future__ import annotations

import numpy as np

from hpo_baselines._schedules.schedule import Epoch
from hpo_gym.base import Floats

NONE = 1e-12
"""Stands for 0 in a logarithm."""


def cosine(now: Epoch, warmup: float, end: float) -> Floats:
    """Return a linear warm-up, then half a cosine from 1 in the first epoch after it to `end` in the last, ``(n,)``.

    Args:
        now: The epoch.
        warmup: Share of the epochs; of `w` of them the first has ``1 / (w + 1)``, the next ``2 / (w + 1)``, and so on.
        end: Share of the peak.
    """
    warm = np.floor(warmup * now.epochs)
    share = np.clip((now.t - warm) / np.maximum(now.epochs - 1.0 - warm, 1.0), 0.0, 1.0)
    falling = end + (1.0 - end) * 0.5 * (1.0 + np.cos(np.pi * share))
    return log10(np.where(now.t < warm, (now.t + 1.0) / (warm + 1.0), falling))


def polynomial(now: Epoch, power: float | Floats) -> Floats:
    """Return the share of epochs that are left, at the start of each, to a power, ``(n,)``: 1 in the first epoch."""
    return power * np.log10(np.clip(1.0 - now.t / now.epochs, 1.0 / now.epochs, 1.0))


def log10(value: Floats) -> Floats:
    """Return the logarithm to base 10 of a number at or above 0, with `NONE` for 0."""
    return np.log10(np.maximum(value, NONE))
