"""The one-cycle schedule."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("one-cycle", family="schedule", trainable=False)
class OneCycle(Schedule):
    """One cycle: the learning rate rises to a peak in the first part of the training and falls far below its start.

    It rises linearly and falls by half a cosine.

    **Reference**: Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", SPIE 11006, 2019, arXiv 1708.07120.

    **Differs from the paper**: the fall is one piece, not two; the momentum stays as it is.

    Args:
        rate: The peak.
        rise: Share of the training at which it is reached.
        start: The first rate, as a share of the peak.
        end: The last rate, as a share of the peak.
    """

    version = 2

    def __init__(self, rate: float = 0.0449, rise: float = 0.0716, start: float = 0.103, end: float = 0.141) -> None:
        self.rate, self.rise, self.start, self.end = rate, rise, start, end

    def check(self) -> None:
        """Check that the rate is above 0, the rise in [.01, .99], the other shares in [0, 1]."""
        in_range(
            rate=(self.rate, LEAST, MOST), rise=(self.rise, 0.01, 0.99), start=(self.start, 0.0, 1.0),
            end=(self.end, 0.0, 1.0),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """By the share of the training."""
        up = self.start + (1.0 - self.start) * now.share / self.rise
        fallen = np.clip((now.share - self.rise) / (1.0 - self.rise), 0.0, 1.0)
        down = self.end + (1.0 - self.end) * 0.5 * (1.0 + np.cos(np.pi * fallen))
        return math.log10(self.rate) + shapes.log10(np.where(now.share < self.rise, up, down))
