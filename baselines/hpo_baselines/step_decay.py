"""Step decay."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats, whole
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("step", family="schedule", trainable=False)
class StepDecay(Schedule):
    """Step decay: the learning rate falls to a share of itself a few times, at equal distances.

    **Reference**: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.

    **Differs from the paper**: the drops are spread evenly over the budget; there they come at half and three quarters.

    Args:
        rate: The first learning rate.
        factor: What it is multiplied by at each drop.
        drops: How many there are.
    """

    version = 2

    def __init__(self, rate: float = 0.0371, factor: float = 0.479, drops: int = 1) -> None:
        self.rate, self.factor, self.drops = rate, factor, drops

    def check(self) -> None:
        """Check that the rate is above 0, the factor in (0, 1]."""
        in_range(rate=(self.rate, LEAST, MOST), factor=(self.factor, LEAST, 1.0))
        whole("drops", self.drops, 0)

    def log_rate(self, now: Epoch) -> Floats:
        """By the number of drops so far."""
        drops = np.minimum(np.floor(now.t * (self.drops + 1.0) / now.epochs), self.drops)
        return math.log10(self.rate) + drops * math.log10(self.factor)
