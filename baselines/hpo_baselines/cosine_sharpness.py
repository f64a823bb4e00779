"""The cosine schedule, its peak by the curvature at the start."""

from __future__ import annotations

from hpo_baselines._schedules import shapes
from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("cosine-sharpness", family="schedule", trainable=False)
class CosineSharpness(Schedule):
    """The schedule `cosine` with a peak divided by a power of the sharpness at the start: one measurement sets the
    scale.

    The sharpness is the largest curvature of the loss before the first epoch, the signal `sharpness_at_start`; a
    quadratic of that curvature diverges above the rate 2 / sharpness.

    **Reference**: LeCun, Simard and Pearlmutter, "Automatic learning rate maximization by on-line estimation of the
    Hessian's eigenvectors", NeurIPS 5, 1992; for the shape see `cosine`.

    **Differs from the paper**: the curvature is estimated once, at the start; its power is a setting, there 1.

    Args:
        rate: The peak for a sharpness of 1.
        power: Of the sharpness.
        warmup, end: As in `cosine`.
    """

    version = 2
    reads = ("sharpness_at_start",)

    def __init__(self, rate: float = 0.168, power: float = 0.74, warmup: float = 0.174, end: float = 0.04) -> None:
        self.rate, self.power, self.warmup, self.end = rate, power, warmup, end

    def check(self) -> None:
        """Check that the rate is above 0, the power in [0, 4], the shares in [0, 1]."""
        in_range(
            rate=(self.rate, LEAST, MOST), power=(self.power, 0.0, 4.0), warmup=(self.warmup, 0.0, 1.0),
            end=(self.end, 0.0, 1.0),
        )  # fmt: skip

    def log_rate(self, now: Epoch) -> Floats:
        """By the epoch and the sharpness."""
        peak = shapes.divided(self.rate, now.signals["sharpness_at_start"], self.power)
        return peak + shapes.cosine(now, self.warmup, self.end)
