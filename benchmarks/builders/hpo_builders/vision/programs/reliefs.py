"""Shaded surfaces: the class is their form, or where the light comes from."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import PIXEL, grid, turned
from hpo_builders.vision.nuisances import noisy, places
from hpo_gym.base import Floats, Ints

FORMS = 6
"""Dome, cone, pyramid, ridge, saddle, waves."""

LIGHTS = 8


def forms(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th form, at any angle, under a light from any side."""
    n = len(labels)
    middle = places(rng, n, 0.3)
    x, y = grid()
    u, v = turned(x - middle[:, 0, None, None], y - middle[:, 1, None, None], rng.uniform(0, 2 * np.pi, n))
    size = rng.uniform(0.5, 0.8, (n, 1, 1))
    u, v = u / size, v / size
    radius = np.hypot(u, v)
    every = np.stack([
        np.sqrt(np.maximum(1 - radius**2, 0)), np.maximum(1 - radius, 0),
        np.maximum(1 - np.maximum(np.abs(u), np.abs(v)), 0), np.maximum(1 - np.abs(u), 0),
        (u**2 - v**2) / 2, np.sin(4 * u) / 3,
    ])  # fmt: skip
    height = every[labels, np.arange(n)] * size * rng.uniform(0.6, 1.0, (n, 1, 1))
    return noisy(shaded(height, rng.uniform(0, 2 * np.pi, n)), rng, 0.12)[:, None]


def lights(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: five domes, lit from the direction of c * 45 degrees (0: from the right, 90: from below), within 15."""
    n = len(labels)
    x, y = grid()
    height = np.zeros((n, 12, 12))
    for _ in range(5):
        middle, size = places(rng, n, 1.0), rng.uniform(0.25, 0.5, n)
        square = (x - middle[:, 0, None, None]) ** 2 + (y - middle[:, 1, None, None]) ** 2
        height = np.maximum(height, np.sqrt(np.maximum(size[:, None, None] ** 2 - square, 0)))
    angle = 2 * np.pi * labels / LIGHTS + np.radians(rng.uniform(-15, 15, n))
    return noisy(shaded(height, angle), rng, 0.25)[:, None]


def shaded(height: Floats, angle: Floats) -> Floats:
    """Brightness of surfaces ``(n, h, w)`` under light from angles ``(n,)``, 45 degrees above the ground (Lambert)."""
    down, right = np.gradient(height, PIXEL, axis=(1, 2))
    toward = right * np.cos(angle)[:, None, None] + down * np.sin(angle)[:, None, None]
    cosine = (1 - toward) / np.sqrt(2 * (1 + right**2 + down**2))  # of the normal (-right, -down, 1) and the light
    return np.asarray(np.maximum(cosine, 0.0))
