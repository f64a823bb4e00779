"""Two shapes: the class is how one lies to the other."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import grid, ink, to_disc
from hpo_builders.vision.nuisances import cluttered, contrasted, noisy, places
from hpo_gym.base import Floats, Ints

SIDES = ("right of", "below", "left of", "above")
CONTACTS = ("apart", "crossing", "inside")


def sides(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: a disc is on the c-th side of a square of about the same size, within 35 degrees."""
    n = len(labels)
    disc, square = placed(labels, rng)
    shapes = np.maximum(
        ink(_to_square(square, rng.uniform(0.24, 0.36, n))), ink(to_disc(disc, rng.uniform(0.28, 0.4, n)))
    )
    return noisy(contrasted(cluttered(shapes, rng, 2, 0.5), rng, 0.6), rng, 0.15)[:, None]


def placed(labels: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the middles of disc and square, each ``(n, 2)``."""
    n = len(labels)
    angle = np.pi / 2 * labels + np.radians(rng.uniform(-35, 35, n))
    way = rng.uniform(0.75, 1.0, n)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middle = places(rng, n, 0.25)
    return middle + way / 2, middle - way / 2


def contacts(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: two rings are apart, cross each other, or the smaller lies inside the larger."""
    large, small, distance = rings(labels, rng)
    angle, n = rng.uniform(0, 2 * np.pi, len(labels)), len(labels)
    way = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middle = places(rng, n, 0.15) - way / 2
    lines = np.minimum(np.abs(to_disc(middle, large)), np.abs(to_disc(middle + way, small)))
    return noisy(contrasted(ink(lines - 0.06), rng, 0.6), rng, 0.2)[:, None]


def rings(labels: Ints, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Radii of a larger and a smaller ring, and the distance of their middles, each ``(n,)``."""
    n = len(labels)
    large, small = rng.uniform(0.4, 0.6, n), rng.uniform(0.2, 0.3, n)
    apart, share = large + small, rng.random(n)
    inside = large - small
    low = np.stack([apart + 0.12, inside + 0.08, 0 * apart])
    high = np.stack([apart + 0.4, apart - 0.08, inside - 0.08])
    i = np.arange(n)
    return large, small, np.asarray(low[labels, i] + share * (high[labels, i] - low[labels, i]))


def _to_square(middle: Floats, half: Floats) -> Floats:
    x, y = grid()
    across = np.abs(x - middle[:, 0, None, None])
    down = np.abs(y - middle[:, 1, None, None])
    return np.asarray(np.maximum(across, down) - half[:, None, None])
