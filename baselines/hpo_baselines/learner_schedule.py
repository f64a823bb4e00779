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

    cartpole: Sequence[float] = (0.017571, 0.03661, 0.95783, 0.94403, 6.1393, 0.61786)
    pendulum: Sequence[float] = (0.040337, 0.020137, 0.87545, 1.0583, 0.91966, 0.77427)
    reacher: Sequence[float] = (0.014028, 0.0078487, 1.2168, 7.0349, 0.38505, 0.39477)
