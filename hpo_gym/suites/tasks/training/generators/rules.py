"""Classes by rules: thresholds of single columns, and the largest column."""

from __future__ import annotations

import numpy as np

from hpo_gym.suites.tasks.training.generators.common import Rows, classes_of


def tree(rng: np.random.Generator, rows: int) -> Rows:
    """Leaves of a random decision tree of depth 3."""
    d, k = int(rng.integers(4, 10)), classes_of(rng)
    x, leaf = rng.normal(size=(rows, d)), np.zeros(rows, np.int64)
    for depth in range(3):
        column, at = rng.integers(0, d, 2**depth), rng.normal(size=2**depth) * 0.4
        leaf = 2 * leaf + (x[np.arange(rows), column[leaf]] > at[leaf])
    return x, rng.permutation(np.arange(8) % k)[leaf]


def ladder(rng: np.random.Generator, rows: int) -> Rows:
    """Label a row by the first of several thresholds that it passes."""
    d, k = int(rng.integers(4, 10)), classes_of(rng)
    x, y = rng.normal(size=(rows, d)), np.full(rows, k - 1)
    for step in reversed(range(k - 1)):
        y[x[:, step] > rng.normal() * 0.3 + 0.3] = step
    return x, y


def boxes(rng: np.random.Generator, rows: int) -> Rows:
    """In none, one or both of two boxes."""
    d, k = int(rng.integers(3, 8)), classes_of(rng, 3)
    x = rng.uniform(-1, 1, (rows, d))
    sides = 0.5 ** (1 / 3)
    inside = np.zeros(rows, np.int64)
    for _ in range(2):
        columns, low = rng.choice(d, 3, replace=False), rng.uniform(-1, 1 - 2 * sides, 3)
        inside += ((x[:, columns] > low) & (x[:, columns] < low + 2 * sides)).all(1)
    return x, np.minimum(inside, k - 1)


def largest(rng: np.random.Generator, rows: int) -> Rows:
    """Label a row by the group of columns with the largest absolute number."""
    k, each = classes_of(rng), int(rng.integers(1, 4))
    x = rng.normal(size=(rows, k * each))
    return x, np.abs(x).argmax(1) // each


def gates(rng: np.random.Generator, rows: int) -> Rows:
    """Label by the side of one of two directions, chosen by the sign of another column."""
    d = int(rng.integers(4, 11))
    x, ways = rng.normal(size=(rows, d)), rng.normal(size=(2, d - 1))
    side = np.where(x[:, 0] > 0, x[:, 1:] @ ways[0], x[:, 1:] @ ways[1])
    return x, (side > 0).astype(np.int64)
