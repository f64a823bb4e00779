"""Two links that hang from a fixed joint, moved at the elbow alone: swing the tip up.

The links are uniform rods; the equations are those of the double pendulum. Velocities are stepped first, then angles
with them. The task is that of Sutton, "Generalization in reinforcement learning" (1996), with a reward for height.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 6, 1, 4
CONSTANTS = ("gravity", "upper", "lower", "upper_mass", "lower_mass", "damping", "torque")
"""In m/s^2, m, m, kg, kg, N m s, N m."""
STEP, STEPS = 0.05, 2
"""Seconds of a step, and steps of an action."""
FASTEST = 15.0
"""The highest speed of a joint, in radians a second."""
_TILT = 0.3


def start(u: Rows, constants: Rows) -> Rows:
    """Both joints within .3 rad of hanging, and at most .3 rad/s fast."""
    return np.asarray((2 * u - 1) * u.dtype.type(_TILT))


def seen(state: Rows, constants: Rows) -> Rows:
    """Sines and cosines of both angles, the upper one from hanging on, and speeds by 5 rad/s."""
    p, q, v, w = state
    return np.array([np.sin(p), np.cos(p), np.sin(q), np.cos(q), v / 5, w / 5])


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after .1 s of the torque `action` times its largest."""
    gravity, upper, lower, m1, m2, damping, torque = constants
    p, q, v, w = state
    hung = m2 * lower / 2
    both = hung * upper
    far = m2 * lower * lower / 3  # moment of the lower link about the elbow
    alone, weight = (m1 / 3 + m2) * upper * upper + far, gravity * (m1 / 2 + m2) * upper
    turned = torque * action[0]
    for _ in range(STEPS):
        sin, cos = np.sin(q), np.cos(q)
        coupled = both * cos
        near, cross = alone + 2 * coupled, far + coupled
        lift = gravity * hung * np.sin(p + q)
        one = both * sin * w * (2 * v + w) - damping * v - weight * np.sin(p) - lift
        two = turned - damping * w - both * sin * v * v - lift
        det = near * far - cross * cross
        v = np.clip(v + STEP * (far * one - cross * two) / det, -FASTEST, FASTEST)
        w = np.clip(w + STEP * (near * two - cross * one) / det, -FASTEST, FASTEST)
        p, q = p + STEP * v, q + STEP * w
    return np.array([p, q, v, w])


def reward(state: Rows, constants: Rows) -> Rows:
    """Return the height of the tip: 0 at the lowest, 1 at the highest point."""
    upper, lower = constants[1:3]
    low = upper * np.cos(state[0]) + lower * np.cos(state[0] + state[1])
    return np.asarray((1 - low / (upper + lower)) / 2)
