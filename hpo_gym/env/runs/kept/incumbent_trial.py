"""The column `incumbent_trial`: which trial of its run each incumbent is."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick
from hpo_gym.env.runs.slots import Slots


@COLUMNS.register("incumbent_trial")
class IncumbentTrial(Column):
    """Position of the incumbent among the trials of each run, ``(n,)``; -1 before the first."""

    dtype = np.int64
    start = -1

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        return np.where(tick.better, runs.t - 1, before)
