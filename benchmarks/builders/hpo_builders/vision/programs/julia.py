"""Julia sets of z -> z ** 2 + c: the class is c."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_builders.vision.canvas import grid, turned
from hpo_builders.vision.nuisances import contrasted, noisy
from hpo_gym.base import Floats, Ints

Complexes = NDArray[np.complex128]

CONSTANTS = (-0.8 + 0.156j, -0.4 + 0.6j, 0.285 + 0.01j, -0.70176 - 0.3842j, -0.12 + 0.75j, -1.2 + 0.1j, 0.35 + 0.35j)
SIBLINGS = (-0.80 + 0.156j, -0.75 + 0.11j, -0.72 + 0.2j, -0.77 + 0.05j, -0.68 + 0.3j)
STEPS = 24


def constants(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `CONSTANTS`."""
    return _drawn(np.array(CONSTANTS)[labels], rng)


def siblings(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `SIBLINGS`, which are near each other."""
    return _drawn(np.array(SIBLINGS)[labels], rng)


def escape(z: Complexes, c: Complexes) -> Floats:
    """Share of `STEPS` after which a point is farther than 2 from 0; 1 where it never is."""
    left = np.zeros(z.shape)
    alive = np.ones(z.shape, bool)
    for _ in range(STEPS):
        z = np.where(alive, z * z + c, 0.0)
        alive &= np.abs(z) <= 2
        left += alive
    return left / STEPS


def _drawn(c: Complexes, rng: np.random.Generator) -> Floats:
    """Seen from near the middle, at any angle, .9 to 1.3 wide to each side."""
    n = len(c)
    x, y = turned(*grid(), rng.uniform(0, 2 * np.pi, n))
    zoom = rng.uniform(0.9, 1.3, (n, 1, 1))
    z = zoom * (x + 1j * y) + rng.uniform(-0.3, 0.3, (n, 1, 1)) + 1j * rng.uniform(-0.3, 0.3, (n, 1, 1))
    images = np.sqrt(escape(z, (c + rng.normal(0, 0.01, n) + 1j * rng.normal(0, 0.01, n))[:, None, None]))
    return noisy(contrasted(images, rng, 0.6), rng, 0.15)[:, None]
