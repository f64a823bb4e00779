"""One filled shape: the class is its kind."""

from __future__ import annotations

import numpy as np

from hpo_builders.vision.canvas import SIZE, ink, to_polygon
from hpo_builders.vision.nuisances import cluttered, contrasted, noisy, places
from hpo_gym.base import Floats, Ints

KINDS = ("triangle", "square", "pentagon", "disc", "four-pointed star", "five-pointed star", "cross")


def kinds(labels: Ints, rng: np.random.Generator) -> Floats:
    """Class c: the c-th of `KINDS`, at any angle, size and place."""
    return noisy(contrasted(_drawn(labels, rng, np.ones(len(labels))), rng, 0.6), rng, 0.08)[:, None]


def hidden(labels: Ints, rng: np.random.Generator) -> Floats:
    """Draw the first five of `kinds`, stretched, among strokes, and half of them dark on bright."""
    shapes = _drawn(labels, rng, rng.uniform(0.65, 1.0, len(labels)))
    return noisy(contrasted(cluttered(shapes, rng, 3), rng, 0.7, inverted=True), rng, 0.08)[:, None]


def corners(kind: str) -> Floats:
    """Return the corners of a shape about the middle, the farthest at a distance of 1, ``(k, 2)``; a disc has 24."""
    if kind == "cross":
        arm = 1 / 3  # half the width of an arm, of its length
        quarter = np.array([[1, arm], [arm, arm], [arm, 1]]) / np.hypot(1, arm)
        turn = np.array([[0.0, 1.0], [-1.0, 0.0]])  # of rows, by a quarter
        return np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)])
    k = {"triangle": 3, "square": 4, "pentagon": 5, "disc": 24, "four-pointed star": 8, "five-pointed star": 10}[kind]
    angle = 2 * np.pi * np.arange(k) / k
    radius = np.tile([1.0, 0.45], k // 2) if kind.endswith("star") else np.ones(k)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _drawn(labels: Ints, rng: np.random.Generator, stretch: Floats) -> Floats:
    n = len(labels)
    turn, size, place = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.55, 0.85, n), places(rng, n, 0.2)
    cos, sin = size * np.cos(turn), size * np.sin(turn)
    frames = np.stack([np.stack([cos, -sin * stretch], 1), np.stack([sin, cos * stretch], 1)], 1)  # (n, 2, 2)
    images = np.empty((n, SIZE, SIZE))
    for c, kind in enumerate(KINDS):
        mine = labels == c
        shapes = np.einsum("nij,kj->nki", frames[mine], corners(kind)) + place[mine, None]
        images[mine] = ink(to_polygon(shapes))
    return images
