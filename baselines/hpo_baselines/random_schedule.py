"""Random schedules."""

from __future__ import annotations

import math

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

KNOTS = 4


@OPTIMIZERS.register("random-schedule", family="schedule", trainable=False)
class RandomSchedule(Schedule):
    """A random schedule: log-linear through four random learning rates at equal distances over the training.

    Each rate is uniform in the logarithm, drawn before the first epoch.

    **Reference**: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012,
    https://jmlr.org/papers/v13/bergstra12a.html

    **Differs from the paper**: what is drawn is a schedule, one a run; it is what a rule must beat to be one.

    Args:
        low, high: Ends of the range of the four rates.
    """

    version = 2

    def __init__(self, low: float = 0.01, high: float = 0.0396) -> None:
        self.low, self.high = low, high

    def check(self) -> None:
        """Check that the ends are above 0, the low one first."""
        in_range(low=(self.low, LEAST, MOST), high=(self.high, LEAST, MOST))
        if self.low > self.high:
            raise InvalidValueError(f"`low <= high` must hold, got ({self.low=}, {self.high=}).")

    def draw(self, rng: np.random.Generator) -> Floats:
        """Return the places of the knots, in [0, 1], ``(4,)``."""
        return rng.random(KNOTS)

    def log_rate(self, now: Epoch) -> Floats:
        """Between the two knots on either side."""
        low, high = math.log10(self.low), math.log10(self.high)
        at = now.share * (KNOTS - 1)
        before = np.minimum(at.astype(np.int64), KNOTS - 2)
        beyond, everyone = at - before, np.arange(len(at))
        u = now.drawn[everyone, before] * (1.0 - beyond) + now.drawn[everyone, before + 1] * beyond
        return np.asarray(low + u * (high - low), np.float64)
