"""One generation of an evolution strategy: from the returns of antithetic pairs to a step of the mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpo_gym.base import Floats, Keys, Singles, seeding
from hpo_gym.suites.tasks.training.keyed import keys

NOISE, STARTS, JUDGED, GAIN = range(11, 15)
"""Purposes of numbers drawn by key."""
_TINY = 1e-6


class StrategyStep(NamedTuple):
    """Result of a generation, of `m` runs.

    Attributes:
        direction: The gradient in units of the returns' deviation, ``(m, p)``; the learning rate multiplies it.
        spread: Standard deviation of the returns, ``(m,)``.
        told: Share of the pairs with two different returns, ``(m,)``.
        mean, best: Of the returns, ``(m,)``.
    """

    direction: Singles
    spread: Floats
    told: Floats
    mean: Floats
    best: Floats


def noise(key: Keys, pairs: int, size: int) -> Singles:
    """Return standard normal numbers of a generation, ``(m, pairs, size)``, by its keys ``(m,)``."""
    return seeding.normal(keys(key, NOISE, pairs * size)).astype(np.float32).reshape(len(key), pairs, size)


def step(drawn: Singles, plus: Singles, minus: Singles) -> StrategyStep:
    """Estimate the gradient as of Mania, Guy and Recht, "Simple random search of static linear policies is competitive
    for reinforcement learning" (NeurIPS 2018), version V1: the mean over pairs of (plus - minus) times the noise, by
    the standard deviation of all returns.

    Args:
        drawn: Noise, ``(m, pairs, p)``.
        plus, minus: Returns of the mean plus and minus sigma times the noise, ``(m, pairs)``.
    """
    both = np.concatenate([plus, minus], 1).astype(np.float64)
    spread, differ = both.std(1), plus - minus
    share = differ / (spread[:, None] + _TINY) / differ.shape[1]
    direction = np.zeros((len(drawn), drawn.shape[2]), np.float32)
    for j in range(differ.shape[1]):  # one after the other: the same bits in any company
        direction += share[:, j, None].astype(np.float32) * drawn[:, j]
    return StrategyStep(direction, spread, (differ != 0).mean(1), both.mean(1), both.max(1))
