"""Features of linear Q-functions: tiles, and waves that stand for radial basis functions.

Both hold the weights of `b` trainings, give values ``(b, a, n)`` of inputs ``(b, inputs, n)``, and move them towards
targets: what several episodes say of one weight in one step is averaged.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.problem import Generators
from hpo_builders.control.rollouts import Greedy
from hpo_gym.base import Ints, Singles

CELLS = 4096
"""Most cells of a tiling; where it would have more, cells share weights by a hash."""
_PRIME = 2654435761


class Features(ABC):
    """Values that are linear in weights.

    Attributes:
        weights: All of them.
    """

    weights: Singles

    @abstractmethod
    def of(self, x: Singles) -> Any:
        """Features of inputs ``(b, inputs, n)``, for the other two methods."""

    @abstractmethod
    def values(self, features: Any) -> Singles:
        """Values ``(b, a, n)``."""

    @abstractmethod
    def move(self, features: Any, action: Ints, error: Singles, alive: NDArray[np.bool_]) -> None:
        """Move the values of actions ``(b, n)`` by errors ``(b, n)``, which hold the learning rate, where `alive`."""

    def greedy(self) -> Greedy:
        """Return the policies that take the action of the highest value, by the weights as they are now."""
        kept = copy.copy(self)
        kept.weights = self.weights.copy()
        return Greedy(lambda x: kept.values(kept.of(x)), bool(np.isfinite(kept.weights).all()))


class Tiles(Features):
    """Tilings of the inputs between -`reach` and `reach`; one tiling is a table.

    **Reference**: Sutton and Barto, "Reinforcement learning" (2018), section 9.5.4.

    Args:
        b, inputs, actions: Numbers.
        tilings: Of which each is shifted against the one before.
        bins: Of each input in a tiling.
        reach: Inputs beyond are in the outermost tiles.
        level: Of all values at first.
    """

    def __init__(self, b: int, inputs: int, actions: int, tilings: int, bins: int, reach: float, level: float) -> None:
        self._bins, self._reach, self._tilings, self._actions = bins, reach, tilings, actions
        cells = min((bins + 1) ** inputs, CELLS)
        self._hashed = (bins + 1) ** inputs > CELLS
        self.weights = np.full((b * tilings * cells, actions), level / tilings, np.float32)
        self._counts = np.zeros(self.weights.size, np.float32)
        powers = np.array([(bins + 1) ** i % 2**31 for i in range(inputs)])
        self._powers = powers[:, None]
        steps = (2 * np.arange(inputs) + 1) % tilings if tilings > 1 else np.zeros(inputs)
        self._offsets = (np.arange(tilings)[:, None] * steps % tilings / tilings)[:, :, None].astype(np.float32)
        self._base = (np.arange(b * tilings) * cells).reshape(b, tilings, 1)

    def of(self, x: Singles) -> Ints:
        """Cells ``(b, tilings, n)``."""
        scaled = (np.clip(x, -self._reach, self._reach) + np.float32(self._reach)) * np.float32(
            self._bins * (1 - 1e-6) / (2 * self._reach)
        )
        tile = (scaled[:, None] + self._offsets).astype(np.int64)  # (b, tilings, inputs, n)
        cell = (tile * self._powers).sum(2)
        if self._hashed:
            cell = (cell * _PRIME >> 12) % CELLS
        return np.asarray(cell + self._base)

    def values(self, features: Ints) -> Singles:
        return np.asarray(self.weights[features].sum(1).transpose(0, 2, 1))

    def move(self, features: Ints, action: Ints, error: Singles, alive: NDArray[np.bool_]) -> None:
        at = features * self._actions + action[:, None]
        step = np.broadcast_to(error[:, None] / np.float32(self._tilings), at.shape)
        where = np.broadcast_to(alive[:, None], at.shape)
        at, step = at[where], step[where]
        flat, counts = self.weights.reshape(-1), self._counts
        np.add.at(counts, at, np.float32(1))
        step = step / counts[at]
        counts[at] = 0
        np.add.at(flat, at, step)


class Waves(Features):
    """Random Fourier features, whose inner products are about those of Gaussian radial basis functions.

    **Reference**: Rahimi and Recht, "Random features for large-scale kernel machines" (2007).

    Args:
        generators: Draw frequencies and phases, one for each training.
        inputs, actions, count: Numbers.
        width: Standard deviation of the Gaussian.
        level: Of all values at first.
    """

    def __init__(
        self, generators: Generators, inputs: int, actions: int, count: int, width: float, level: float
    ) -> None:
        self._rates = np.stack([g.standard_normal((count, inputs)) / width for g in generators]).astype(np.float32)
        self._phases = np.stack([g.uniform(0, 2 * np.pi, (count, 1)) for g in generators]).astype(np.float32)
        self.weights = np.zeros((len(generators), actions, count), np.float32)
        self._actions, self._level, self._scale = np.arange(actions)[:, None], np.float32(level), np.sqrt(2 / count)

    def of(self, x: Singles) -> Singles:
        """Features ``(b, count, n)``."""
        out = self._rates @ x
        out += self._phases
        np.cos(out, out=out)
        out *= np.float32(self._scale)
        return out

    def values(self, features: Singles) -> Singles:
        return np.asarray(self.weights @ features + self._level)

    def move(self, features: Singles, action: Ints, error: Singles, alive: NDArray[np.bool_]) -> None:
        mine = ((action[:, None] == self._actions) & alive[:, None]).astype(np.float32)  # (b, a, n)
        count = np.maximum(mine.sum(2, keepdims=True), 1)
        self.weights += (mine * error[:, None]) @ features.transpose(0, 2, 1) / count
