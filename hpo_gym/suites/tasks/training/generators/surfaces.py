"""Classes as steps of a smooth function of the columns."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.training.generators.common import Rows, classes_of, cut


def linear(rng: np.random.Generator, rows: int) -> Rows:
    """Slices across one direction."""
    d, k = int(rng.integers(3, 16)), classes_of(rng)
    x = rng.normal(size=(rows, d))
    return x, cut(x @ rng.normal(size=d) + 0.3 * rng.normal(size=rows), k)


def quadratic(rng: np.random.Generator, rows: int) -> Rows:
    """Label by steps of a quadratic form."""
    d, k = int(rng.integers(3, 9)), classes_of(rng, 3)
    x, form = rng.normal(size=(rows, d)), rng.normal(size=(d, d))
    return x, cut(np.einsum("ij,jk,ik->i", x, form, x) / d + x @ rng.normal(size=d), k)


def stripes(rng: np.random.Generator, rows: int) -> Rows:
    """Waves along one direction."""
    d = int(rng.integers(2, 7))
    x, way = rng.uniform(-1, 1, (rows, d)), rng.normal(size=d)
    return x, (np.sin(rng.uniform(3, 6) * (x @ way) / np.linalg.norm(way)) > 0).astype(np.int64)


def teacher(rng: np.random.Generator, rows: int) -> Rows:
    """Label by the highest output of a random network of one hidden layer."""
    d, k = int(rng.integers(4, 16)), classes_of(rng)
    x = rng.normal(size=(rows, d))
    hidden = np.tanh(1.5 * x @ rng.normal(size=(d, 24)) / np.sqrt(d))
    return x, (hidden @ rng.normal(size=(24, k))).argmax(1)


def friedman(rng: np.random.Generator, rows: int) -> Rows:
    """Label by steps of Friedman's first function of five columns (1991), among uninformative columns."""
    x, k = rng.uniform(0, 1, (rows, int(rng.integers(5, 12)))), classes_of(rng)
    value = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, cut(value + 0.5 * rng.normal(size=rows), k)
