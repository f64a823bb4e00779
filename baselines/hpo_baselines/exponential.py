"""Exponential decay."""

from __future__ import annotations

import math

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("exponential", family="schedule", trainable=False)
class Exponential(Schedule):
    """Exponential decay: the learning rate is multiplied by the same number in each epoch.

    **Reference**: Senior, Heigold, Ranzato and Yang, "An empirical study of learning rates in deep neural networks for
    speech recognition", ICASSP 2013.

    **Differs from the paper**: the decay is set by where it ends; the rate changes once an epoch.

    Args:
        rate: The first learning rate.
        end: The last one, as a share of the first.
    """

    version = 2

    def __init__(self, rate: float = 0.043, end: float = 0.286) -> None:
        self.rate, self.end = rate, end

    def check(self) -> None:
        """Check that the rate is above 0, the share in (0, 1]."""
        in_range(rate=(self.rate, LEAST, MOST), end=(self.end, LEAST, 1.0))

    def log_rate(self, now: Epoch) -> Floats:
        """Linear in the share of the training."""
        return math.log10(self.rate) + now.share * math.log10(self.end)
