"""Returns of policies: the mean reward of an episode, less the cost of effort."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.policies.physics import Rows
from hpo_gym.suites.tasks.policies.policy import Policies


def returns(policies: Policies, state: Rows, constants: Rows, *, steps: int, effort: float) -> Rows:
    """Return the returns ``(m,)`` in [0, 1] of policies, one for each column.

    Args:
        policies: Of one kind of physics.
        state: At the start, ``(s, m)``.
        constants: ``(c, m)``.
        steps: Of an episode of control.
        effort: Share of a reward lost if all actions are -1 or 1; in between it goes by their mean square.
    """
    physics, total = policies.physics, np.zeros_like(state[0])
    for _ in range(steps):
        action = policies(physics.seen(state, constants))
        state = physics.step(state, action, constants)
        total += physics.reward(state, constants) * (1 - effort * mean_square(action))
    return np.asarray(np.clip(total / steps, 0, 1))


def mean_square(action: Rows) -> Rows:
    """Return the mean square of actions ``(outputs, m)``, ``(m,)``; summed one after the other, for the same bits in
    any batch.
    """
    total = action[0] * action[0]
    for row in action[1:]:
        total += row * row
    return np.asarray(total / len(action))
