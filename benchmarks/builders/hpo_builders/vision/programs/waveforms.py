"""Signals drawn as a line on paper: the class is their form, or how often they repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpo_builders.vision.canvas import grid, ink
from hpo_builders.vision.nuisances import cluttered, contrasted, noisy
from hpo_gym.base import Floats, Ints

FORMS: tuple[Callable[[Floats], Floats], ...] = (
    lambda t: np.sin(2 * np.pi * t),
    lambda t: np.where(t % 1 < 0.5, 1.0, -1.0),
    lambda t: 2 * (t % 1) - 1,
    lambda t: 4 * np.abs(t % 1 - 0.5) - 1,
    lambda t: 2 * np.abs(np.sin(np.pi * t)) - 1,
)
"""Of a phase in turns, with period 1, in [-1, 1]: sine, square, saw-tooth, triangle, rectified sine."""


def forms(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `FORMS`, 1 to 2.2 periods of it."""
    return _drawn(labels, rng.uniform(1.0, 2.2, len(labels)), rng)


def repeats(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: .6, 1.1, 1.6, 2.1 or 2.6 periods, within .15, of any of `FORMS`."""
    n = len(labels)
    return _drawn(rng.integers(0, len(FORMS), n), 0.6 + 0.5 * labels + rng.uniform(-0.15, 0.15, n), rng)


def _drawn(form: Ints, periods: Floats, rng: np.random.Generator) -> Floats:
    n = len(form)
    _, y = grid()
    phase = rng.random(n)[:, None] + periods[:, None] * (np.linspace(-1, 1, 49) + 1) / 2  # four to a pixel
    signals = np.stack([f(phase) for f in FORMS])[form, np.arange(n)]
    height, middle = rng.uniform(0.35, 0.7, (n, 1)), rng.uniform(-0.2, 0.2, (n, 1))
    line = middle - height * signals
    parts = line[:, :48].reshape(n, 12, 4)
    low, high = parts.min(2)[:, None, :], parts.max(2)[:, None, :]
    distance = np.maximum(np.maximum(low - y, y - high), 0.0)
    images = cluttered(ink(distance - 0.06), rng, 2, 0.6)
    return noisy(contrasted(images, rng, 0.6), rng, 0.2)[:, None]
