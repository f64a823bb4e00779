"""The codec `move`: an action is one step from the last configuration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.codecs._one_choice import OneChoice
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Hyperparameter, Points, SearchSpace, level_grid, nearest_level

_FACTORS = (2.0, 10.0)  # by which a logarithmic range is gone down or up
_SHARES = (0.05, 0.2)
"""The same of another range, in shares of it; of choices one and two places."""


@CODECS.register("move")
class Move(OneChoice):
    """``Discrete(2 d + 1)``: one level down (2 j) or up (2 j + 1) in hyperparameter j, or back to the incumbent (2 d).

    The step starts at the last configuration; before the first trial, at the default one. A categorical goes round.

    Where a trial goes on from the one before it (`Trainings`) steps have two sizes, and there is no
    incumbent to go back to: ``Discrete(4 d + 1)``: a tenth (4 j), half (4 j + 1), twice (4 j + 2) or ten times
    (4 j + 3) hyperparameter j, or keep all (4 d); a range that is not logarithmic goes by a twentieth and a fifth of
    itself.
    """

    keeps = ("incumbent_at",)

    def __init__(self, levels: int = 5, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        self.levels = levels

    def count(self, contexts: Contexts) -> int:
        return (4 if contexts.batch.signals else 2) * contexts.space.d + 1

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        here = np.tile(contexts.space.default_x, (runs.n, 1)) if runs.fresh else runs.last_x()
        if not runs.in_step:
            here = np.where(runs.untried()[:, None], contexts.space.default_x, here)
        if contexts.batch.signals:
            return runs.batch.place(runs.task, stepped(contexts.space, here, choice))
        grid = level_grid(contexts.space, self.levels)
        for j, (h, u) in enumerate(zip(contexts.space.hyperparameters, grid, strict=True)):
            moved = np.flatnonzero(choice // 2 == j)
            if moved.size:
                cell = nearest_level(u, here[moved, j]) + np.where(choice[moved] % 2, 1, -1)
                here[moved, j] = u[cell % len(u) if h.kind == "categorical" else np.clip(cell, 0, len(u) - 1)]
        back = choice == 2 * contexts.space.d
        if back.any() and not runs.fresh:
            back &= np.broadcast_to(runs.t, runs.n) > 0
            here[back] = runs.incumbent_x()[back]
        return runs.batch.place(runs.task, here)


def stepped(space: SearchSpace, x: Points, choice: Ints) -> Points:
    """Points ``(n, d)`` after the actions ``(n,)``; the ends of a range hold, and a categorical goes round."""
    out = x.copy()
    for j, h in enumerate(space.hyperparameters):
        moved = np.flatnonzero(choice // 4 == j)
        if moved.size:
            small, large = sizes(h)
            to = out[moved, j] + np.array([-large, -small, small, large])[choice[moved] % 4]
            out[moved, j] = to % 1.0 if h.kind == "categorical" else np.clip(to, 0.0, 1.0)
    return out


def sizes(h: Hyperparameter) -> tuple[float, float]:
    """Return the two steps of one column of the unit cube."""
    if math.isfinite(h.size):
        return 1.0 / h.size, 2.0 / h.size
    if not h.log:
        return _SHARES
    low, high = h.bounds()
    small, large = (math.log(f) / (high - low) for f in _FACTORS)
    return small, large
