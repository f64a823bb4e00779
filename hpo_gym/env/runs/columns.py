"""Columns: the quantities that runs keep. `COLUMNS` registers them by name, one file each in `hpo_gym/env/runs/kept`.

An observer or a codec names what it reads in `keeps`; `Runs` then keeps the column from the first trial on, in copies,
the initial design and snapshots too, and shows it as `runs[name]`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hpo_gym.base import Floats, Ints, Mask, Registry
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.which import Which
from hpo_gym.problem import Evaluated

Array = NDArray[Any]


@dataclass(slots=True, eq=False)
class Tick:
    """One trial of each run, as it enters the columns; scores, rows and the clock of the runs have moved on already.

    Attributes:
        slot: Place of the trials in arrays by slot.
        at: Rows ``(n,)`` or points ``(n, d)``.
        score: Recorded scores ``(n,)``.
        better: Runs whose incumbent is this trial, ``(n,)``; meaningless for idle ones.
        share: Fidelity of the trials, one number or ``(n,)``.
        price: Budget that they took, one number or ``(n,)``.
        outcome: Cost and status, where no look-up gives them later.
        looked_up: Gives cost and status ``(n,)`` where `outcome` has none.
        idle: Runs without a trial in this tick, ``(n,)``, or None.
        refused: Runs whose trial is a refusal, ``(n,)``, or None.
    """

    slot: int
    at: Array
    score: Array
    better: Mask
    share: float | Floats
    price: float | Floats
    outcome: Evaluated | None
    looked_up: Callable[[], tuple[Floats, NDArray[np.int8]]]
    idle: Mask | None
    refused: Mask | None = None

    @property
    def whole(self) -> bool:
        """Return whether every run has a trial in this tick."""
        return self.idle is None

    @property
    def cost(self) -> Floats:
        """Return the cost of the trials, ``(n,)``."""
        return self.looked_up()[0] if self.outcome is None else self.outcome.cost

    @property
    def status(self) -> NDArray[np.int8]:
        """Return the codes of `hpo_gym.Status` of the trials, ``(n,)``."""
        return self.looked_up()[1] if self.outcome is None else self.outcome.status

    def only(self, new: Array, before: Array) -> Array:
        """Return `new` ``(n, ...)``, with the values of idle runs as `before`."""
        if self.idle is None:
            return new
        new = np.asarray(new)
        return np.where(self.idle.reshape(-1, *[1] * (new.ndim - 1)), before, new)

    @property
    def who(self) -> Ints:
        """Positions of the runs with a trial in this tick, ``(b,)``."""
        return np.arange(len(self.score)) if self.idle is None else np.flatnonzero(~self.idle)


class Column(ABC):
    """A quantity with one value for each run, ``(n, ...)``. It holds no values; `Runs` does.

    Arrays that were handed out are never written again.

    Attributes:
        start: Value before the first trial.
        saved: Whether snapshots hold it.
        by_trial: Whether each trial has a value of its own instead; see `TrialColumn`.
    """

    dtype: DTypeLike = np.float64
    start: float = 0.0
    saved = True
    by_trial = False

    def shape(self, runs: Slots) -> tuple[int, ...]:
        """Return the shape of one value."""
        return ()

    @abstractmethod
    def after(self, runs: Slots, tick: Tick, before: Array) -> Any:
        """Return the values after a trial, fresh, from those `before`; the values of idle runs are not used."""

    def new(self, runs: Slots) -> Array:
        """Return values for runs before their first episode."""
        return np.full((runs.n, *self.shape(runs)), self.start, self.dtype)

    def begin(self, runs: Slots, values: Array, which: Which) -> Array:
        """Return the values after some runs have begun a new episode."""
        values = values.copy()
        values[which.at] = self.start
        return values

    def record(self, runs: Slots, values: Array, tick: Tick) -> Array:
        """Return the values after one more trial of each run that is not idle."""
        after = self.after(runs, tick, values)
        return after if tick.whole else tick.only(after, values)

    def give(self, values: Array, given: Array, which: Ints, slots: Ints) -> Array:
        """Return the values after the initial design, whose own are `given`, of the runs at `which` ``(b,)``."""
        values = values.copy()
        values[which] = given
        return values

    def select(self, values: Array, which: Ints) -> Array:
        """Return a copy of some runs' values."""
        return np.asarray(values[which])

    def save(self, values: Array, i: int, slots: Ints) -> Array:
        """Return a copy of the values of run `i`, whose trials are at `slots`."""
        return np.array(values[i])

    def load(self, values: Array, i: int, slots: Ints, saved: Array) -> Array:
        """Return the values with those of run `i` as `saved`."""
        values = values.copy()
        values[i] = saved
        return values


class TrialColumn(Column):
    """A quantity with one value for each trial, by slot ``(h, n, ...)``; see `Slots.ordered`."""

    by_trial = True

    def new(self, runs: Slots) -> Array:
        return np.full((runs.h, runs.n, *self.shape(runs)), self.start, self.dtype)

    def begin(self, runs: Slots, values: Array, which: Which) -> Array:
        return values

    def record(self, runs: Slots, values: Array, tick: Tick) -> Array:
        values[tick.slot] = self.after(runs, tick, values)
        return values

    def give(self, values: Array, given: Array, which: Ints, slots: Ints) -> Array:
        values[np.ix_(slots, which)] = given
        return values

    def select(self, values: Array, which: Ints) -> Array:
        return np.asarray(values[:, which])

    def save(self, values: Array, i: int, slots: Ints) -> Array:
        return np.asarray(values[slots, i])

    def load(self, values: Array, i: int, slots: Ints, saved: Array) -> Array:
        values[slots, i] = saved
        return values


COLUMNS: Registry[Column] = Registry("kept quantity", ("hpo_gym.env.runs.kept",), variable="COLUMNS")
