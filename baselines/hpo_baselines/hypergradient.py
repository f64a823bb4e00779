"""Hypergradient descent."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("hypergradient", family="schedule", trainable=False)
class Hypergradient(Schedule):
    """Hypergradient descent: the learning rate goes down the gradient of the loss by the learning rate itself.

    In the multiplicative form the rate is multiplied by 1 + `beta` times the cosine of a gradient and the one before.

    **Reference**: Baydin, Cornish, Martínez Rubio, Schmidt and Wood, "Online learning rate adaptation with
    hypergradient descent", ICLR 2018, eq. 8.

    **Differs from the paper**: one step an epoch, by the mean cosine of neighbouring gradients in it, the signal
    `alignment`, not one an update. The cosine is of plain gradients, whatever the momentum.

    Args:
        rate: The first learning rate.
        beta: The learning rate of the learning rate.
    """

    reads = ("alignment",)

    version = 2

    def __init__(self, rate: float = 0.0249, beta: float = 0.01) -> None:
        self.rate, self.beta = rate, beta

    def check(self) -> None:
        """Check that the rate is above 0, `beta` in [0, .99]."""
        in_range(rate=(self.rate, LEAST, MOST), beta=(self.beta, 0.0, 0.99))

    def log_rate(self, now: Epoch) -> Floats:
        """Return the rate of the epoch before, times 1 + beta cosine."""
        moved = now.last + np.log10(1.0 + self.beta * np.clip(now.signals["alignment"], -1.0, 1.0))
        return np.where(now.t == 0, math.log10(self.rate), moved)
