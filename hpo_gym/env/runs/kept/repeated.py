"""The column `repeated`: trials that repeat an earlier one."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.which import Which


@COLUMNS.register("repeated")
class Repeated(Column):
    """Repeats: whether the last trial of each run repeats an earlier one, fidelity included."""

    dtype = bool
    start = False
    saved = False

    def begin(self, runs: Slots, values: Array, which: Which) -> Array:
        runs.at[:, which.at] = -1 if runs.tabular else np.nan  # earlier episodes do not count
        return values

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        same = runs.at == tick.at if runs.tabular else (runs.at == tick.at).all(2)
        if "fidelity" in runs:
            same &= runs["fidelity"] == tick.share
        same[tick.slot] = False
        return np.asarray(same.any(0))
