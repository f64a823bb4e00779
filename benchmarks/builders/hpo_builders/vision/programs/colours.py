"""Coloured scenes: the class is the hue of a disc among squares, or where the odd one of four lies."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import grid, ink, to_disc
from hpo_gym.base import Floats, Ints

HUES = 6
SQUARES = 3


def discs(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the disc has the hue c / 6, within .06; squares, which it may cover, have any."""
    n = len(labels)
    images = _ground(n, rng)
    for _ in range(SQUARES):
        images = _painted(
            images, _square(rng.uniform(-0.8, 0.8, (n, 2)), rng.uniform(0.22, 0.36, n)), rng.random(n), rng
        )
    hue = labels / HUES + rng.uniform(-0.06, 0.06, n)
    disc = ink(to_disc(rng.uniform(-0.6, 0.6, (n, 2)), rng.uniform(0.3, 0.42, n)))
    return _noisy(_painted(images, disc, hue, rng), rng)


def odd(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: of four discs, the one in quadrant c has another hue than the others, by .15 to .5 turns."""
    n = len(labels)
    images, hue = _ground(n, rng), rng.random(n)
    other = hue + rng.uniform(0.15, 0.5, n) * np.where(rng.random(n) < 0.5, -1, 1)
    for quadrant in range(4):
        middle = np.array([quadrant % 2, quadrant // 2]) - 0.5 + rng.uniform(-0.12, 0.12, (n, 2))
        own = np.where(labels == quadrant, other, hue)
        images = _painted(images, ink(to_disc(middle, rng.uniform(0.2, 0.36, n))), own, rng)
    return _noisy(images, rng)


def rgb(hue: Floats, saturation: Floats, value: Floats) -> Floats:
    """Red, green and blue ``(n, 3)`` of a hue in turns, a saturation and a value, each ``(n,)``."""
    ramp = np.abs(((hue[:, None] % 1) * 6 + np.array([0, 4, 2])) % 6 - 3) - 1
    return np.asarray(value[:, None] * (1 + saturation[:, None] * (np.clip(ramp, 0, 1) - 1)))


def _painted(images: Floats, cover: Floats, hue: Floats, rng: np.random.Generator) -> Floats:
    n = len(images)
    colour = rgb(hue, rng.uniform(0.5, 1.0, n), rng.uniform(0.5, 1.0, n))[:, :, None, None]
    return images * (1 - cover[:, None]) + colour * cover[:, None]


def _ground(n: int, rng: np.random.Generator) -> Floats:
    return np.ones((1, 1, 12, 12)) * rng.uniform(0.2, 0.8, (n, 1, 1, 1)) + np.zeros((n, 3, 1, 1))


def _square(middle: Floats, half: Floats) -> Floats:
    x, y = grid()
    reach = np.maximum(np.abs(x - middle[:, 0, None, None]), np.abs(y - middle[:, 1, None, None]))
    return ink(reach - half[:, None, None])


def _noisy(images: Floats, rng: np.random.Generator) -> Floats:
    return images + rng.normal(0, 0.15, images.shape)
