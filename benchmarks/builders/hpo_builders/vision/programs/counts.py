"""Several discs that do not touch: the class is how many there are."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import ink, to_disc
from hpo_builders.vision.nuisances import contrasted, noisy
from hpo_gym.base import Floats, Ints

CLASSES = 6
"""One to six discs."""


def discs(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: c + 1 discs of about one size."""
    n = len(labels)
    return noisy(contrasted(drawn(labels + 1, np.zeros(n, int), rng), rng, 0.6), rng, 0.1)[:, None]


def bright(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: c bright discs, among 0 to 3 dark ones."""
    dark = rng.integers(0, 4, len(labels))
    return noisy(drawn(labels, dark, rng), rng, 0.2)[:, None]


def drawn(bright: Ints, dark: Ints, rng: np.random.Generator) -> Floats:
    """Discs of 1 and of 0 on .5, each in a field of its own of 3 x 3, ``(n, size, size)``."""
    n = len(bright)
    fields = np.argsort(rng.random((n, 9)), axis=1)
    images = np.full((n, 12, 12), 0.5)
    for i in range(9):
        middle = np.stack([fields[:, i] % 3, fields[:, i] // 3], axis=1) * (2 / 3) - 2 / 3
        disc = ink(to_disc(middle + rng.uniform(-0.05, 0.05, (n, 2)), rng.uniform(0.14, 0.22, n)))
        sign = np.where(i < bright, 0.5, np.where(i < bright + dark, -0.5, 0.0))
        images += sign[:, None, None] * disc
    return images
