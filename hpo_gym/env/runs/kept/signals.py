"""The columns `signals` and `shown`: observed numbers beside scores, of trials that go on from each other."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Array, Column, Tick, TrialColumn
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.which import Which


@COLUMNS.register("signals")
class Signals(Column):
    """Signals of each run now, by `TaskBatchView.signals`, ``(n, s)``; never written."""

    dtype = np.float32
    saved = False

    def shape(self, runs: Slots) -> tuple[int, ...]:
        return (len(runs.batch.signals),)

    def begin(self, runs: Slots, values: Array, which: Which) -> Array:
        return runs.progress.signals if runs.progress else values

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array:
        return before


@COLUMNS.register("shown")
class Shown(TrialColumn):
    """Signals after each trial."""

    dtype = np.float32

    def shape(self, runs: Slots) -> tuple[int, ...]:
        return (len(runs.batch.signals),)

    def after(self, runs: Slots, tick: Tick, before: Array) -> Array | float:
        return runs.signals
