"""The codec `grid`: an action is a level of each hyperparameter."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import Ints
from hpo_gym.env.codecs import CODECS, Codec, Proposal
from hpo_gym.env.codecs.checks import integers_of, positions_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import level_grid, nearest_level


@CODECS.register("grid")
class Grid(Codec):
    """``MultiDiscrete``: a level of each hyperparameter (every choice, and `levels` values of a range).

    With `fidelity`, one more entry chooses the fidelity; with `stop`, a last entry of 1 ends the episode.
    """

    def __init__(self, levels: int = 5, fidelity: bool = False, stop: bool = False) -> None:
        self.levels, self.fidelity, self.stop = levels, fidelity, stop

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        return gym.spaces.MultiDiscrete(self._sizes(contexts))

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        sizes = self._sizes(contexts)
        a = integers_of(actions, runs.n, sizes)
        grid = level_grid(contexts.space, self.levels)
        x = np.stack([u[a[:, j]] for j, u in enumerate(grid)], 1)
        fidelity = np.asarray(contexts.fidelities)[a[:, len(grid)]] if self.fidelity else None
        return Proposal(runs.batch.place(runs.task, x), fidelity, a[:, -1] == 1 if self.stop else None)

    def encode(self, contexts: Contexts, runs: Runs, wanted: Proposal) -> NDArray[Any]:
        x, grid = runs.batch.points(runs.task, wanted.at), level_grid(contexts.space, self.levels)
        columns = [nearest_level(u, x[:, j]) for j, u in enumerate(grid)]
        if self.fidelity:
            columns.append(positions_of(contexts.fidelities, wanted.fidelity, runs.n))
        if self.stop:
            columns.append(np.zeros(runs.n, int) if wanted.stop is None else wanted.stop.astype(int))
        return np.stack(columns, 1)

    def _sizes(self, contexts: Contexts) -> Ints:
        sizes = [len(u) for u in level_grid(contexts.space, self.levels)]
        return np.array(sizes + [len(contexts.fidelities)] * self.fidelity + [2] * self.stop, np.int64)
