"""`Trainings`: networks of the suite `Trainings` side by side under a rule, for studies that look at each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._schedules.controls import ControlColumns
from hpo_baselines._schedules.schedule import Epoch, Schedule
from hpo_gym.base import Floats, Mask, seeding
from hpo_gym.problem import Suite, batch_of
from hpo_gym.suites.tasks.fits.fit import initial
from hpo_gym.suites.tasks.fits.fits import score_of
from hpo_gym.suites.tasks.fits.signals import AT

ENDLESS = 1_000_000
"""Epochs of a run that no epoch is the last of."""


@dataclass(frozen=True)
class Trainings:
    """Trainings side by side, at their start.

    Attributes:
        batch: The tasks.
        where: The task of each run, ``(n,)``.
        progress: The networks. One that is never judged as the last of a run shows no test score but by `tested`.
        columns: The controls.
    """

    batch: Any
    where: NDArray[np.int64]
    progress: Any
    columns: ControlColumns

    @classmethod
    def of(cls, suite: Suite, names: Sequence[str], keys: Sequence[int]) -> Trainings:
        """Begin a training on each table, of an instance."""
        known = sorted(set(names))
        batch: Any = batch_of([suite.task(name) for name in known])
        where, progress = np.array([known.index(name) for name in names]), batch.progress(len(names), ENDLESS)
        progress.begin(None, where, np.array(keys, np.uint64))
        return cls(batch, where, progress, ControlColumns(suite.space))

    def reseed(self, seeds: NDArray[np.int64]) -> None:
        """Give runs other first weights, orders and dropout masks, ``(n,)``: with seed 0 they keep theirs."""
        keys = self.progress._key
        for i in np.flatnonzero(seeds):
            keys[i : i + 1] = seeding.mix(keys[i : i + 1], int(seeds[i]))
            fit = self.progress.fits[i]
            fit.net.weights[:] = initial(keys[i : i + 1], fit.net.shape, len(fit.net.weights))
            fit.keep()

    @property
    def valid(self) -> Floats:
        """Return the scores of the checkpoints on validation rows, ``(n,)``."""
        return score_of(self.progress.signals[:, AT["best_validation_loss"]])

    @property
    def tested(self) -> Floats:
        """Return the scores of the checkpoints on test rows, ``(n,)``."""
        return np.asarray(self.progress.tested)

    @property
    def signals(self) -> dict[str, Floats]:
        """Return the signals by name, each ``(n,)``."""
        return named(self.batch.signals, self.progress.signals)

    def epoch(self, log_rate: Floats, others: Mapping[str, Floats], idle: Mask | None = None) -> None:
        """Train for an epoch, with logarithms to base 10 of learning rates, and other controls."""
        self.progress.advance(self.batch.place(self.where, self.columns.points(log_rate, others)), idle)

    def under(self, rule: Schedule, budget: int) -> Iterator[Trainings]:
        """Train under a rule; yield after each epoch."""
        n = len(self.where)
        now = Epoch(np.zeros(n), np.full(n, float(budget)), {}, np.full(n, np.nan), np.empty((n, 0)))
        for t in range(budget):
            now.t, now.signals = np.full(n, float(t)), self.signals
            now.last = self.columns.clipped(rule.log_rate(now))
            self.epoch(now.last, rule.others(now))
            yield self


def named(names: Sequence[str], signals: NDArray[Any]) -> dict[str, Floats]:
    """Return signals by name."""
    return {name: np.asarray(column, np.float64) for name, column in zip(names, signals.T, strict=True)}
