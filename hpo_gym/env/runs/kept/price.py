"""The columns of prices: `fidelity`, `cost` and `status` of trials, and the budget `spent`."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick, TrialColumn
from hpo_gym.env.runs.slots import Slots


@COLUMNS.register("fidelity")
class Fidelity(TrialColumn):
    """Fidelity of each trial; where it is not kept, all are full."""

    start = 1.0
    saved = False

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return tick.share


@COLUMNS.register("best_fidelity")
class BestFidelity(Column):
    """Fidelity of each incumbent, the highest of its run; 0 before the first trial."""

    saved = False

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        return np.maximum(before, tick.share if tick.refused is None else tick.share * ~tick.refused)


@COLUMNS.register("spent")
class Spent(Column):
    """Budget used by each run, the initial design not charged; kept where trials differ in their price."""

    saved = False

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return before + tick.price

    def give(self, values: Array, given: Array, which: object, slots: object) -> Array:
        return values


@COLUMNS.register("cost")
class Cost(TrialColumn):
    """Cost of each trial, kept where no table holds it, or a budget in cost changes it."""

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return tick.outcome.cost if tick.outcome else before[tick.slot]


@COLUMNS.register("status")
class Status(TrialColumn):
    """Code of each trial's `hpo_gym.Status`, kept beside `cost`."""

    dtype = np.int8

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return tick.outcome.status if tick.outcome else before[tick.slot]


@COLUMNS.register("whole_cost")
class WholeCost(TrialColumn):
    """Cost of each trial of a training from the start."""

    saved = False

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return runs.whole_cost
