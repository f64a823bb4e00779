"""Schedules of both controls of an evolution strategy, alike for all kinds of physics or for each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hpo_baselines._schedules.schedule import LEAST, MOST, Epoch, Schedule, in_range
from hpo_gym.base import Floats, Ints, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

NAMES = ("rate", "last_rate", "rate_power", "sigma", "last_sigma", "sigma_power")
WEIGHTS = {"pendulum": 41.0, "cartpole": 49.0, "reacher": 90.0}
"""Weights of a policy for each kind of physics."""


@OPTIMIZERS.register("policy-schedule", family="schedule", trainable=False)
@dataclass(eq=False)
class PolicySchedule(Schedule):
    """Learning rate and sigma of an evolution strategy each go from one value to another, alike for all physics.

    No feedback: on `Policies`, this and `policy-schedule-per-kind` are the open loops against which agents are held.

    **Reference**: none that states it so; Salimans et al., "Evolution strategies as a scalable alternative to
    reinforcement learning", arXiv 1703.03864, 2017, hold both.

    **Differs from the paper**: logarithms move with a power of the share of generations that are over.

    Args:
        rate, last_rate: The learning rate of the first and of the last generation.
        rate_power: The power for the learning rate: above 1 it moves late.
        sigma, last_sigma, sigma_power: The same of sigma.
    """

    controls = ("learning_rate", "sigma")

    version = 1

    rate: float = 0.451
    last_rate: float = 0.125
    rate_power: float = 1.39
    sigma: float = 0.347
    last_sigma: float = 0.128
    sigma_power: float = 2.72

    def check(self) -> None:
        """Check that rates and sigmas are above 0, powers in [.01, 100]."""
        checked({name: getattr(self, name) for name in NAMES})

    def log_rate(self, now: Epoch) -> Floats:
        """By the generation."""
        return between(now, self.rate, self.last_rate, self.rate_power)

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return sigma by the generation."""
        return {"sigma": 10.0 ** between(now, self.sigma, self.last_sigma, self.sigma_power)}


@OPTIMIZERS.register("policy-schedule-per-kind", family="schedule", trainable=False)
@dataclass(eq=False)
class PolicySchedulePerKind(Schedule):
    """`policy-schedule` with numbers of its own for cart-poles, pendulums and arms; the number of weights tells which.

    **Reference**: as of `policy-schedule`.

    **Differs from the paper**: as there.

    Args:
        cartpole, pendulum, reacher: The six numbers of `policy-schedule` in its order.
    """

    reads: ClassVar[tuple[str, ...]] = ("weights",)
    controls = ("learning_rate", "sigma")

    version = 1

    cartpole: Sequence[float] = (0.709, 0.108, 1.59, 0.43, 0.0955, 3.57)
    pendulum: Sequence[float] = (1.3, 0.0822, 1.64, 0.623, 0.115, 2.69)
    reacher: Sequence[float] = (0.235, 0.103, 1.27, 0.268, 0.0619, 2.17)

    def check(self) -> None:
        """Check that there are six numbers of each kind, in the ranges of `policy-schedule`."""
        for kind in WEIGHTS:
            numbers: Any = getattr(self, kind)
            if len(numbers) != len(NAMES):
                raise InvalidValueError(f"`{kind}` must be {len(NAMES)} numbers, {', '.join(NAMES)}, got {numbers}.")
            checked(dict(zip(NAMES, numbers, strict=True)))

    def log_rate(self, now: Epoch) -> Floats:
        """By the kind and the generation."""
        return between(now, *self._of(now)[:3])

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return sigma by both."""
        return {"sigma": 10.0 ** between(now, *self._of(now)[3:])}

    def _of(self, now: Epoch) -> Floats:
        """Return the numbers for each run, ``(6, n)``."""
        return np.asarray(np.array([getattr(self, kind) for kind in WEIGHTS])[kind_of(now.signals)].T)


def kind_of(signals: Mapping[str, Floats]) -> Ints:
    """Return the positions in `WEIGHTS` of the kinds with the nearest numbers of weights, ``(n,)``."""
    return np.asarray(np.abs(np.array(list(WEIGHTS.values()))[:, None] - signals["weights"]).argmin(0))


def between(now: Epoch, first: float | Floats, last: float | Floats, power: float | Floats) -> Floats:
    """Return logarithms to base 10 that go from one to another with a power of the share of generations, ``(n,)``."""
    return np.asarray(np.log10(first) + (np.log10(last) - np.log10(first)) * now.share**power)


def checked(numbers: Mapping[str, float]) -> None:
    """Refuse numbers out of their ranges."""
    in_range(**{name: (v, *((0.01, 100.0) if "power" in name else (LEAST, MOST))) for name, v in numbers.items()})
