"""The observer `levels`: the grid cell of the last configuration, for tabular methods."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError
from hpo_gym.env.observers import OBSERVERS, Observer
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores
from hpo_gym.problem import level_grid, nearest_level


@OBSERVERS.register("levels")
class Levels(Observer):
    """MultiDiscrete or Discrete: the grid cell of the last configuration (before the first trial, of the default one).

    For tabular methods. `levels` values of a range, every value of a choice; with `flat`, one Discrete number,
    refused where there are more than 1e7 cells. Meta-features and scores are not shown.
    """

    def __init__(
        self, levels: int = 5, flat: bool = False, context: bool = False, served: ServedScores | None = None
    ) -> None:
        if context:
            raise InvalidValueError("`context` must be false for the `levels` observer: a grid cell has no numbers.")
        super().__init__(served=served)
        self.levels, self.flat = levels, flat

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        sizes = [len(u) for u in level_grid(contexts.space, self.levels)]
        if not self.flat:
            return gym.spaces.MultiDiscrete(sizes)
        cells = float(np.prod(sizes, dtype=np.float64))
        if cells > 1e7:
            raise InvalidValueError(f"A flat grid must have at most 1e7 cells, got {cells:.3g}; leave `flat` out.")
        return gym.spaces.Discrete(int(cells))

    def __call__(self, contexts: Contexts, runs: Runs) -> NDArray[np.int64]:
        x = np.tile(contexts.space.default_x, (runs.n, 1)) if runs.fresh else runs.last_x()
        grid = level_grid(contexts.space, self.levels)
        cell = np.stack([nearest_level(u, x[:, j]) for j, u in enumerate(grid)], 1).astype(np.int64)
        if not self.flat:
            return cell
        return np.asarray(np.ravel_multi_index(tuple(cell.T), tuple(len(u) for u in grid)), np.int64)
