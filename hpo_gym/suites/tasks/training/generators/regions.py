"""Classes as regions of a plane or of a space: clusters, rings, arms, cells."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.training.generators.common import Rows, classes_of, cut, widened


def blobs(rng: np.random.Generator, rows: int) -> Rows:
    """Draw a round cloud for each class."""
    k, d = classes_of(rng), int(rng.integers(3, 12))
    centres, y = rng.uniform(-1.0, 1.0, (k, d)), rng.integers(0, k, rows)
    return centres[y] + rng.uniform(0.3, 0.9) * rng.normal(size=(rows, d)), y


def prototypes(rng: np.random.Generator, rows: int) -> Rows:
    """Several small clouds for each class, among each other."""
    k, each, d = classes_of(rng), int(rng.integers(3, 8)), int(rng.integers(3, 10))
    centres, chosen = 1.5 * rng.normal(size=(each * k, d)), rng.integers(0, each * k, rows)
    return centres[chosen] + 0.6 * rng.normal(size=(rows, d)), chosen % k


def rings(rng: np.random.Generator, rows: int) -> Rows:
    """Circles of different radius, one in the other."""
    k = classes_of(rng, 3)
    y, angle = rng.integers(0, k, rows), rng.uniform(0, 2 * np.pi, rows)
    radius = (y + 1.0) / k + rng.uniform(0.03, 0.1) * rng.normal(size=rows)
    return widened(rng, np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)), y


def quantiles(rng: np.random.Generator, rows: int) -> Rows:
    """Shells of a normal cloud, of equal share."""
    d, k = int(rng.integers(2, 11)), classes_of(rng, 3)
    x = rng.normal(size=(rows, d))
    return x, cut((x**2).sum(1), k)


def moons(rng: np.random.Generator, rows: int) -> Rows:
    """Two half circles that reach into each other."""
    y, angle = rng.integers(0, 2, rows), rng.uniform(0, np.pi, rows)
    x = np.stack([np.cos(angle) * (1 - 2 * y) + y, (np.sin(angle) - 0.5 * y) * (1 - 2 * y)], 1)
    return widened(rng, x + rng.uniform(0.05, 0.25) * rng.normal(size=(rows, 2))), y


def spirals(rng: np.random.Generator, rows: int) -> Rows:
    """Arms that wind around a centre."""
    k = classes_of(rng, 3)
    y, t = rng.integers(0, k, rows), rng.uniform(0.2, 1.0, rows)
    angle = t * rng.uniform(2.5, 5.0) + 2 * np.pi * y / k
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], 1) + 0.03 * rng.normal(size=(rows, 2))
    return widened(rng, x), y


def wedges(rng: np.random.Generator, rows: int) -> Rows:
    """Sectors of a disc, each class several times around."""
    k, times = classes_of(rng), int(rng.integers(1, 3))
    x = rng.normal(size=(rows, 2))
    sector = np.floor((np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) + 0.5) * k * times).astype(np.int64)
    return widened(rng, x), sector % k


def checker(rng: np.random.Generator, rows: int) -> Rows:
    """Fields of a chequerboard of 2 x 2 or 3 x 3."""
    x, side = rng.uniform(-1, 1, (rows, 2)), int(rng.integers(2, 4))
    field = np.floor((x + 1) * side / 2).astype(np.int64)
    return widened(rng, x), field.sum(1) % 2


def xor(rng: np.random.Generator, rows: int) -> Rows:
    """Label rows by whether an even number of two or three columns is negative."""
    x, among = rng.normal(size=(rows, int(rng.integers(4, 9)))), int(rng.integers(2, 4))
    return x + 0.3 * np.sign(x), (np.prod(x[:, :among], 1) > 0).astype(np.int64)
