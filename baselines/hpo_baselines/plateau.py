"""Reduce on plateau."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats, whole
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("plateau", family="schedule", trainable=False)
class Plateau(Schedule):
    """Reduce on plateau: the learning rate falls to a share of itself when the validation loss no longer falls.

    It falls after more than `patience` epochs in a row whose validation loss is not below the lowest so far by a share
    of it; then the count begins anew.

    **Reference**: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 3.4.

    **Differs from the paper**: there a person sees the plateau; the loss before the first epoch counts too.

    Args:
        rate: The first learning rate.
        factor: What it is multiplied by.
        patience: Epochs that may be no better.
        threshold: By what share of the lowest loss a better one is below it.
    """

    reads = ("validation_loss",)

    version = 2

    def __init__(self, rate: float = 0.0588, factor: float = 0.62, patience: int = 1, threshold: float = 0.001) -> None:
        self.rate, self.factor, self.patience, self.threshold = rate, factor, patience, threshold

    def check(self) -> None:
        """Check that the rate is above 0, the factor in (0, 1], the threshold in [0, 1]."""
        in_range(rate=(self.rate, LEAST, MOST), factor=(self.factor, LEAST, 1.0), threshold=(self.threshold, 0.0, 1.0))
        whole("patience", self.patience, 0)

    def log_rate(self, now: Epoch) -> Floats:
        """Return the rate of the epoch before, or a share of it."""
        loss, memory = now.signals["validation_loss"], now.memory
        if not memory:
            memory["best"], memory["waited"] = loss, np.zeros(len(loss))
            return np.full(len(loss), math.log10(self.rate))
        better = loss < memory["best"] * (1.0 - self.threshold)
        waited = np.where(better, 0.0, memory["waited"] + 1.0)
        late = waited > self.patience
        memory["best"], memory["waited"] = np.where(better, loss, memory["best"]), np.where(late, 0.0, waited)
        return now.last + late * math.log10(self.factor)
