"""A car in a valley, too weak for the slope: gain speed, and drive up to the flag.

Equations of Moore, "Efficient memory-based learning for robot control" (1990), as in Sutton and Barto's book; an action
lasts two of its steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 2, 1, 2
CONSTANTS = ("gravity", "force")
"""Both as change of speed in one step."""
LAST, FLAG, FASTEST = -1.2, 0.5, 0.07
"""Where the wall stands, where the flag stands, and the highest speed."""
_STEPS = 2


def start(u: Rows, constants: Rows) -> Rows:
    """Within .1 of -.5, at most .005 fast."""
    return np.array([0.2 * u[0] - 0.6, 0.01 * u[1] - 0.005])


def seen(state: Rows, constants: Rows) -> Rows:
    """Place from the middle of wall and flag, and speed, by their largest."""
    return np.array([(state[0] - (FLAG + LAST) / 2) / ((FLAG - LAST) / 2), state[1] / FASTEST])


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after two steps of the force `action` times its largest; a car at the flag stays there."""
    gravity, force = constants
    x, v = state
    push = force * action[0]
    for _ in range(_STEPS):
        there = x >= FLAG
        v = np.clip(v + push - gravity * np.cos(3 * x), -FASTEST, FASTEST)
        moved = x + v
        v = np.where((moved < LAST) | there, 0, v)
        x = np.where(there, x, np.maximum(moved, LAST))
    return np.array([x, v])


def reward(state: Rows, constants: Rows) -> Rows:
    """Return the height of the car: 0 at the bottom, 1 at the flag and beyond."""
    x = state[0]
    return np.asarray(np.where(x >= FLAG, 1, (1 + np.sin(3 * x)) / 2))
