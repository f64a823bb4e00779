"""`ControlColumns`: from learning rates and other controls to points of a search space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.problem import Points, SearchSpace

RATE = "learning_rate"


class ControlColumns:
    """The columns of the learning rate and of what else a rule sets; the others stay at the default.

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

    def points(self, log_rate: NDArray[np.float64], others: Mapping[str, Floats]) -> Points:
        """Return canonical points ``(n, d)``.

        Args:
            log_rate: Logarithms to base 10 of learning rates, ``(n,)``.
            others: Values of other controls by name, each ``(n,)``; those that the space lacks are left out.
        """
        x = np.tile(self._space.default_x, (len(log_rate), 1))
        for name, values in {RATE: 10.0**log_rate, **others}.items():
            if name in self._space.names:
                j = self._space.names.index(name)
                of = self._space.hyperparameters[j]
                x[:, j] = of.units(np.clip(values, of.low, of.high))
        return self._space.snap(x)
