"""Functions of the choices of a few hyperparameters: computed once for each combination."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats


class ChoiceTable:
    """A value or a row of values for each combination of choices.

    Args:
        columns: Columns of the choices in points, and the number of choices of each.
        values: Maps points ``(combinations, d)`` to values ``(combinations, ...)``.

    Attributes:
        values: The value of each combination.
    """

    def __init__(
        self, d: int, columns: Sequence[int], counts: Sequence[int], values: Callable[[Floats], NDArray[Any]]
    ) -> None:
        self._columns, self._counts = np.array(columns, np.int64), np.array(counts, np.float64)
        self._radix = np.array([math.prod(counts[j + 1 :]) for j in range(len(counts))], np.float64)
        positions = np.stack(np.unravel_index(np.arange(math.prod(counts)), tuple(counts)), 1)
        points = np.full((len(positions), d), 0.5)
        points[:, self._columns] = (positions + 0.5) / self._counts
        self.values = values(points)

    def at(self, positions: Floats) -> NDArray[Any]:
        """Return the values at positions of choices ``(columns, n)``, fresh."""
        return self.values.take((self._radix @ positions).astype(np.int64), 0)

    def of(self, x: Floats) -> NDArray[Any] | None:
        """Return the values at points ``(n, d)``, fresh; None if a point lies outside the cube."""
        positions = np.minimum(np.floor(x[:, self._columns] * self._counts), self._counts - 1)
        return self.at(positions.T) if (positions >= 0).all() else None
