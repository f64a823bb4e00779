"""A pole on a cart: keep it upright, and the cart in the middle.

Equations of Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control
problems" (1983), with friction of the cart in place of theirs; velocities are stepped first, then places with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 4, 1, 4
CONSTANTS = ("gravity", "cart", "pole", "length", "friction", "force")
"""In m/s^2, kg, kg, m (half of the pole's), N s/m, N."""
STEP = 0.03
CARTPOLE_LIMIT, CARTPOLE_ANGLE = 2.4, 0.6
"""Limits of place, in metres, and angle, in radians; beyond them nothing moves, and rewards are 0."""
_TILT = 0.2


def start(u: Rows, constants: Rows) -> Rows:
    """Place within .2 m, angle within .2 rad, each moving by at most .2 of its unit a second."""
    return np.asarray((2 * u - 1) * u.dtype.type(_TILT))


def seen(state: Rows, constants: Rows) -> Rows:
    """Place, velocity, angle and its velocity, by the limits."""
    x, v, angle, w = state
    return np.array([x / CARTPOLE_LIMIT, v / CARTPOLE_LIMIT, angle / CARTPOLE_ANGLE, w / (2 * CARTPOLE_ANGLE)])


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after .03 s of the force `action` times its largest."""
    gravity, cart, pole, length, friction, force = constants
    x, v, angle, w = state
    sin, cos, mass = np.sin(angle), np.cos(angle), cart + pole
    push = (force * action[0] - friction * v + pole * length * w * w * sin) / mass
    turn = (gravity * sin - cos * push) / (length * (4 / 3 - pole * cos * cos / mass))
    v = v + STEP * (push - pole * length * turn * cos / mass)
    w = w + STEP * turn
    return np.where(_up(state), np.array([x + STEP * v, v, angle + STEP * w, w]), state)


def reward(state: Rows, constants: Rows) -> Rows:
    """1 less half of the squared shares of the limits; 0 beyond them."""
    x, angle = state[0] / CARTPOLE_LIMIT, state[2] / CARTPOLE_ANGLE
    return np.where(_up(state), 1 - (x * x + angle * angle) / 2, 0)


def _up(state: Rows) -> NDArray[np.bool_]:
    return np.asarray((np.abs(state[0]) < CARTPOLE_LIMIT) & (np.abs(state[2]) < CARTPOLE_ANGLE))
