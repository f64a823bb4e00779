"""A rule for actor-critics in training: the score moves both controls away from the open loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hpo_baselines._schedules.schedule import Epoch
from hpo_baselines.learner_ppo import FARTHEST
from hpo_baselines.learner_schedule import LearnerSchedulePerKind
from hpo_baselines.policy_schedule import WEIGHTS, kind_of
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS

NUMBERS = ("rate_slope", "sigma_slope", "rate_turn", "sigma_turn", "rate_shift", "sigma_shift", "level")


@OPTIMIZERS.register("learner-level", family="schedule", trainable=False)
@dataclass(eq=False)
class LearnerLevel(LearnerSchedulePerKind):
    """`learner-schedule-per-kind`, from which the last score moves both controls: the best rule by hand on `Learners`.

    The logarithm to base 10 of a control moves by (score - level) (slope + turn x share of stages over) + shift.

    **Reference**: none that states it so.

    **Differs from the paper**: there is none.

    Args:
        cartpole, pendulum, reacher: As of `policy-schedule-per-kind`.
        of_cartpole, of_pendulum, of_reacher: Slopes, turns and shifts of learning rate and sigma, and the level, for
            each kind of physics: rate_slope, sigma_slope, rate_turn, sigma_turn, rate_shift, sigma_shift, level.
    """

    reads: ClassVar[tuple[str, ...]] = ("score", "weights")

    version = 1

    of_cartpole: Sequence[float] = (-0.5032, 0.0555, -0.6077, -0.8413, 0.004678, -0.1608, 0.5564)
    of_pendulum: Sequence[float] = (-0.3256, 0.259, -0.3971, 0.3867, -0.1069, 0.01384, 0.6044)
    of_reacher: Sequence[float] = (-0.3212, 0.2261, -0.7785, -0.2714, -0.04367, -0.03082, 0.2315)

    def check(self) -> None:
        """Check that there are seven finite numbers of each kind."""
        super().check()
        for kind in WEIGHTS:
            numbers: Any = getattr(self, f"of_{kind}")
            if len(numbers) != len(NUMBERS) or not np.isfinite(numbers).all():
                raise InvalidValueError(
                    f"`of_{kind}` must be {len(NUMBERS)} finite numbers, {', '.join(NUMBERS)}, got {numbers}."
                )

    def log_rate(self, now: Epoch) -> Floats:
        """Move the learning rate."""
        return np.asarray(super().log_rate(now) + self._moves(now)[0])

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Move sigma."""
        return {"sigma": super().others(now)["sigma"] * 10.0 ** self._moves(now)[1]}

    def _moves(self, now: Epoch) -> Floats:
        """Return decades of both, ``(2, n)``."""
        of = np.array([getattr(self, f"of_{kind}") for kind in WEIGHTS])[kind_of(now.signals)].T
        moves = (now.signals["score"] - of[6]) * (of[:2] + of[2:4] * now.share) + of[4:6]
        return np.asarray(np.clip(moves, -FARTHEST, FARTHEST))
