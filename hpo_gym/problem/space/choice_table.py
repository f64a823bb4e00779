"""What hangs on the choices of a few hyperparameters only: worked out once for each combination of them."""

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
        columns: Of points, those of the choices, and how many each has.
        values: Gives what belongs to all combinations, ``(combinations, ...)``, of points ``(combinations, d)``.

    Attributes:
        values: What belongs to each combination.
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
        """What belongs to the positions of choices ``(columns, n)``, fresh."""
        return self.values.take((self._radix @ positions).astype(np.int64), 0)

    def of(self, x: Floats) -> NDArray[Any] | None:
        """What belongs to points ``(n, d)``, fresh; None where one of them is no point of the cube."""
        positions = np.minimum(np.floor(x[:, self._columns] * self._counts), self._counts - 1)
        return self.at(positions.T) if (positions >= 0).all() else None
