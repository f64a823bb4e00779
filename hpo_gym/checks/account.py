"""`Account`: consistency of every step of a run with its task, its earlier trials, its budget and its incumbent.

Everything is computed from the trials that the env reported and from the tasks themselves, nothing from the env's
state. What its parts make of the trials is in `hpo_gym.checks.defined`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError
from hpo_gym.checks.faults import Faults
from hpo_gym.env import Kernel
from hpo_gym.optimize import Run
from hpo_gym.problem import LABELS, SPENT, History, Query, Status, Task, Trial, over, pays, too_dear

Info = Mapping[str, Any]


@dataclass
class Account:
    """One episode of one run.

    Args:
        kernel: The kernel of the env, for its contexts and parts.
    """

    kernel: Kernel
    task: Task
    instance: int
    given: tuple[Trial, ...] = ()
    trials: list[Trial] = field(default_factory=list)
    reported: tuple[Trial, ...] = ()
    spent: float = 0.0

    def __post_init__(self) -> None:
        self.trials = list(self.given)
        contexts = self.kernel.contexts
        self.budget, self.fidelity = contexts.budget, self.kernel.parts.codec.fidelity
        self.least = contexts.fidelities[0] if self.fidelity else 1.0
        self.floor = float(np.asarray(contexts.scale.floor, self.kernel.runs.last.dtype))
        self.unit = self.task.cost_unit if contexts.in_cost else None
        self._kept = contexts.continued is not None and self.task.cumulative
        self._onward = Run(self.task, self.budget, self.instance) if self.task.alone.signals else None

    @property
    def t(self) -> int:
        """Trials so far."""
        return len(self.trials)

    @property
    def left(self) -> float:
        """Share of the budget that is left."""
        return max(1.0 - self.spent / float(self.budget), 0.0)

    @property
    def incumbent(self) -> Trial | None:
        """The best trial so far."""
        return History(tuple(self.trials)).incumbent

    # ------------------------------------------------------------------ a trial
    def add(self, info: Info, terminated: bool, truncated: bool, faults: Faults) -> None:
        """Add a trial: its info, and whether the episode ends with it."""
        status = Status(LABELS.index(info["status"])) if info["status"] in LABELS else Status.OK
        trial = Trial(Query(dict(info["config"]), info["fidelity"]), info["score"], info["cost"], status)
        trial = replace(trial, objectives=self._check_score(trial, info, faults))
        reported = self.kernel.parts.reported
        if reported is not None and faults.expect("objectives" in info, "The info of `step` lacks ['objectives']"):
            expected = np.array([_outcome(trial, name) for name in reported.names])  # in their order and units
            same = np.array_equal(info["objectives"], expected, equal_nan=True)
            fault = (
                f"`info['objectives']` is not {list(reported.names)} of the trial: {info['objectives']}, not {expected}"
            )
            faults.once(same, "objectives", fault)
        self.trials.append(trial)
        best, score = self.incumbent, info["incumbent_score"]
        assert best is not None
        fault = f"The incumbent's score is {score!r}, that of the best trial so far {best.score!r}"
        faults.once(score == best.score, "score of the incumbent", fault)
        if "incumbent" in info:
            faults.expect(info["incumbent"] == dict(best.config), "The incumbent is not the best trial so far")
        faults.expect(info["t"] == self.t, f"`t` is {info['t']} after {self.t} trials")
        self.spent += trial.fidelity if self.unit is None else trial.cost / self.unit
        left = self.budget - self.spent
        faults.expect(pays(self.budget, self.spent), f"More is spent than the budget of {self.budget:g}")
        if self.unit is None:
            spent = over(left, self.least)
        else:
            spent = over(left, SPENT) or self.t >= self.kernel.contexts.horizon
        fault = f"An episode goes on after its budget of {self.budget:g} is spent"
        faults.expect(terminated or truncated or not spent, fault)
        faults.expect(spent or not terminated, f"An episode ends with {left:g} of its budget of {self.budget:g} left")

    def _check_score(self, trial: Trial, info: Info, faults: Faults) -> Mapping[str, float]:
        """Check that score, cost and status are the task's for the configuration in this instance.

        Return its further objectives.
        """
        good = [t.score for t in self.trials if t.status is Status.OK]
        failed = min(good, default=self.floor)
        try:
            true = self._repeated(trial.query, failed)
        except HPOGymError as error:
            faults.add(f"A trial cannot be repeated on its task: {error}")
            return {}
        left = None if self.unit is None else max(self.budget - self.spent, 0.0)
        if left is not None and self.unit is not None and too_dear(true.cost / self.unit, left):
            true = replace(true, score=failed, cost=left * self.unit, status=Status.TIMEOUT)
        for name, reported, is_ in (
            ("score", trial.score, true.score),
            ("cost", trial.cost, true.cost),
            ("status", info["status"], true.status.label),
            ("config", dict(trial.config), dict(true.config)),
        ):
            noise = " in this instance" if self.task.noisy and name == "score" else ""
            fault = f"`info[{name!r}]` is not what the task gives{noise}: {reported!r} instead of {is_!r}"
            faults.once(reported == is_, f"not what the task gives {name}{noise}", fault)
        return true.objectives

    def _repeated(self, query: Query, failed: float) -> Trial:
        """Return the task's own outcome of a query, at its price; `failed` is the score of a failure."""
        if self._onward is not None:
            return self._onward.submit(query)
        true = self.task.run(query.config, query.fidelity, self.instance, failed=failed)
        same = [t.fidelity for t in self.trials if t.config == true.config and t.status is Status.OK]
        lower = [fidelity for fidelity in same if fidelity < true.fidelity]
        if not (self._kept and lower):
            return true
        spared = self.task.run(query.config, max(lower), self.instance).cost
        return replace(true, cost=max(true.cost - spared, 0.0))

    # ------------------------------------------------------------------ what was told before
    def check_history(self, history: History, info: Info, faults: Faults) -> None:
        """Check that the history holds the reported trials, and extends the earlier history."""
        faults.expect(history[: len(self.reported)] == self.reported, "`history` changes trials that it told before")
        self.reported = tuple(history)
        if faults.expect(len(history) == info["t"], f"`history` has {len(history)} trials, `t` is {info['t']}"):
            last = history[-1]
            reported = (info["config"], info["score"], info["fidelity"], info["cost"], info["status"])
            true = (dict(last.config), last.score, last.fidelity, last.cost, last.status.label)
            faults.expect(reported == true, "The last trial of `history` is not that of the info")


def check_given(trials: History, kernel: Kernel, info: Info, faults: Faults) -> None:
    """Check the initial design: its size, full evaluations, and the incumbent the best of them."""
    count = kernel.contexts.n_init
    faults.expect(info.get("t") == count, f"`t` is {info.get('t')} at first, with {count} given points")
    faults.expect(len(trials) == count, f"`history` has {len(trials)} trials at first, with {count} given points")
    faults.expect(all(t.fidelity == 1.0 for t in trials), "A given point is not evaluated in full")
    if not count:
        return
    if faults.expect("incumbent_score" in info, "`reset` with given points names no incumbent"):
        best = trials.incumbent
        reported = (info["incumbent_score"], info.get("incumbent", best and dict(best.config)))
        faults.expect(best and reported == (best.score, dict(best.config)), "The incumbent is not the best given point")


def is_number(value: object) -> bool:
    """Return whether a value is a finite Python float."""
    return type(value) is float and math.isfinite(value)


def _outcome(trial: Trial, name: str) -> float:
    """Return a trial's value of an objective, in its own unit; NaN without one of this name."""
    return {"score": trial.score, "cost": trial.cost}.get(name, trial.objectives.get(name, math.nan))
