"""`RateColumn`: from logarithms of learning rates to points of a search space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import Points, SearchSpace

RATE = "learning_rate"


class RateColumn:
    """The column of the learning rate; the others stay at the default.

    Raises:
        InvalidValueError: The space has no such hyperparameter, or one that is no float above 0 or not always active.
    """

    def __init__(self, space: SearchSpace) -> None:
        if RATE not in space.names:
            raise InvalidValueError(f"A search space must have `{RATE}` to be scheduled, got {list(space.names)}.")
        self._space, self._j = space, space.names.index(RATE)
        self._of = of = space.hyperparameters[self._j]
        if of.kind != "float" or of.low <= 0 or not space.active(space.default_x[None])[0, self._j]:
            raise InvalidValueError(
                f"`{RATE}` must be a float above 0 that is active by default to be scheduled, got a hyperparameter of "
                f"kind {of.kind!r} from {of.low:g}."
            )
        self._ends = np.log10(of.low), np.log10(of.high)

    def clipped(self, log_rate: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithms to base 10, within the range of the space."""
        return np.clip(log_rate, *self._ends)

    def points(self, log_rate: NDArray[np.float64]) -> Points:
        """Canonical points ``(n, d)`` of such logarithms ``(n,)``."""
        x = np.tile(self._space.default_x, (len(log_rate), 1))
        x[:, self._j] = self._of.units(np.clip(10.0**log_rate, self._of.low, self._of.high))
        return self._space.snap(x)
