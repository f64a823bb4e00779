"""Shared parts of generators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]
WIDTH = 15
"""Columns that a row can have."""


def classes_of(rng: np.random.Generator, most: int = 4) -> int:
    """Return a number of classes, 2 to `most`."""
    return int(rng.integers(2, most + 1))


def cut(z: NDArray[np.float64], classes: int) -> NDArray[np.int64]:
    """Numbers as classes of about equal size, ``(rows,)``."""
    return np.searchsorted(np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1]), z)


def widened(rng: np.random.Generator, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with up to 5 more columns that tell nothing."""
    more = int(rng.integers(0, min(5, WIDTH - x.shape[1]) + 1))
    return np.hstack([x, rng.normal(size=(len(x), more)) * x.std()])
