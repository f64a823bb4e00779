"""Values of a run as a user sees them: `Query`, `Trial`, `History`, `Status`. They never change."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, SupportsIndex

import numpy as np

from hpo_gym.base import InvalidValueError, finite, real, shown


class Status(enum.IntEnum):
    """Outcome of a trial. Only OK is a success: others are paid for, never the incumbent, and score the worst so far.

    INFEASIBLE broke a constraint. STOPPED ended before its last step, because others were ahead of it.
    """

    OK = 0
    FAILED = 1
    TIMEOUT = 2
    MEMORYOUT = 3
    DIVERGED = 4
    INVALID = 5
    CRASHED = 6
    INFEASIBLE = 7
    STOPPED = 8

    @property
    def label(self) -> str:
        """The name in lower case, as `info["status"]` gives it."""
        return self.name.lower()


LABELS = tuple(s.label for s in Status)


@dataclass(frozen=True, slots=True)
class Query:
    """A configuration to evaluate, at a fidelity.

    Attributes:
        config: One value for each active hyperparameter.
        fidelity: Share of a full evaluation, in (0, 1].
    """

    config: Mapping[str, Any]
    fidelity: float = 1.0

    def __post_init__(self) -> None:
        share = self.fidelity if type(self.fidelity) is float else finite(self.fidelity)
        if share is None or not 0.0 < share <= 1.0:
            raise InvalidValueError(f"`0 < fidelity <= 1` must hold, got {shown(self.fidelity)}; the nearest is 1.0.")
        if not isinstance(self.config, Mapping):
            raise InvalidValueError(f"`config` must be a dictionary of values by name, got {shown(self.config)}.")


@dataclass(frozen=True, slots=True)
class Refusal(Query):
    """A proposal that cannot be evaluated: unreadable, outside the space, or late. It costs a full evaluation.

    Its trial has the status INVALID and the score of a failure, and is never the incumbent. Where trials go on from
    each other, the last controls are held.

    Attributes:
        reason: The rule that it breaks, for the agent.
    """

    config: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    fidelity: float = field(default=1.0, kw_only=True)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A query and its outcome.

    Attributes:
        query: The evaluated configuration: on a table, the measured row nearest to the proposal; or a `Refusal`.
        score: Higher is better; a finite number of any kind, kept as a Python float, also after a failure.
        cost: Cost of the evaluation, in the task's unit (seconds, unless it says otherwise).
        seconds: Wall-clock seconds of the evaluation here; 0 for a look-up.
        signals: Further signals of the run after the trial, by name, if trials build on each other.
        objectives: Further objectives at full fidelity, by name, in their own units; without score and cost.
    """

    query: Query
    score: float
    cost: float = 0.0
    status: Status = Status.OK
    seconds: float = 0.0
    signals: Mapping[str, float] = field(default_factory=dict)
    objectives: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        score = self.score
        if type(score) is not float or not isfinite(score):  # most are finite floats, and there are many trials
            plain = float(score) if isinstance(score, (bool, np.bool_)) else real("Trial.score", score)
            object.__setattr__(self, "score", plain)

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration that was evaluated."""
        return self.query.config

    @property
    def fidelity(self) -> float:
        """Return the fidelity of the evaluation."""
        return self.query.fidelity


@dataclass(frozen=True)
class History(Sequence[Trial]):
    """The trials of one episode, in order, given points first.

    Attributes:
        n_init: How many of them were given, not chosen and not charged.
        times: Of a run by several simulated workers, the time at which each trial ended, ascending, in the unit of the
            costs; in full evaluations on tasks without costs. Else empty.
    """

    trials: tuple[Trial, ...] = ()
    n_init: int = 0
    times: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        return self.trials[index]

    @property
    def configs(self) -> tuple[Mapping[str, Any], ...]:
        """Configurations, in order."""
        return tuple(t.config for t in self.trials)

    @property
    def scores(self) -> tuple[float, ...]:
        """Scores, in order."""
        return tuple(t.score for t in self.trials)

    @property
    def costs(self) -> tuple[float, ...]:
        """Costs, in order."""
        return tuple(t.cost for t in self.trials)

    @property
    def fidelities(self) -> tuple[float, ...]:
        """Fidelities, in order."""
        return tuple(t.fidelity for t in self.trials)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Statuses, in order."""
        return tuple(t.status for t in self.trials)

    @property
    def incumbents(self) -> tuple[int, ...]:
        """Position of the incumbent after each trial; -1 while all are refusals."""
        out: list[int] = []
        best = -1
        for i, trial in enumerate(self.trials):
            if not isinstance(trial.query, Refusal) and (best < 0 or _beats(trial, self.trials[best])):
                best = i
            out.append(best)
        return tuple(out)

    @property
    def incumbent(self) -> Trial | None:
        """The best trial at the highest fidelity tried so far, a success before failures; of equals, the earliest."""
        at = self.incumbents[-1] if self.trials else -1
        return None if at < 0 else self.trials[at]


def _beats(a: Trial, b: Trial) -> bool:
    return (a.fidelity, not a.status, a.score) > (b.fidelity, not b.status, b.score)
