"""A constant learning rate."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("constant", family="schedule", trainable=False)
class Constant(Schedule):
    """One learning rate in all epochs, on every task: the reference for all schedules.

    **Reference**: Robbins and Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22, 1951.

    **Differs from the paper**: there the rate must fall; here it does not.

    Args:
        rate: The learning rate.
    """

    version = 2

    def __init__(self, rate: float = 0.0274) -> None:
        self.rate = rate

    def check(self) -> None:
        """Check that the rate is above 0."""
        in_range(rate=(self.rate, LEAST, MOST))

    def log_rate(self, now: Epoch) -> Floats:
        """Return the same rate always."""
        return np.full(len(now.t), math.log10(self.rate))
