"""The columns `cost` and `status`, kept where no table holds them or a budget in cost changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Tick, TrialColumn

if TYPE_CHECKING:
    from hpo_gym.env.runs.runs import Runs


@COLUMNS.register("cost")
class Cost(TrialColumn):
    """Cost of each trial."""

    def of(self, runs: Runs, tick: Tick) -> Array | float:
        return runs["cost"][tick.slot] if tick.outcome is None else tick.outcome.cost


@COLUMNS.register("status")
class Status(TrialColumn):
    """Code of each trial's `hpo_gym.Status`."""

    dtype = np.int8

    def of(self, runs: Runs, tick: Tick) -> Array | float:
        return runs["status"][tick.slot] if tick.outcome is None else tick.outcome.status
