"""The transition without an agent: begin, afford, evaluate, end. `Kernel` adds what an agent sees and does; the
benchmark drives it bare, many runs at once or one by ask and tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask
from hpo_gym.env.runs.contexts import given_points
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS, NO_RUNS, Which
from hpo_gym.problem import SPENT, TaskBatch, affordable, filled, horizon, over


class Transition:
    """Runs on a budget: the fidelity that it pays for, and the end of episodes.

    Args:
        levels: Fidelities that can be asked for, ascending.

    Attributes:
        over, waiting: Runs whose episode is over, ``(n,)``, and whether there are any.
        idle: Runs without a trial in the last step, ``(n,)``, or None.
    """

    def __init__(self, batch: TaskBatch, runs: Runs, levels: tuple[float, ...], n_init: int) -> None:
        self.batch, self.runs, self.n = batch, runs, runs.n
        self.over, self.waiting = np.ones(runs.n, bool), True
        self.idle: Mask | None = None
        self._levels, self._n_init = np.asarray(levels), n_init
        self._everyone = np.arange(runs.n)
        self._by_cost = runs.in_cost
        self._by_spent = "spent" in runs  # else a calendar says when the budget is spent
        self._most = runs.h - n_init if self._by_cost else horizon(runs.budget)
        self._ends = np.full(runs.n, -1)
        self.calendar: set[int] = set()  # ticks, whether or not a stop has come before
        self._alike = True  # whether all episodes end at one tick

    # ------------------------------------------------------------------ episodes
    def start(self, which: Which, tasks: Ints, instances: Keys) -> None:
        """Start episodes with their initial design."""
        self.runs.begin(which, tasks, instances)
        if self._n_init:
            at = given_points(self.batch, tasks, instances, self._n_init)
            self.runs.give(at, which.positions(self.n))
        if which.all:
            self.over, self.waiting = np.zeros(self.n, bool), False
        elif self.waiting:
            self.over[which.at] = False
            self.waiting = bool(np.count_nonzero(self.over))
        if not self._by_spent:
            self._enter(which, self.runs.clock + self._most)
        if self.runs.h == self._n_init:  # the budget pays for no trial
            self.finish(which)

    def finish(self, which: Which) -> None:
        """Mark episodes as over."""
        self.over[which.at] = True
        self.waiting = True

    def _enter(self, which: Which, end: int) -> None:
        """Write into the calendar when episodes will have spent their budget."""
        self._alike = which.all
        if which.all:
            self._ends, self.calendar = filled(self.n, end, self._ends.dtype), {end}
        else:
            self._ends[which.at] = end
            self.calendar.add(end)

    def resume(self, i: int, kept: Mapping[str, NDArray[Any]]) -> None:
        """Set run `i` to a state of `Runs.keep`, of a run on the same task; its episode is over where that was."""
        runs = self.runs
        runs.go_back(i, kept)
        left, self.idle = self._most - runs.count(i), None
        self.over = self.over.copy()
        self.over[i] = not left
        self.waiting = bool(self.over.any())
        self._enter(ALL_RUNS if self.n == 1 else Which(np.array([i])), runs.clock + left)

    # ------------------------------------------------------------------ a trial
    def submit(self, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None, refused: Mask | None = None) -> None:
        """Evaluate one trial of each run but the idle ones, at a fidelity that its budget pays for; see `Runs.submit`.

        Afterwards `ended` gives the episodes that are over.
        """
        self.idle = idle
        self.runs.submit(at, None if fidelity is None else self.affordable(fidelity), idle, refused)

    def affordable(self, fidelity: Floats) -> Floats:
        """Return fidelities ``(n,)``, lowered to those that the budget left of each run pays for.

        A budget in cost lowers none: the cost of a trial is known once it is paid.
        """
        if self._by_cost:
            return fidelity
        left = self.runs.budget - self.runs["spent"]
        if left.item(left.argmin()) >= self._levels.item(-1):
            return fidelity
        return np.minimum(fidelity, affordable(self._levels, left))

    def ended(self) -> Which:
        """Return the runs whose episode the last step ended."""
        runs, stopped = self.runs, self.idle
        if not self._by_spent:
            due = NO_RUNS
            if runs.clock in self.calendar:
                self.calendar.remove(runs.clock)
                due = ALL_RUNS if self._alike else self._new(self._ends == runs.clock)
            return due if stopped is None else self._new(due.mask(self.n) | stopped if not due.none else stopped)
        done = over(np.asarray(runs.budget - runs.spent), SPENT if self._by_cost else self._levels.item(0))
        if self._by_cost:
            done |= runs.t >= self._most + self._n_init
        return self._new(done if stopped is None else done | stopped)

    def ended_one(self) -> bool:
        """Return whether the last step ended the episode of the only run, in which each trial takes 1 of the budget."""
        if self.runs.clock not in self.calendar:
            return False
        self.calendar.remove(self.runs.clock)
        return True

    def _new(self, done: Mask) -> Which:
        """Return the runs whose episode ends now, of those that are over by now."""
        return Which.of((done & ~self.over if self.waiting else done).nonzero()[0])
