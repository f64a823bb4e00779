"""Physics for policies, one kind a file: functions of states, constants and actions of `m` columns at once.

Features come first, ``(s, m)``, and each number of a column follows from that column alone by elementwise functions, so
a column has the same bits in any batch. Types are those of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hpo_gym.suites.tasks.policies.physics import cartpole, pendulum, reacher

Rows = NDArray[Any]


class Physics(NamedTuple):
    """One kind of physics.

    Attributes:
        inputs: Number of a policy's inputs.
        outputs: Number of its actions, each in [-1, 1].
        constants: Names of the constants, in the order of an array ``(c, m)``.
        drawn: Number of uniform numbers in a start state.
        start: From such numbers ``(drawn, m)`` and constants to states ``(s, m)``.
        seen: From states and constants to inputs ``(inputs, m)``, most of them in [-1, 1].
        step: From states, actions ``(outputs, m)`` and constants to states after `STEP` seconds, fresh.
        reward: From states and constants to rewards in [0, 1], ``(m,)``.
    """

    inputs: int
    outputs: int
    constants: tuple[str, ...]
    drawn: int
    start: Callable[[Rows, Rows], Rows]
    seen: Callable[[Rows, Rows], Rows]
    step: Callable[[Rows, Rows, Rows], Rows]
    reward: Callable[[Rows, Rows], Rows]


PHYSICS: Mapping[str, Physics] = MappingProxyType(
    {
        name: Physics(
            kind.INPUTS, kind.OUTPUTS, kind.CONSTANTS, kind.DRAWN, kind.start, kind.seen, kind.step, kind.reward
        )
        for name, kind in (("cartpole", cartpole), ("pendulum", pendulum), ("reacher", reacher))
    }
)
"""All kinds by name."""
