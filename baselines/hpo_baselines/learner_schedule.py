"""An open loop for actor-critics in training: both controls by the stage, for each kind of physics by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo_baselines.policy_schedule import PolicySchedulePerKind
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("learner-schedule-per-kind", family="schedule", trainable=False)
@dataclass(eq=False)
class LearnerSchedulePerKind(PolicySchedulePerKind):
    """`policy-schedule-per-kind` with numbers for `Learners`: hold agents on that suite against it.

    **Reference**: as of `policy-schedule`.

    **Differs from the paper**: as there.

    Args:
        cartpole, pendulum, reacher: The six numbers of `policy-schedule` in its order.
    """

    version = 1

    cartpole: Sequence[float] = (0.022491, 0.021306, 1.2233, 1.3168, 4.1562, 0.56096)
    pendulum: Sequence[float] = (0.042628, 0.021837, 0.90506, 0.61156, 1.3509, 0.59949)
    reacher: Sequence[float] = (0.014524, 0.0053567, 1.6471, 3.4055, 0.37676, 0.60283)
