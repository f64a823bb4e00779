"""Few rows of many columns, in as many numbers as there are rows: exact, by the scalar products of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_builders.training.recipe import TrainingFailed
from hpo_gym.base import Floats

LEAST = 1e-10
"""Axes with a smaller share of the largest variance are left out."""


def rotation(x: Any, most: int) -> tuple[Floats, Floats]:
    """Return the first left singular vectors ``(n, axes)`` of a matrix that is not centred, and its singular values.

    Vectors times values are the rows in the space of the axes, at most `most` of these.

    Raises:
        TrainingFailed: All features are 0.
    """
    from scipy.linalg import eigh

    products = x @ x.T
    products = np.asarray(products.todense() if hasattr(products, "todense") else products)
    n = len(products)
    values, vectors = eigh(products, subset_by_index=None if most >= n else [n - most, n - 1])
    order = np.argsort(-values, kind="stable")
    order = order[values[order] > LEAST * values.max()] if values.max() > 0 else order[:0]
    if not len(order):
        raise TrainingFailed("No feature is left: all are 0.")
    return vectors[:, order], np.sqrt(values[order])


def principal_axes(x: Any, components: int) -> Floats:
    """Return the first right singular vectors, ``(columns, axes)``; the largest number of each is positive.

    Raises:
        TrainingFailed: All features are 0.
    """
    vectors, lengths = rotation(x, components)
    axes = np.asarray(x.T @ (vectors / lengths))
    largest = axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)
