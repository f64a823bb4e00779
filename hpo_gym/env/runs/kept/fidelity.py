"""The column `fidelity`: shares of a full evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, RunColumn, Tick, TrialColumn

if TYPE_CHECKING:
    from hpo_gym.env.runs.runs import Runs


@COLUMNS.register("fidelity")
class Fidelity(TrialColumn):
    """Fidelity of each trial; where it is not kept, all are full."""

    start = 1.0
    saved = False

    def of(self, runs: Runs, tick: Tick) -> Array | float:
        return tick.share


@COLUMNS.register("best_fidelity")
class BestFidelity(RunColumn):
    """Fidelity of each incumbent, the highest of its run; 0 before the first trial."""

    saved = False

    def after(self, runs: Runs, tick: Tick, before: Array) -> Array:
        return np.maximum(before, tick.share)
