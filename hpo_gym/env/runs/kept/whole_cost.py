"""The column `whole_cost`: costs without checkpoints, from which the price of a continued training follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo_gym.env.runs.columns import COLUMNS, Array, Tick, TrialColumn

if TYPE_CHECKING:
    from hpo_gym.env.runs.runs import Runs


@COLUMNS.register("whole_cost")
class WholeCost(TrialColumn):
    """Cost of each trial as if there were no checkpoints."""

    saved = False

    def of(self, runs: Runs, tick: Tick) -> Array | float:
        return runs.payment.whole
