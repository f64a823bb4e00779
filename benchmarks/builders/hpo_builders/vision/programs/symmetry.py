"""Blots that are mirrored: the class is how."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import grid
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints

KINDS = ("left to right", "top to bottom", "half a turn", "none")


def axes(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `KINDS`; 6 blots and their images."""
    return noisy(drawn(labels, rng, blots=3), rng, 0.12)[:, None]


def busy(labels: Ints, rng: np.random.Generator) -> Floats:
    """Draw the first three of `axes`, with 10 blots."""
    return noisy(drawn(labels, rng, blots=5), rng, 0.12)[:, None]


def images_of(points: Floats, labels: Ints) -> Floats:
    """Mirror points ``(n, b, 2)``; where nothing is mirrored, move them by half the canvas."""
    x, y = points[..., 0], points[..., 1]
    moved = (x + 2) % 2 - 1, (y + 2) % 2 - 1
    every = np.stack([np.stack(p, axis=-1) for p in ((-x, y), (x, -y), (-x, -y), moved)])
    return np.asarray(every[labels, np.arange(len(points))])


def drawn(labels: Ints, rng: np.random.Generator, blots: int) -> Floats:
    """So many blots and their images, ``(n, size, size)``."""
    n = len(labels)
    x, y = grid()
    points, size = rng.uniform(-1, 1, (n, blots, 2)), rng.uniform(0.12, 0.25, (n, blots))
    strength = rng.uniform(0.5, 1.0, (n, blots))
    images = np.zeros((n, 12, 12))
    for place in (points, images_of(points, labels)):
        for b in range(blots):
            square = (x - place[:, b, 0, None, None]) ** 2 + (y - place[:, b, 1, None, None]) ** 2
            images += strength[:, b, None, None] * np.exp(-square / (2 * size[:, b, None, None] ** 2))
    return images
