"""The column `refused`: trials without a configuration, see `hpo_gym.problem.Refusal`."""

from __future__ import annotations

from hpo_gym.env.runs.columns import COLUMNS, Array, Tick, TrialColumn
from hpo_gym.env.runs.slots import Slots


@COLUMNS.register("refused")
class Refused(TrialColumn):
    """Whether each trial was refused; kept from the first refusal on, beside `cost` and `status`."""

    dtype = bool
    start = False
    saved = False

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | bool:
        return False if tick.refused is None else tick.refused
