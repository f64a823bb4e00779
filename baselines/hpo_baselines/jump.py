"""A decay that begins anew when the loss jumps."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("jump", family="schedule", trainable=False)
class Jump(Schedule):
    """Exponential decay that begins anew when the loss jumps, at a rate divided by a power of the gradient norm.

    The loss has jumped if the training loss of the first quarter of an epoch is above the validation loss before that
    epoch by a share of it. The norm is that at the start, after a jump that of the epoch of the jump.

    **Reference**: none for the whole; it is the warm restart of Loshchilov and Hutter, "SGDR: stochastic gradient
    descent with warm restarts", ICLR 2017.

    **Differs from the paper**: the loss triggers a restart, not the clock; the decay is exponential.

    Args:
        rate: The learning rate after a jump for a gradient norm of 1.
        power: Of the gradient norm.
        decay: Factor of the rate in each further epoch.
        jump: Relative rise over the earlier validation loss that counts as a jump.
    """

    reads = ("first_loss", "validation_loss_before", "gradient_norm")

    version = 2

    def __init__(self, rate: float = 0.0465, power: float = 0.61, decay: float = 0.933, jump: float = 2.0) -> None:
        self.rate, self.power, self.decay, self.jump = rate, power, decay, jump

    def check(self) -> None:
        """Check that the rate is above 0, the power in [0, 4], the decay in (0, 1], the jump not negative."""
        in_range(
            rate=(self.rate, LEAST, MOST), power=(self.power, 0.0, 4.0), decay=(self.decay, LEAST, 1.0),
            jump=(self.jump, 0.0, MOST),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """By the epochs since the last jump."""
        seen, memory = now.signals, now.memory
        peak = shapes.divided(self.rate, seen["gradient_norm"], self.power)
        if not memory:
            memory["peak"], memory["since"] = peak, np.zeros(len(peak))
        else:
            jumped = seen["first_loss"] > (1.0 + self.jump) * seen["validation_loss_before"]
            memory["peak"] = np.where(jumped, peak, memory["peak"])
            memory["since"] = np.where(jumped, 0.0, memory["since"] + 1.0)
        return memory["peak"] + memory["since"] * math.log10(self.decay)
