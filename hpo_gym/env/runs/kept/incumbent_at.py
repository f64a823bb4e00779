"""The column `incumbent_at`: rows or points of the incumbents."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick
from hpo_gym.env.runs.slots import Slots


@COLUMNS.register("incumbent_at")
class IncumbentAt(Column):
    """Row ``(n,)`` or point ``(n, d)`` of each incumbent; it outlives the episode until the next first trial."""

    def new(self, runs: Slots) -> Array:
        return np.zeros_like(runs.at[0])

    def begin(self, runs: Slots, values: Array, which: object) -> Array:
        return values

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        return np.where(tick.better if runs.tabular else tick.better[:, None], tick.at, before)
