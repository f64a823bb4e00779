"""The polynomial schedule, with the regularisation that goes with the optimizer of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS

LARGEST_DROPOUT = 0.7


@OPTIMIZERS.register("polynomial", family="schedule", trainable=False)
@dataclass(eq=False)
class Polynomial(Schedule):
    """The learning rate falls as a power of the epochs that are left; weight decay and dropout are held.

    SGD with momentum and AdamW each have a rate and a weight decay of their own. No feedback: this is the open loop
    against which rules with feedback are held.

    **Reference**: Liu, Rabinovich and Berg, "ParseNet: looking wider to see better", arXiv 1506.04579, 2015, section
    3.2 (the "poly" policy).

    **Differs from the paper**: the rate changes once an epoch; the regularisation belongs to the rule.

    Args:
        rate, adaptive_rate: The first learning rate of SGD, and of AdamW.
        decay, adaptive_decay: Weight decay, coupled for SGD, decoupled for AdamW.
        dropout: Of hidden units.
        power: Of the share of epochs left.
    """

    reads: ClassVar[tuple[str, ...]] = ("adaptive",)
    controls = ("learning_rate", "weight_decay", "dropout")

    version = 1

    rate: float = 0.05368
    adaptive_rate: float = 0.01225
    decay: float = 0.001443
    adaptive_decay: float = 0.3482
    dropout: float = 0.02456
    power: float = 0.3735

    def check(self) -> None:
        """Check that rates are above 0, decays not below it, the dropout in [0, .7], the power in [0, 10]."""
        in_range(
            rate=(self.rate, LEAST, MOST), adaptive_rate=(self.adaptive_rate, LEAST, MOST),
            decay=(self.decay, 0.0, MOST), adaptive_decay=(self.adaptive_decay, 0.0, MOST),
            dropout=(self.dropout, 0.0, LARGEST_DROPOUT), power=(self.power, 0.0, 10.0),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """By the epoch."""
        return np.log10(self._of(now, self.rate, self.adaptive_rate)) + shapes.polynomial(now, self.power)

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Hold both."""
        decay = self._of(now, self.decay, self.adaptive_decay)
        return {"weight_decay": decay, "dropout": np.full(len(decay), self.dropout)}

    @staticmethod
    def _of(now: Epoch, plain: float, adaptive: float) -> Floats:
        return np.where(now.signals["adaptive"] > 0.5, adaptive, plain)
