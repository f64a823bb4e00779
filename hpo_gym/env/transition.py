"""The transition without an agent: begin, afford, evaluate, end. `Kernel` adds what an agent sees and does; the
benchmark drives it bare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask
from hpo_gym.env.runs.contexts import given_points
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import SPENT, Bank, affordable, horizon, over

Ended = Ints | Literal[False] | None
"""Whose episode a step ended: nobody's (False), everybody's (None), or of those at positions ``(b,)``."""


class Transition:
    """Runs on a budget: what a trial may cost, and whose episode is over.

    Args:
        bank: The tasks.
        runs: The state, before the first episode.
        levels: Fidelities that can be asked for, ascending.
        n_init: Given points of each episode.

    Attributes:
        over, waiting: Whose episode is over, ``(n,)``, and whether anybody's is.
        idle: Who evaluated nothing in the last step, ``(n,)``, or None: nobody.
    """

    def __init__(self, bank: Bank, runs: Runs, levels: tuple[float, ...], n_init: int = 0) -> None:
        self.bank, self.runs, self.n = bank, runs, runs.n
        self.over, self.waiting = np.ones(runs.n, bool), True
        self.idle: Mask | None = None
        self._levels, self._n_init = levels, n_init
        self._everyone = np.arange(runs.n)
        self._by_cost = runs.unit is not None
        self._by_spent = runs.fidelity is not None or self._by_cost  # else a calendar says when the budget is spent
        self._most = runs.h - n_init if self._by_cost else horizon(runs.budget)
        self._ends: Ints | int = -1
        self._calendar: dict[int, list[Ints | None]] = {}

    # ------------------------------------------------------------------ episodes
    def start(self, which: Ints | None, tasks: Ints, worlds: Keys) -> None:
        """Start episodes of all runs (None) or of those at `which`, with their given points."""
        self.runs.begin(which, tasks, worlds)
        if self._n_init:
            at = given_points(self.runs.bank, tasks, worlds, self._n_init)
            self.runs.give(at, self._everyone if which is None else which)
        if which is None:
            self.over, self.waiting = np.zeros(self.n, bool), False
        elif self.waiting:
            self.over[which] = False
            self.waiting = bool(self.over.any())
        if not self._by_spent:
            self._enter(which)

    def finish(self, which: Ints | None) -> None:
        """Mark episodes as over, of all runs (None) or of those at `which`."""
        self.over[slice(None) if which is None else which] = True
        self.waiting = True

    def _enter(self, which: Ints | None) -> None:
        """Write into the calendar when episodes that begin now will have spent their budget."""
        end = self.runs.clock + self._most
        if which is None:
            self._ends, self._calendar = end, {end: [None]}
            return
        if isinstance(self._ends, int):
            self._ends = np.full(self.n, self._ends)
        self._ends[which] = end
        self._calendar.setdefault(end, []).append(which)

    def resume(self, i: int, kept: Mapping[str, NDArray[Any]]) -> None:
        """Make run `i` what `Runs.keep` gave of another on the same task; its episode is over where that was."""
        runs = self.runs
        runs.go_back(i, kept)
        left = self._most - runs.count(i)
        end, self.idle = runs.clock + left, None
        self.over = self.over.copy()
        self.over[i] = not left
        self.waiting = bool(self.over.any())
        if self.n == 1:
            self._ends, self._calendar = end, {end: [None]}
            return
        if isinstance(self._ends, int):
            self._ends = np.full(self.n, self._ends)
        self._ends[i] = end
        if left:
            self._calendar.setdefault(end, []).append(np.array([i]))

    # ------------------------------------------------------------------ a trial
    def submit(self, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None) -> None:
        """Evaluate one trial of each run but the idle ones, at a fidelity that its budget pays for; see `Runs.submit`.

        Afterwards `ended` says whose episode is over.
        """
        self.idle = idle
        self.runs.submit(at, None if fidelity is None else self.affordable(fidelity), idle)

    def affordable(self, fidelity: Floats) -> Floats:
        """Fidelities ``(n,)``, lowered to what the budget left of each run pays for.

        Not where the budget is in cost: what a trial costs is known when it is paid.
        """
        if self._by_cost:
            return fidelity
        return np.minimum(fidelity, affordable(self._levels, self.runs.budget - self.runs.spent))

    def ended(self) -> Ended:
        """Whose episode the last step ended: False (nobody's), None (everybody's), or positions ``(b,)``."""
        runs, stopped = self.runs, self.idle
        if stopped is None and runs.clock not in self._calendar and not self._by_spent:
            return False
        if self._by_spent:
            done = over(np.asarray(runs.budget - runs.spent), SPENT if self._by_cost else self._levels[0])
            if self._by_cost:
                done |= runs.t >= self._most + self._n_init
        elif stopped is None:
            return self._due()
        else:
            due, done = self._due(), stopped
            if due is not False:
                done = stopped.copy()
                done[slice(None) if due is None else due] = True
            return self._new(done)
        return self._new(done if stopped is None else done | stopped)

    def _new(self, done: Mask) -> Ended:
        """Whose episode ends now, of those that are over by now."""
        if self.waiting:
            done = done & ~self.over
        which: Ints = done.nonzero()[0]
        return which if which.size else False

    def _due(self) -> Ended:
        entries = self._calendar.pop(self.runs.clock, None)
        if entries is None:
            return False
        if isinstance(self._ends, int):
            return None
        whole = any(e is None for e in entries)
        which = self._everyone if whole else np.concatenate(entries) if len(entries) > 1 else entries[0]  # type: ignore[arg-type]
        which = which[self._ends[which] == self.runs.clock]  # type: ignore[index]  # stopped before: a stale entry
        if self.waiting:
            which = which[~self.over[which]]
        return which if which.size else False
