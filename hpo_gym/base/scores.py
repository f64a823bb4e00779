"""Scores of any size, clipped to where their squares and sums stay finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 1e100  # scores beyond it count as it, so that squares stay finite


def tame(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores clipped to plus and minus `LARGEST`: their squares and sums are finite."""
    return np.clip(np.asarray(score, np.float64), -LARGEST, LARGEST)
