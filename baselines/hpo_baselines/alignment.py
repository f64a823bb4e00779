"""A learning rate that follows the alignment of gradients."""

from __future__ import annotations

import numpy as np

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("alignment", family="schedule", trainable=False)
class Alignment(Schedule):
    """The learning rate rises while neighbouring gradients agree and falls while they do not.

    Its logarithm moves each epoch by `gain` times the excess of the mean cosine of neighbouring gradients, the signal
    `alignment`, over `target`. The first rate is divided by a power of the gradient norm at the start.

    **Reference**: Jacobs, "Increased rates of convergence through learning rate adaptation", Neural Networks 1, 1988.

    **Differs from the paper**: one rate for all weights, moved by the cosine of whole gradients, not by the signs of
    each weight's; up and down are alike, in the logarithm.

    Args:
        rate: The first learning rate for a gradient norm of 1.
        power: Of the gradient norm at the start.
        gain: Decades of a rise for a cosine of 1 above the target.
        target: The cosine at which the rate stays.
    """

    reads = ("alignment", "gradient_norm_at_start")

    version = 2

    def __init__(self, rate: float = 0.0902, power: float = 0.643, gain: float = 0.222, target: float = 0.378) -> None:
        self.rate, self.power, self.gain, self.target = rate, power, gain, target

    def check(self) -> None:
        """Check that the rate is above 0, the power in [0, 4], the gain in [0, 12], the target in [-1, 1]."""
        in_range(
            rate=(self.rate, LEAST, MOST), power=(self.power, 0.0, 4.0), gain=(self.gain, 0.0, 12.0),
            target=(self.target, -1.0, 1.0),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """Return the rate of the epoch before, moved by its alignment."""
        start = shapes.divided(self.rate, now.signals["gradient_norm_at_start"], self.power)
        moved = now.last + self.gain * (now.signals["alignment"] - self.target)
        return np.where(now.t == 0, start, moved)
