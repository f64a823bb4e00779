"""The cosine schedule."""

from __future__ import annotations

import math

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("cosine", family="schedule", trainable=False)
class Cosine(Schedule):
    """Half a cosine: the learning rate falls slowly, fast, and slowly again; a linear warm-up may come before it.

    **Reference**: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5; for
    the warm-up Goyal et al., "Accurate, large minibatch SGD", arXiv 1706.02677, 2017.

    **Differs from the paper**: no restarts; the rate changes once an epoch.

    Args:
        rate: The peak.
        warmup: Share of the epochs before the peak.
        end: The rate of the last epoch, as a share of the peak.
    """

    version = 2

    def __init__(self, rate: float = 0.0418, warmup: float = 0.131, end: float = 0.139) -> None:
        self.rate, self.warmup, self.end = rate, warmup, end

    def check(self) -> None:
        """Check that the rate is above 0, the shares in [0, 1]."""
        in_range(rate=(self.rate, LEAST, MOST), warmup=(self.warmup, 0.0, 1.0), end=(self.end, 0.0, 1.0))

    def log_rate(self, now: Epoch) -> Floats:
        """By the epoch."""
        return math.log10(self.rate) + shapes.cosine(now, self.warmup, self.end)
