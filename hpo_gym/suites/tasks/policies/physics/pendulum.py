"""A pendulum: swing it up, and keep it there. Velocity is stepped first, then the angle with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 3, 1, 2
CONSTANTS = ("gravity", "mass", "length", "damping", "strength")
"""In m/s^2, kg, m, 1/s, and the largest torque in units of the one that holds the pendulum level."""
STEP = 0.05
FASTEST = 20.0
"""The highest speed, in radians a second."""
_CALM = 6.0


def start(u: Rows, constants: Rows) -> Rows:
    """Within 1 rad of hanging, and at most 1 rad/s fast."""
    return np.asarray(2 * u - 1)


def seen(state: Rows, constants: Rows) -> Rows:
    """Sine and cosine of the angle, from hanging on, and the speed by 5 rad/s."""
    return np.array([np.sin(state[0]), np.cos(state[0]), state[1] / 5])


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after .05 s of the torque `action` times its largest."""
    gravity, mass, length, damping, strength = constants
    angle, w = state
    torque = action[0] * strength * mass * gravity * length
    turn = torque / (mass * length * length) - gravity / length * np.sin(angle) - damping * w
    w = np.clip(w + STEP * turn, -FASTEST, FASTEST)
    return np.array([angle + STEP * w, w])


def reward(state: Rows, constants: Rows) -> Rows:
    """Return the height, 0 to 1, divided by 1 + (speed / 6)^2."""
    fast = state[1] / _CALM
    return np.asarray((1 - np.cos(state[0])) / (2 * (1 + fast * fast)))
