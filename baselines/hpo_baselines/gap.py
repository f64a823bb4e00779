"""Regularisation by the gap between the losses on validation and training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hpo_baselines._schedules.schedule import Epoch, in_range
from hpo_baselines.polynomial import LARGEST_DROPOUT, Polynomial
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("gap", family="schedule", trainable=False)
@dataclass(eq=False)
class Gap(Polynomial):
    """`polynomial` whose weight decay and dropout rise while the network memorises, and fall while it does not.

    After each epoch both go up if the validation loss is above the training loss by more than `gap`, else down by the
    share `release` of that step. A validation loss that rises by more than the share `rise` cuts the learning rate for
    the rest of the training. Losses are in losses of a guess.

    **Reference**: none that states it so; the gap between the two losses as a signal of memorisation is as old as early
    stopping (Prechelt, "Early stopping - but when?", 1998).

    **Differs from the paper**: there the training ends; here it is regularised.

    Args:
        rate, adaptive_rate, decay, adaptive_decay, dropout, power: As in `polynomial`, of the first epoch.
        gap: Difference of the losses from which on there is more regularisation.
        up: Decades of a rise of weight decay.
        dropout_up: A rise of dropout.
        release: Of a fall, in rises.
        rise: Share by which the validation loss may rise.
        cut: Factor of the learning rate after such a rise.
    """

    reads: ClassVar[tuple[str, ...]] = (
        "adaptive", "validation_loss", "training_loss", "validation_loss_before",
    )  # fmt: skip

    version = 1

    rate: float = 0.1009
    adaptive_rate: float = 0.02082
    decay: float = 0.00251
    adaptive_decay: float = 0.3597
    dropout: float = 0.04029
    power: float = 0.2432
    gap: float = 0.08128
    up: float = 0.3452
    dropout_up: float = 0.06204
    release: float = 0.8093
    rise: float = 0.261
    cut: float = 0.3828

    def check(self) -> None:
        """Check as `polynomial`; the gap in [-1, 2], rises in [0, 2] and [0, .7], release and cut in [0, 1]."""
        super().check()
        in_range(
            gap=(self.gap, -1.0, 2.0), up=(self.up, 0.0, 2.0), dropout_up=(self.dropout_up, 0.0, LARGEST_DROPOUT),
            release=(self.release, 0.0, 1.0), rise=(self.rise, 0.0, 10.0), cut=(self.cut, 1e-3, 1.0),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """Return the rate of `polynomial` less the cuts so far."""
        valid, before = now.signals["validation_loss"], now.signals["validation_loss_before"]
        cuts = now.memory.setdefault("cuts", np.zeros(len(valid)))
        now.memory["cuts"] = cuts + ((now.t > 0) & (valid > before * (1.0 + self.rise)))
        return np.asarray(super().log_rate(now) + now.memory["cuts"] * np.log10(self.cut))

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return both, moved by the gap of the epoch before."""
        memory, first = now.memory, super().others(now)
        if "decay" not in memory:
            memory["decay"], memory["dropout"] = np.log10(np.maximum(first["weight_decay"], 1e-12)), first["dropout"]
        gap = now.signals["validation_loss"] - now.signals["training_loss"]
        step = np.where(now.t > 0, np.where(gap > self.gap, 1.0, -self.release), 0.0)
        memory["decay"] = np.clip(memory["decay"] + step * self.up, *DECAYS)
        memory["dropout"] = np.clip(memory["dropout"] + step * self.dropout_up, 0.0, LARGEST_DROPOUT)
        return {"weight_decay": 10.0 ** memory["decay"], "dropout": memory["dropout"]}


DECAYS = (-5.0, 0.5)
"""Ends of the logarithm of weight decay."""
