"""The codec `box`: an action is the next configuration."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.env.codecs import CODECS, Codec, Proposal
from hpo_gym.env.codecs.checks import points_of, positions_of
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Points


@CODECS.register("box")
class Box(Codec):
    """``Box(-1, 1, (d,))``: the next configuration, in SB3's symmetric convention (the default).

    With `fidelity`, one more number chooses a level, by equal shares of [-1, 1]; with `stop`, a positive one stops.
    """

    def __init__(self, fidelity: bool = False, stop: bool = False) -> None:
        self.fidelity, self.stop = fidelity, stop

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        width = contexts.space.d + self.fidelity + self.stop
        return gym.spaces.Box(-1.0, 1.0, (width,), np.float32)

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        d = contexts.space.d
        a = points_of(actions, runs.n, d + self.fidelity + self.stop)
        x = a[:, :d] + 1.0
        x /= 2.0
        at = self.place(contexts, runs, x)
        fidelity = None
        if self.fidelity:
            levels = np.asarray(contexts.fidelities)
            fidelity = levels[np.minimum(((a[:, d] + 1.0) / 2.0 * len(levels)).astype(np.int64), len(levels) - 1)]
        return Proposal(at, fidelity, a[:, -1] > 0.0 if self.stop else None)

    def place(self, contexts: Contexts, runs: Runs, x: Points) -> NDArray[Any]:
        """Return the evaluated configurations of points of the unit cube ``(n, d)``."""
        return runs.batch.place(runs.task, x)

    def point(self, runs: Runs, at: NDArray[Any]) -> Points:
        """Return points for which `place` has these evaluated configurations, ``(n, d)``."""
        return runs.batch.points(runs.task, at)

    def encode(self, contexts: Contexts, runs: Runs, wanted: Proposal) -> NDArray[Any]:
        """Return the actions, points in [-1, 1] as float32: a decoded point is that near."""
        columns = [np.clip(self.point(runs, wanted.at) * 2.0 - 1.0, -1.0, 1.0)]
        if self.fidelity:
            position = positions_of(contexts.fidelities, wanted.fidelity, runs.n)
            columns.append(((2 * position + 1) / len(contexts.fidelities) - 1.0)[:, None])
        if self.stop:
            columns.append(
                np.full((runs.n, 1), -1.0) if wanted.stop is None else np.where(wanted.stop, 1.0, -1.0)[:, None]
            )
        return np.concatenate(columns, 1).astype(np.float32)
