"""`Schedule`: shared parts of schedules. One rule: a run's rates depend on that run alone, singly or in a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._schedules.controls import ControlColumns
from hpo_gym.base import Floats, InvalidValueError, StateError
from hpo_gym.env import Runs
from hpo_gym.optimize import Context
from hpo_gym.problem import Query, Trial

Seen = Mapping[str, Floats]

LEAST, MOST = 1e-12, 1e6
"""Ends of the learning rates that a setting may name; the space clips them further."""


@dataclass
class Epoch:
    """Facts available to a rule before the next epoch of `n` runs.

    Attributes:
        t: Epochs so far, ``(n,)``.
        epochs: Of the whole budget, ``(n,)``, at least 1.
        signals: Current signals of the runs, by name, each ``(n,)``; only those that the rule `reads`.
        last: Logarithm to base 10 of the learning rate of the epoch before, ``(n,)``; NaN before the first.
        drawn: The random numbers of each run, ``(n, r)``; see `Schedule.draw`.
        memory: State of the rule from epoch to epoch, by names of its own, each ``(n,)``; empty before the first.
    """

    t: Floats
    epochs: Floats
    signals: Seen
    last: Floats
    drawn: Floats
    memory: dict[str, Floats] = field(default_factory=dict)

    @property
    def share(self) -> Floats:
        """Return the progress of the training, ``(n,)``: 0 in the first epoch, 1 in the last one and after it."""
        return np.minimum(self.t / np.maximum(self.epochs - 1.0, 1.0), 1.0)


class Schedule(ABC):
    """A rule for the learning rate, and perhaps for `others`; further hyperparameters stay at their default.

    The space must have an active hyperparameter `learning_rate`, a float above 0; rates are clipped to its range.
    Asked again before another trial, a schedule answers the same. Trials that are told before the first `ask` do not
    count as epochs.
    """

    version = 1
    reads: ClassVar[tuple[str, ...]] = ()
    """The signals that the rule needs."""
    controls: ClassVar[tuple[str, ...]] = ("learning_rate",)
    """The hyperparameters that it sets, where the space has them."""

    @abstractmethod
    def log_rate(self, now: Epoch) -> Floats:
        """Return the logarithm to base 10 of the learning rate of the next epoch, ``(n,)``.

        Called once an epoch, each run by itself or many together: it must work elementwise. It may write only `memory`
        of
        `now`.
        """

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return values of other controls in the next epoch by name, each ``(n,)``; called after `log_rate`."""
        return {}

    def draw(self, rng: np.random.Generator) -> Floats:
        """Return the random numbers of a new run, ``(r,)``."""
        return np.empty(0)

    @abstractmethod
    def check(self) -> None:
        """Refuse settings that are none; called when runs begin.

        Raises:
            InvalidValueError: A setting is out of its range.
        """

    def fits(self, context: Context) -> None:
        """Refuse a task that it cannot schedule; raises as `reset`, but not for settings."""
        self._check_pools([context])
        ControlColumns(context.space)
        self._read(context.signals, "context.signals")

    # ------------------------------------------------------------------ one run
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a new run.

        Raises:
            InvalidValueError: The space has no learning rate, the task has a pool, a signal that the rule reads is
                missing or not finite, or a setting is out of its range.
        """
        self._begin([context], [rng])
        self._signals = self._read(context.signals, "context.signals")

    def ask(self) -> Query:
        """Return the next epoch's configuration."""
        if len(self._run()) != 1:
            raise StateError(f"Call `reset` before `ask`: `reset_batch` has begun {len(self._contexts)} runs.")
        x = self._next(np.array([self._reported]), self._signals)
        return Query(self._contexts[0].space.from_unit(x[0]))

    def tell(self, trial: Trial) -> None:
        """Learn how the epoch went."""
        self._run()
        self._signals = self._read(trial.signals, "trial.signals")
        self._reported += 1

    # ------------------------------------------------------------------ many runs
    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs; raises as `reset`, except for signals, checked by `ask_batch`."""
        self._begin(contexts, rngs)

    def ask_batch(self, runs: Runs) -> tuple[Floats, None]:
        """Return the next epoch's points ``(n, d)``."""
        if runs.n != len(self._run()):
            raise StateError(
                f"Call `reset_batch` with {runs.n} contexts before `ask_batch`, got {len(self._contexts)}."
            )
        seen: Mapping[str, Any] = {}
        if "signals" in runs:
            seen = dict(zip(runs.batch.signals, runs.signals.T, strict=True))
        x = self._next(np.broadcast_to(np.asarray(runs.t), runs.n), self._read(seen, "runs.signals"))
        out = np.full((runs.n, runs.d), 0.5)
        out[:, : x.shape[1]] = x
        return out, None

    # ------------------------------------------------------------------ what both do
    _contexts: Sequence[Context] = ()

    def _run(self) -> Sequence[Context]:
        if not self._contexts:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._contexts

    def _check_pools(self, contexts: Sequence[Context]) -> None:
        if any(context.pool is not None for context in contexts):
            raise InvalidValueError(
                f"{type(self).__name__} sets the learning rate of one training from epoch to epoch; it needs a task "
                "without a pool of configurations, such as those of the suite 'Trainings'."
            )

    def _begin(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        self.check()
        self._check_pools(contexts)
        spaces = {context.space for context in contexts}
        if len(spaces) > 1:
            raise InvalidValueError(f"The runs of a batch must have one search space, got {sorted(map(str, spaces))}.")
        self._columns = ControlColumns(contexts[0].space)
        self._epochs = np.array([max(float(int(context.budget)), 1.0) for context in contexts])
        self._drawn = np.array([self.draw(rng) for _, rng in zip(contexts, rngs, strict=True)])
        self._memory: dict[str, Floats] = {}
        self._last = np.full(len(contexts), np.nan)
        self._others: Mapping[str, Floats] = {}
        self._first: NDArray[np.int64] | None = None
        self._asked: NDArray[np.int64] | None = None
        self._contexts, self._reported = tuple(contexts), 0

    def _read(self, seen: Mapping[str, Any], of: str) -> Seen:
        for name in self.reads:
            if name not in seen:
                raise InvalidValueError(
                    f"`{of}` must hold {name!r}, which {type(self).__name__} reads, got {sorted(seen)}: it needs tasks "
                    "whose trials go on from each other and that measure it."
                )
        found = {name: np.atleast_1d(np.asarray(seen[name], np.float64)) for name in self.reads}
        for name, values in found.items():
            if not np.isfinite(values).all():
                raise InvalidValueError(f"`{of}` must be finite, got {name!r} {values[~np.isfinite(values)][0]}.")
        return found

    def _next(self, t: NDArray[np.int64], signals: Seen) -> Floats:
        """Points ``(n, d)`` for the runs that have had `t` trials ``(n,)``."""
        if self._first is None:
            self._first = t.copy()
        if self._asked is None or not np.array_equal(t, self._asked):
            done = np.asarray(t - self._first, np.float64)
            now = Epoch(done, self._epochs, signals, self._last, self._drawn, self._memory)
            self._last = self._columns.clipped(self.log_rate(now))
            self._others, self._asked = self.others(now), t.copy()
        return self._columns.points(self._last, self._others)


def in_range(**settings: tuple[float, float, float]) -> None:
    """Refuse settings, each ``(value, low, high)``, outside their ranges, ends included.

    Raises:
        InvalidValueError: The rule, the value, and the nearest that is valid.
    """
    for name, (value, low, high) in settings.items():
        if not low <= value <= high:
            near = low if not value > low else high
            raise InvalidValueError(f"`{low:g} <= {name} <= {high:g}` must hold, got {value}; the nearest is {near:g}.")
