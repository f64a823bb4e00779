"""Trials in flight: a proposal beside pending trials, and a run by several simulated workers.

An optimizer that may be asked ahead (`asked`) goes on as it is. Another one makes its proposal beside pending trials in
a run begun anew. It is told the trials that have ended, and of the pending ones a lie: a constant score, so that it
does not propose them again.

**Reference**: Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize optimization", Computational
Intelligence in Expensive Optimization Problems, Springer 2010: the constant liar, with the worst score as its lie.

**Differs from the paper**: any optimizer is told the lie, not a Gaussian process alone; the paper minimises, so that
our "min" is its "max"; results come one at a time, not in batches.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, whole
from hpo_gym.optimize.protocol import Context, Optimizer, asked
from hpo_gym.problem import MOST, History, Query, Refusal, Status, Task, Trial, Workers


def check_in_flight(keyword: str, count: int, tasks: Sequence[Task], *, checkpoints: bool = False) -> None:
    """Refuse a number of trials in flight, of a keyword, that tasks or checkpoints do not allow."""
    if whole(keyword, count, 1, MOST) == 1:
        return
    onward = next((task.suite for task in tasks if task.alone.signals), None)
    if onward is not None or checkpoints:
        why = "with `checkpoints`" if onward is None else f"on {onward!r}, whose trials go on from each other"
        raise InvalidValueError(f"`{keyword}` must be 1 {why}, got {count}; the nearest is 1.")


def lie_of(query: Query, ended: Sequence[Trial], context: Context, floor: float = 0.0) -> Trial:
    """Return a pending trial as a success: its score is the worst of those that have ended, `floor` where none has;
    its cost is the mean cost at its fidelity.
    """
    score = min((t.score for t in ended), default=floor)
    return Trial(query, score, 0.0 if context.unit is None else query.fidelity * context.unit)


def ask_beside(
    optimizer: Optimizer, context: Context, rng: np.random.Generator, told: Sequence[Trial], given: int = 0
) -> Query | None:
    """Begin a run anew, tell it some trials, lies among them, and ask it once.

    One ask comes before the first tell, so that trials are charged, and the last one draws from a stream of its own, by
    the number of trials. If the optimizer is `asked` "in turn", an ask comes before each tell, as in any run; not in a
    pool that is half tried, because each ask claims a row.

    Args:
        rng: As at the begin of the run; it is copied.
        told: Trials in the order of their launch.
        given: How many of them are the initial design.
    """
    rows = context.space.size if context.pool is None else len(context.pool)
    rows = rows if context.available is None else int(context.available.sum())
    own, between = copy.deepcopy(rng), asked(optimizer) == "in turn" and rows > 2 * len(told)
    optimizer.reset(context, own)
    for i, trial in enumerate(told):
        if i == given or (between and i > given):
            optimizer.ask()
        if i == given and not between:
            own.bit_generator.state = own.bit_generator.jumped(len(told)).state  # type: ignore[attr-defined]
        optimizer.tell(trial)
    return optimizer.ask()


@dataclass
class Desk:
    """An optimizer that is asked beside the pending trials of a run; `ended` are the others, given ones first."""

    optimizer: Optimizer
    run: Any  # a `Run`, whose file is built on this one
    context: Context
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.ended, self._ahead = list(self.run.trials), asked(self.optimizer) == "ahead"
        self._known = dict(enumerate(self.run.trials))  # by launch
        if self._ahead:
            self.optimizer.reset(self.context, self.rng)
            for trial in self.run.trials:
                self.optimizer.tell(trial)

    def fly(self, workers: int) -> History:
        """Drive the run with simulated workers, and return its trials in the order of their ends.

        At time 0 each worker gets a proposal; later one whose trial has ended gets the next. A trial lasts its cost; on
        tasks without measured costs, its fidelity. The budget is charged at the launch: it counts launched trials, or
        the sum of their costs, of which the last may be cut. A failure has the worst success that has ended.
        """
        run, crew, times, asking = self.run, Workers[int](workers), [0.0] * self.run.n_init, True
        while asking or crew.running:
            while (asking := asking and not run.over) and crew.free:
                start = time.perf_counter()
                query = self._ask()
                if query is None:
                    asking = False
                    break
                run.seconds.append(time.perf_counter() - start)
                trial = run.submit(query)
                crew.launch(len(run.trials) - 1, trial.fidelity if math.isnan(run.task.cost_unit) else trial.cost)
            if crew.running:
                self._tell(crew.finish())
                times.append(crew.now)
        return History(tuple(self.ended), run.n_init, tuple(times))

    def _ask(self) -> Query | None:
        if self._ahead:
            return self.optimizer.ask()
        told = [self._known.get(i) or self._lied(launched) for i, launched in enumerate(self.run.trials)]
        return ask_beside(self.optimizer, self.context, self.rng, told, self.run.n_init)

    def _lied(self, launched: Trial) -> Trial:
        if isinstance(launched.query, Refusal):
            return launched
        return lie_of(launched.query, self.ended, self.context, self.run.floor)

    def _tell(self, i: int) -> None:
        """Report the trial launched as number `i`; a failure that has the worst success launched before it gets the
        worst that has ended."""
        trial, floor = self.run.trials[i], self.run.floor
        if trial.status is not Status.OK and trial.score == _worst(self.run.trials[:i], floor):
            trial = replace(trial, score=_worst(self.ended, floor))
        self._known[i] = trial
        self.ended.append(trial)
        if self._ahead:
            self.optimizer.tell(trial)


def _worst(trials: Sequence[Trial], floor: float) -> float:
    return min((t.score for t in trials if t.status is Status.OK), default=floor)
