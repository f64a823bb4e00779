"""The column `spent`: the budget used, where trials differ in what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo_gym.env.runs.columns import COLUMNS, Array, RunColumn, Tick

if TYPE_CHECKING:
    from hpo_gym.env.runs.runs import Runs


@COLUMNS.register("spent")
class Spent(RunColumn):
    """Budget used by each run, the initial design not charged."""

    saved = False

    def after(self, runs: Runs, tick: Tick, before: Array) -> Array:
        spent: Array = before + tick.price
        return spent

    def give(self, values: Array, given: Array, which: object, slots: object) -> Array:
        return values
