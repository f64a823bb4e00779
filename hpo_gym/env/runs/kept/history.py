"""The column `history`: every trial of each run in order, as observers show it."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Ints
from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.which import Which


@COLUMNS.register("history")
class HistoryColumn(Column):
    """``(n, h, d + 2)``: configuration in [-1, 1], score, fidelity (0 = no trial yet). Written in place."""

    dtype = np.float32

    def shape(self, runs: Slots) -> tuple[int, ...]:
        return (runs.h, runs.d + 2)

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        d, t, block, alike = runs.d, runs.t - 1, runs.block, runs.in_step and tick.whole
        if alike and block is not None:
            block[:, d + 1] = tick.share
            before[:, t] = block[:, : d + 2]
            return before
        who = slice(None) if alike else tick.who
        place = (who, t) if alike else (who, np.broadcast_to(t, runs.n)[who])
        if block is None:
            before[(*place, slice(0, d))] = runs.signed(runs.task[who], tick.at[who])
            before[(*place, d)] = tick.score[who]
        else:
            before[(*place, slice(0, d + 1))] = block[who, : d + 1]
        before[(*place, d + 1)] = tick.share if isinstance(tick.share, float) else tick.share[who]
        return before

    def record(self, runs: Slots, values: Array, tick: Tick) -> Array:
        return self.after(runs, tick, values)

    def begin(self, runs: Slots, values: Array, which: Which) -> Array:
        values[which.at] = self.start
        return values

    def give(self, values: Array, given: Array, which: Ints, slots: Ints) -> Array:
        values[which, : len(slots)] = given
        return values
