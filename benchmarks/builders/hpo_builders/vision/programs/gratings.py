"""Gratings in a window: the class is their angle or their period."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import grid, turned
from hpo_builders.vision.nuisances import contrasted, noisy, places
from hpo_gym.base import Floats, Ints

ANGLES = 8
PERIODS = (0.45, 0.55, 0.68, 0.84, 1.05)
"""In units of half the canvas."""


def angles(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the pattern changes along the direction of c * 22.5 degrees, within 8; the period is free."""
    n = len(labels)
    angle = np.pi * labels / ANGLES + np.radians(rng.uniform(-8, 8, n))
    return _drawn(angle, rng.uniform(0.45, 1.1, n), rng, noise=0.35)


def periods(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th period, within 6 %; the angle is free."""
    n = len(labels)
    period = np.array(PERIODS)[labels] * rng.uniform(0.94, 1.06, n)
    return _drawn(rng.uniform(0, np.pi, n), period, rng, noise=0.25)


def _drawn(angle: Floats, period: Floats, rng: np.random.Generator, noise: float) -> Floats:
    n = len(angle)
    x, y = grid()
    along, _ = turned(x, y, angle)
    phase, middle, width = rng.uniform(0, 2 * np.pi, n), places(rng, n, 0.5), rng.uniform(0.45, 0.9, n)
    square = (x - middle[:, 0, None, None]) ** 2 + (y - middle[:, 1, None, None]) ** 2
    window = np.exp(-square / (2 * width[:, None, None] ** 2))
    waves = np.cos(2 * np.pi * along / period[:, None, None] + phase[:, None, None]) * window
    return noisy(contrasted(0.5 + 0.5 * waves, rng, 0.5), rng, noise)[:, None]
