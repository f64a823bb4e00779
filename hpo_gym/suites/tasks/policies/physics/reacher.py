"""An arm of two links on a table, moved at both joints: bring its tip to a target, and keep it there.

The links are uniform rods, a double pendulum without gravity. Velocities are stepped before angles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

INPUTS, OUTPUTS, DRAWN = 8, 2, 4
CONSTANTS = ("upper", "fore", "upper_mass", "fore_mass", "damping", "torque")
"""Lengths in m, masses in kg, N m s, N m."""
STEP = 0.05
FASTEST = 20.0
"""The highest speed of a joint, in radians a second."""


def start(u: Rows, constants: Rows) -> Rows:
    """At rest, shoulder within .5 rad of 0, elbow within .5 of 1; target at .3 to .9 of the reach, all round.

    Six numbers: two angles, two speeds, and the target.
    """
    upper, fore = constants[:2]
    far, round_ = (upper + fore) * (0.3 + 0.6 * u[2]), 2 * np.pi * u[3]
    still = np.zeros_like(u[0])
    return np.array([u[0] - 0.5, u[1] + 0.5, still, still, far * np.cos(round_), far * np.sin(round_)])


def seen(state: Rows, constants: Rows) -> Rows:
    """Sines and cosines of both angles, speeds by 5 rad/s, and the way from the tip to the target by the reach."""
    p, q, v, w, x, y = state
    reach = constants[0] + constants[1]
    tip = _tip(state, constants)
    return np.array(
        [np.sin(p), np.cos(p), np.sin(q), np.cos(q), v / 5, w / 5, (x - tip[0]) / reach, (y - tip[1]) / reach]
    )


def step(state: Rows, action: Rows, constants: Rows) -> Rows:
    """States after .05 s of torques `action` times the largest."""
    upper, fore, m1, m2, damping, torque = constants
    p, q, v, w, x, y = state
    sin, cos = np.sin(q), np.cos(q)
    both = m2 * upper * fore / 2
    far = m2 * fore * fore / 3  # moment of the forearm about the elbow
    near = m1 * upper * upper / 3 + m2 * upper * upper + far + 2 * both * cos
    cross = far + both * cos
    one = torque * action[0] - damping * v + both * sin * w * (2 * v + w)
    two = torque * action[1] - damping * w - both * sin * v * v
    det = near * far - cross * cross
    v = np.clip(v + STEP * (far * one - cross * two) / det, -FASTEST, FASTEST)
    w = np.clip(w + STEP * (near * two - cross * one) / det, -FASTEST, FASTEST)
    return np.array([p + STEP * v, q + STEP * w, v, w, x, y])


def reward(state: Rows, constants: Rows) -> Rows:
    """1 less the distance of tip and target by twice the reach."""
    tip = _tip(state, constants)
    x, y = state[4] - tip[0], state[5] - tip[1]
    return np.asarray(1 - np.sqrt(x * x + y * y) / (2 * (constants[0] + constants[1])))


def _tip(state: Rows, constants: Rows) -> tuple[Rows, Rows]:
    p, bent = state[0], state[0] + state[1]
    upper, fore = constants[:2]
    return upper * np.cos(p) + fore * np.cos(bent), upper * np.sin(p) + fore * np.sin(bent)
