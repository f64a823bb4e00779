"""From canonical points to the inputs of a network."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.problem import Points, SearchSpace


class Encoding:
    """One input in [-1, 1] for each hyperparameter that has an order or two choices, else one for each choice.

    All inputs of an inactive hyperparameter are 0.

    Attributes:
        width: Number of inputs.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        kinds = [(j, h) for j, h in enumerate(space.hyperparameters)]
        self._plain = np.array([j for j, h in kinds if h.metric or len(h.choices) == 2], np.int64)
        self._several = [(j, h) for j, h in kinds if h.kind == "categorical" and len(h.choices) > 2]
        self.width = len(self._plain) + sum(len(h.choices) for _, h in self._several)

    def __call__(self, x: Points) -> Singles:
        """Return the inputs of canonical points ``(n, d)``, shape ``(n, width)``."""
        active = self.space.active(x)
        out = np.zeros((len(x), self.width), np.float32)
        end = len(self._plain)
        out[:, :end] = (2.0 * x[:, self._plain] - 1.0) * active[:, self._plain]
        for j, h in self._several:
            rows = np.flatnonzero(active[:, j])
            out[rows, end + h.numbers(x[rows, j]).astype(np.int64)] = 1.0
            end += len(h.choices)
        return out
