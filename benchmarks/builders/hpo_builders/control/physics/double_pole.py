"""A long and a short pole on one cart: keep both upright, and the cart in the middle.

Equations of Wieland, "Evolving neural network controllers for unstable systems" (1991), with friction of the cart in
place of theirs; velocities are stepped first, then places with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 6, 1, 6
CONSTANTS = ("gravity", "cart", "long_mass", "short_mass", "long", "short", "friction", "force")
"""In m/s^2, kg, kg, kg, m, m (half of a pole's length), N s/m, N."""
STEP = 0.03
LIMIT, ANGLE = 2.4, 0.63
"""Beyond which place, in metres, and which angle, in radians, all is over: nothing moves, and rewards are 0."""
_TILT = 0.05


def start(u: Rows, constants: Rows) -> Rows:
    """Place within .05 m, angles within .05 rad, all moving by at most .05 of their unit a second."""
    return np.asarray((2 * u - 1) * u.dtype.type(_TILT))


def seen(state: Rows, constants: Rows) -> Rows:
    """Place, velocity, both angles and their velocities, by the limits."""
    x, v, p, q, a, b = state
    return np.array([x / LIMIT, v / LIMIT, p / ANGLE, q / ANGLE, a / (2 * ANGLE), b / (2 * ANGLE)])


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after .03 s of the force `action` times its largest."""
    gravity, cart, m1, m2, long, short, friction, force = constants
    x, v, p, q, a, b = state
    sin1, cos1, sin2, cos2 = np.sin(p), np.cos(p), np.sin(q), np.cos(q)
    pull = force * action[0] - friction * v
    pull = (
        pull + m1 * sin1 * (long * a * a - 0.75 * gravity * cos1) + m2 * sin2 * (short * b * b - 0.75 * gravity * cos2)
    )
    push = pull / (cart + m1 * (1 - 0.75 * cos1 * cos1) + m2 * (1 - 0.75 * cos2 * cos2))
    v = v + STEP * push
    a = a + STEP * 0.75 * (gravity * sin1 - push * cos1) / long
    b = b + STEP * 0.75 * (gravity * sin2 - push * cos2) / short
    moved = np.array([x + STEP * v, v, p + STEP * a, q + STEP * b, a, b])
    return np.where(over(state), state, moved)


def reward(state: Rows, constants: Rows) -> Rows:
    """1 less half of the squared shares of the limits, of both poles half each; 0 beyond them."""
    x, p, q = state[0] / LIMIT, state[2] / ANGLE, state[3] / ANGLE
    return np.where(over(state), 0, 1 - (x * x + (p * p + q * q) / 2) / 2)


def over(state: Rows) -> NDArray[np.bool_]:
    """Return where a pole has fallen or the cart is out."""
    fallen = (np.abs(state[2]) >= ANGLE) | (np.abs(state[3]) >= ANGLE)
    return np.asarray(fallen | (np.abs(state[0]) >= LIMIT))
