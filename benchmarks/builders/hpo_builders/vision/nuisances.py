"""Nuisances of an image, independent of its class: noise, contrast, clutter, a place."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import ink, to_segments
from hpo_gym.base import Floats


def noisy(images: Floats, rng: np.random.Generator, sd: float) -> Floats:
    """Add Gaussian noise of one standard deviation to every pixel."""
    return images + rng.normal(0.0, sd, images.shape)


def contrasted(images: Floats, rng: np.random.Generator, low: float, *, inverted: bool = False) -> Floats:
    """Scale the contrast of each image ``(n, h, w)`` by a factor in [`low`, 1] and move its brightness.

    Args:
        images: With values about [0, 1].
        rng: Draws them.
        low: The lowest contrast.
        inverted: Whether half the images are negatives.
    """
    n = len(images)
    factor, offset = rng.uniform(low, 1.0, n), rng.uniform(-0.2, 0.2, n)
    sign = np.where(rng.random(n) < 0.5, -1.0, 1.0) if inverted else np.ones(n)
    return np.asarray((images - 0.5) * (factor * sign)[:, None, None] + 0.5 + offset[:, None, None])


def cluttered(images: Floats, rng: np.random.Generator, strokes: int, strength: float = 0.7) -> Floats:
    """Draw short strokes over each image ``(n, h, w)``, each anywhere."""
    n = len(images)
    start = rng.uniform(-1, 1, (n, strokes, 2))
    segments = np.stack([start, start + rng.uniform(-0.4, 0.4, (n, strokes, 2))], axis=2)
    return np.maximum(images, strength * ink(to_segments(segments) - 0.03))


def places(rng: np.random.Generator, n: int, reach: float) -> Floats:
    """Points anywhere within `reach` of the middle in both directions, ``(n, 2)``."""
    return rng.uniform(-reach, reach, (n, 2))
