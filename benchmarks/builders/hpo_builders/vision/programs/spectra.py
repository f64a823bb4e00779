"""Random fields: the class is the slope of their power spectrum, or the direction in which they are stretched."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import SIZE
from hpo_builders.vision.nuisances import noisy
from hpo_gym.base import Floats, Ints

SLOPES = (0.0, 0.8, 1.6, 2.4, 3.2)
DIRECTIONS = 6
WIDE = 2 * SIZE
"""Fields are drawn twice as wide, and cut: they are periodic."""


def slopes(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: amplitude falls as frequency ** -(slope / 2 of c), within .3; each image has mean 0 and SD 1."""
    slope = np.array(SLOPES)[labels] + rng.uniform(-0.3, 0.3, len(labels))
    frequency = np.hypot(*_frequencies())
    return noisy(field(frequency[None] ** (-slope[:, None, None] / 2), rng), rng, 0.3)[:, None]


def directions(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: stretched along the direction of c * 30 degrees, within 10, by 1.5 to 2.5."""
    n = len(labels)
    angle = np.pi * labels / DIRECTIONS + np.radians(rng.uniform(-10, 10, n))
    fx, fy = _frequencies()
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    along, across = fx * cos + fy * sin, fy * cos - fx * sin
    stretch = rng.uniform(1.5, 2.5, n)[:, None, None]
    radius = np.sqrt((along * stretch) ** 2 + (across / stretch) ** 2)
    return noisy(field(np.exp(-(radius**2) / (2 * 0.12**2)), rng), rng, 0.4)[:, None]


def field(amplitude: Floats, rng: np.random.Generator) -> Floats:
    """Fields of a spectrum ``(n, WIDE, WIDE)``, cut to the canvas, each with mean 0 and standard deviation 1."""
    noise = np.fft.fft2(rng.normal(size=(len(amplitude), WIDE, WIDE)))
    images = np.fft.ifft2(noise * amplitude).real[:, :SIZE, :SIZE]
    images = images - images.mean((1, 2), keepdims=True)
    return np.asarray(images / images.std((1, 2), keepdims=True))


def _frequencies() -> tuple[Floats, Floats]:
    """By x and y, in cycles a pixel, ``(WIDE, WIDE)``; that of the mean is the lowest other."""
    f = np.fft.fftfreq(WIDE)
    fy, fx = np.meshgrid(f, f, indexing="ij")
    fx[0, 0] = 1 / WIDE
    return fx, fy
