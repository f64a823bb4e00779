"""A study: its plan, and all of its trials, on the disk if it has a store.

A trial is stored twice: at its beginning, so that it runs again after an interruption, and at its end. An ended trial
outlives a killed process, and is never run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import StorageLostError
from hpo_gym.problem import SearchSpace, Status
from hpo_gym.system import Measured, Record, Store, Verdict, verdict


@dataclass(frozen=True)
class StudyPlan:
    """Identity of a study: it is continued only under the same plan.

    Attributes:
        space: Of ConfigSpace, as JSON.
        settings: Of the optimizer; of a trained one, the hash of its content.
        direction: "maximize" or "minimize".
        seed: Of all choices and of the trials.
        belief: Densities of the user's belief; None without.
        meta_features: Numbers that describe the data.
        stopping: Settings of the rule that stops trials early; None without.
        why: The reason for the choice of "auto"; it decides nothing.
        matched: The part of the earlier tasks that matched, in words.
    """

    space: Mapping[str, Any]
    optimizer: str
    settings: Mapping[str, Any]
    direction: str
    seed: int
    prior: str
    init: tuple[Mapping[str, Any], ...] = ()
    belief: Mapping[str, Any] | None = None
    meta_features: Mapping[str, float | None] = field(default_factory=dict)
    stopping: Sequence[int] | None = None
    why: str = ""
    matched: str = ""

    __pydantic_config__ = {"strict": True, "extra": "forbid", "allow_inf_nan": False, "str_max_length": 10_000}  # noqa: RUF012 - of its JSON

    @property
    def sign(self) -> float:
        """Return the factor of a score that makes higher better."""
        return -1.0 if self.direction == "minimize" else 1.0


@dataclass(frozen=True)
class Ended:
    """An ended trial.

    Attributes:
        number: Of the trial, in the order of beginnings.
        order: In the order of ends.
        measured: The `verdict`, and the objective's result: the score in its own direction.
        steps: Pairs of a step and the score at it.
        seconds, cpu_seconds: Its duration.
        stopped: Whether it was stopped before its last step; its score is that of the last step reached.
        prior_weight: Weight of the earlier tasks in its proposal, where the optimizer tells it.
    """

    number: int
    order: int
    config: Mapping[str, Any]
    measured: Measured
    steps: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    stopped: bool = False
    prior_weight: float | None = None

    @property
    def counts(self) -> bool:
        """Return whether it is a success: it ran to its end and met its constraints."""
        return self.measured.status is Status.OK

    @property
    def cost(self) -> float:
        """Return the objective's `cost`, or else the seconds."""
        return self.seconds if self.measured.cost is None else self.measured.cost


@dataclass
class Study:
    """The trials of a study so far.

    Attributes:
        ended: In the order of ends.
        begun: Running or interrupted trials, by number.
        weights: Their weights of the earlier tasks, where known.
    """

    plan: StudyPlan
    ended: list[Ended] = field(default_factory=list)
    begun: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)
    _store: Store | None = None

    def __post_init__(self) -> None:
        self._file = None if self._store is None or not self._store.write else _File(self._store.path)

    @property
    def space(self) -> SearchSpace:
        """Return the search space."""
        return SearchSpace(self.plan.space)

    @property
    def best(self) -> Ended | None:
        """The best trial that ran to its end and met its constraints: of equals, the one that ended first."""
        good = [e for e in self.ended if e.counts]
        return max(good, key=lambda e: (self.plan.sign * e.measured.score, -e.order), default=None)

    @property
    def count(self) -> int:
        """Trials that have begun."""
        return len(self.ended) + len(self.begun)

    def said(self, *reasons: str) -> str:
        """Return reasons in words, with the last known weight of the earlier tasks."""
        known = {e.number: e.prior_weight for e in self.ended if e.prior_weight is not None} | self.weights
        weight = [f"prior weight {known[n]:.2g} at trial {n + 1}" for n in sorted(known)[-1:]]
        return ", ".join(filter(None, (*reasons, *weight)))

    @property
    def headline(self) -> str:
        """The result as a sentence, beside the score of the default or, where that was not tried, the first success."""
        trials, best = f"{len(self.ended)} trial{'s' * (len(self.ended) != 1)}", self.best
        if best is None:
            return f"No success in {trials}." if self.ended else "No trial has ended."
        default = self.space.to_unit(self.space.default)
        tried = [e for e in self.ended if np.allclose(self.space.to_unit(e.config), default, rtol=0.0, atol=1e-9)]
        first = min(tried or (e for e in self.ended if e.counts), key=lambda e: e.number)
        named, scores = "default" if tried else "first success", [f"{e.measured.score:.6g}" for e in (best, first)]
        if first is best:
            return f"After {trials}: {scores[0]}, that of the {named}; none was better."
        had = scores[1] if first.counts else "no success"
        return f"After {trials}: {scores[0]}, the {named} had {had}; the best came at trial {best.number + 1}."

    def begin(self, config: Mapping[str, Any], prior_weight: float | None = None) -> int:
        """Begin a trial; return its number."""
        number = max((*self.begun, *(e.number for e in self.ended)), default=-1) + 1
        self.begun[number] = dict(config)
        if prior_weight is not None:
            self.weights[number] = prior_weight
        self._put(number, self._proposal(number))
        return number

    def end(self, number: int, outcome: Verdict, steps: Sequence[tuple[int, float]], *, stopped: bool = False) -> Ended:
        """End a trial; when this returns, it is on the disk."""
        config, proposal = self.begun[number], self._proposal(number)
        times = round(outcome.seconds, 6), round(outcome.cpu_seconds, 6)
        measured = verdict(outcome.measured, stopped=stopped)
        ended = Ended(
            number, len(self.ended), config, measured, tuple(steps), *times, stopped, self.weights.pop(number, None)
        )
        del self.begun[number]
        self.ended.append(ended)
        reported = {"measured": ended.measured.to_json(), "steps": [list(s) for s in ended.steps], "order": ended.order}
        reported |= {"stopped": True} if stopped else {}
        self._put(number, {**proposal, **reported}, {"seconds": times[0], "cpu_seconds": times[1]})
        return ended

    def _proposal(self, number: int) -> dict[str, Any]:
        weight = {"prior_weight": self.weights[number]} if number in self.weights else {}
        return {"config": dict(self.begun[number]), **weight}

    def _put(self, number: int, reported: Mapping[str, Any], times: Mapping[str, float] | None = None) -> None:
        if self._store is not None and self._file is not None:
            self._file.check()  # what is removed or cut is written to without an error
            self._store.put(Record(f"{number:08x}", {"trial": number, **reported}, measured=times or {}))
            self._file.check()


class _File:
    """The file of a study, protected against removal, replacement and truncation while it is written to."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._seen = self._path.stat()

    def check(self) -> None:
        """Look whether it is there, and whole.

        Raises:
            StorageLostError: It is not.
        """
        before = self._seen
        try:
            now = self._path.stat()
        except OSError:
            raise self._lost("removed") from None
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            raise self._lost("replaced")
        if now.st_size < before.st_size:
            raise self._lost(f"cut from {before.st_size:,} to {now.st_size:,} bytes")
        self._seen = now

    def _lost(self, how: str) -> StorageLostError:
        return StorageLostError(
            f"The folder of a study must stay as it is while it runs, {self._path} was {how}: give an `out` that the "
            "objective leaves alone. The trials so far are in `tuned` of this error."
        )
