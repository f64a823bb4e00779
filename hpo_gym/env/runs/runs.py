"""`Runs`: `n` runs at once as rows of arrays, and the accounting of a trial.

What a look-up or a constant gives (a table's points, costs and statuses; fidelity 1) is made when asked for. Arrays
that are handed out are never written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask
from hpo_gym.env.runs.failures import Failures
from hpo_gym.env.runs.paths import FusedRows, path_of, path_of_one
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.view import view_of
from hpo_gym.problem import (
    Bank,
    BankView,
    Evaluated,
    History,
    Points,
    PoolBank,
    ProgressBank,
    Query,
    Status,
    Trial,
    filled,
    too_dear,
)

_maximum, _LOST = np.maximum, -np.inf


class Told(NamedTuple):
    """One trial of each of some runs: `who` ``(b,)``, and `at` ``(b,)`` or ``(b, d)``, `score`, `fidelity` ``(b,)``;
    `cost` ``(b,)``, where it was asked for."""

    who: Ints
    at: NDArray[Any]
    score: NDArray[Any]
    fidelity: Floats
    cost: Floats | None = None


class Runs(Slots):
    """`n` runs of at most `h` trials.

    Args:
        bank: The tasks, and their scores.
        n: Number of runs.
        h: The most trials that a run can have, given points counted.
        budget: Budget of a run, in full evaluations; with `units`, in these.
        fidelity: Whether trials can have a fidelity below 1.
        history: Whether to keep the fused history buffer (see `history`).
        fused: Whether to gather a table's rows at each step (see `block`).
        track: Whether to keep the incumbent's place at each step (see `incumbent_at`).
        repeats: Whether to find out which trials repeat an earlier one (see `repeated`).
        floor: The score of a failure before any success of its run (see `Failures`), one number or ``(n,)``.
        view: What may be known of the bank, where it is at hand.
        units: Of each task of the bank, the cost that is a unit of the budget, ``(k,)``; None where the budget is in
            full evaluations. A trial that does not fit in what is left is then cut: it has the status TIMEOUT, the
            score of a failure, and costs what was left.
        checkpoints: On which tasks a trial pays only what lies beyond its checkpoint (see `hpo_gym.problem.costs`),
            ``(k,)``; None: on none. It needs `units`.

    Attributes:
        bank: What may be known of the tasks, and evaluated on them.
        task, world: Each run's position in the bank's tasks, and the seed of its world, ``(n,)``.
        last, best, previous: Score of the last trial, of the incumbent, and of the incumbent before it, ``(n,)``; -inf
            where there is none, as `previous` is at the first trial.
        spent: Budget used, a number while in step; with `units` in these, ``(n,)``.
        unit: The cost that is a unit of each run's budget, ``(n,)``, or None.
        cell: After a step on a fused table, the place of what was evaluated in the flat table, ``(n,)``; fresh.
        single: Whether scores are float32.
        scalar: Whether `submit_one` serves: one run on a pool, of which nothing is kept but rows and scores.
        leaving: Which idle runs begin anew before anybody asks for their trials, ``(n,)``, or None: nobody.
        block: After a step on a table, ``(n, d + 3)`` float32: last configuration in [-1, 1], score, two free
            columns; fresh at each step.
        row: After `submit_one` on a table, what `block` is after a step: ``(d + 3,)``.
        history: ``(n, h, d + 2)`` float32: configuration in [-1, 1], score, fidelity (0 = no trial yet).
        signals: What is seen of each run now beside its scores, by `BankView.signals`, ``(n, s)``, never written; None
            where there is nothing.
    """

    def __init__(
        self,
        bank: Bank,
        n: int,
        h: int,
        *,
        budget: float,
        fidelity: bool = False,
        history: bool = False,
        fused: bool = False,
        track: bool = False,
        repeats: bool = False,
        floor: float | Floats = 0.0,
        view: BankView | None = None,
        units: Floats | None = None,
        checkpoints: Mask | None = None,
    ) -> None:
        self.tabular = bank.m > 0
        seen, priced, d = len(bank.signals), units is not None, 0 if bank.m > 0 else bank.d
        self._checkpoints = checkpoints if fidelity else None  # of full evaluations, none goes on
        spared = self._checkpoints is not None
        super().__init__(n, h, d, bank.dtype, fidelity=fidelity, signals=seen, priced=priced, checkpoints=spared)
        self._units = units
        self.unit: Floats | None = None if units is None else units[np.zeros(n, np.int64)]
        self._price: Floats | None = None  # of the trials of this tick, in units
        self._bank, self.budget, self.d = bank, budget, bank.d
        self.bank: BankView = view_of(bank) if view is None else view
        self.task = np.zeros(n, np.int64)
        self.world = np.zeros(n, np.uint64)
        self.base = bank.base(self.task)
        self.last: NDArray[Any] = np.zeros(n, bank.dtype)
        self.best: NDArray[Any] = np.full(n, -np.inf, bank.dtype)
        self.previous = self.best
        self.spent: float | Floats = 0.0
        self.best_fidelity = np.zeros(n) if fidelity else None
        self.history = np.zeros((n, h, self.d + 2), np.float32) if history else None
        self._progress = bank.progress(n, h) if isinstance(bank, ProgressBank) else None
        self._path = path = path_of(bank, n, fused=fused, fidelity=fidelity, progress=self._progress)
        self.block: NDArray[np.float32] | None = None
        self.incumbent_at = np.zeros_like(self.at[0]) if track else None
        self.repeated = np.zeros(n, bool) if repeats else None
        self.cell: NDArray[np.int64] | None = None
        self.single = bank.dtype == np.float32
        self._was_fidelity: Floats | None = None
        self.leaving: NDArray[np.bool_] | None = None
        self._lean = self.tabular and not (fidelity or history or track or repeats or priced)
        self.scalar = n == 1 and self._lean
        self._fused = path if self._lean and isinstance(path, FusedRows) else None
        if self.scalar and isinstance(bank, PoolBank):
            self._path_of_one = path_of_one(bank, fused=fused)
        self.row: NDArray[np.float32] | None = None
        self._failures = Failures(n, bank.dtype, floor, fidelity=fidelity) if bank.fallible or priced else None
        self.signals = np.zeros((n, seen), np.float32) if seen else None

    # ------------------------------------------------------------------ episodes
    @property
    def left(self) -> float | Floats:
        """Share of the budget left, in [0, 1]."""
        left = 1.0 - self.spent / self.budget
        exact = self.fidelity is None and self.unit is None
        return left if exact else np.maximum(left, 0.0)  # sums of fidelities and costs round

    @property
    def last_share(self) -> Floats:
        """Share of the budget that the last trial of each run took, ``(n,)``."""
        if self.unit is None:
            return self.last_fidelity() / self.budget
        assert self.cost is not None
        return np.asarray(self.cost[self._last] / self.unit / self.budget)

    @property
    def reached(self) -> NDArray[Any]:
        """Score of the incumbent of each run, ``(n,)``; -inf while nothing has succeeded."""
        failures = self._failures
        return self.best if failures is None else failures.sure(self.best, failures.hollow)

    @property
    def reached_before(self) -> NDArray[Any]:
        """As `reached`, of the incumbent before the last one."""
        failures = self._failures
        return self.previous if failures is None else failures.sure(self.previous, failures.before)

    @property
    def improvement(self) -> Floats:
        """How far the last trial of each run lifted its incumbent, ``(n,)``, in the score's unit; 0 by a first."""
        now, before = self.reached.astype(np.float64), self.reached_before
        return np.maximum(now - np.where(before > -np.inf, before, now), 0.0, where=now > -np.inf, out=np.zeros(self.n))

    def improved(self) -> bool:
        """Whether the last trial of the only run became its incumbent."""
        if self.fidelity is not None:
            return int(self.incumbent()[0]) == self.count(0) - 1
        best, before, failures = self.best, self.previous, self._failures
        if best is before:
            return False
        if failures is not None and failures.mixed and failures.before.item(0) and not failures.hollow.item(0):
            return True
        return bool(best.item(0) > before.item(0))

    def begin(self, which: Ints | None, task: Ints, world: Keys) -> None:
        """Start new episodes on `task` in `world`, for all runs (None) or those at positions `which`."""
        if self._failures is not None:
            self._failures.begin(which)
        if which is None:
            self._late.clear()  # nobody asks for the trials of the episode before
            self._halted = None
            self.block = None  # it shows the last trial of that
            self.start, self.spent = self.clock, 0.0
            self.task, self.world = task, world
            self.base = self._bank.base(task)
            self.best = self.previous = filled(self.n, -np.inf, self._bank.dtype)
            if self.fidelity is not None or self._units is not None:
                self.spent = np.zeros(self.n)
            if self._units is not None:
                self.unit = self._units[task]
            which_: Ints | slice = slice(None)
        else:
            which_ = which
            if self._halted is not None:
                begun = np.zeros(self.n, bool)
                begun[which] = True
                self._forget(begun)
            if self._late or self._halted is not None:
                self._settle()  # before bases change
            self.block = None  # was handed out, and what is not begun now can be asked for again
            if isinstance(self.start, int):
                self.start = np.full(self.n, self.start)
            self.start[which] = self.clock
            self.task, self.base, self.best = self.task.copy(), self.base.copy(), self.best.copy()  # were handed out
            self.task[which], self.world[which] = task, world
            self.base[which] = self._bank.base(task)
            self.best[which] = -np.inf
            if isinstance(self.spent, float):
                self.spent = np.full(self.n, self.spent)
            self.spent[which] = 0.0
            if self._units is not None and self.unit is not None:
                self.unit = self.unit.copy()
                self.unit[which] = self._units[task]
        if self.repeated is not None:
            self.at[:, which_] = -1 if self.tabular else np.nan
        if self.best_fidelity is not None:
            self.best_fidelity[which_] = 0.0
        if self.history is not None:
            self.history[which_] = 0.0
        if self._progress is not None:
            self._progress.begin(which, task, world)
            self.signals = self._progress.signals

    def give(self, at: NDArray[Any], which: Ints) -> None:
        """Write `g` given points at the start of new episodes: rows ``(g, b)`` or points ``(g, b, d)``; not charged."""
        part = Runs(
            self._bank, len(which), len(at), budget=self.budget if self._units is None else np.inf,
            track=self.incumbent_at is not None, view=self.bank, units=self._units,
            floor=0.0 if self._failures is None else self._failures.floor[which],
        )  # fmt: skip
        part.begin(None, self.task[which], self.world[which])
        for row in at:
            part.submit(row)
        if len(which) == self.n and isinstance(self.start, int):
            self.start = self.start - len(at)
        else:
            self.start = np.array(np.broadcast_to(self.start, self.n))
            self.start[which] -= len(at)
        slots = (self.clock - len(at) + np.arange(len(at))) % self.h
        block = np.ix_(slots, which)
        self.at[block], self.score[block] = part.at, part.score
        if self.cost is not None and self.status is not None and part.cost is not None and part.status is not None:
            self.cost[block], self.status[block] = part.cost, part.status
        if self.fidelity is not None and self.best_fidelity is not None:
            self.fidelity[block], self.best_fidelity[which] = 1.0, 1.0
        self.best, self.last = self.best.copy(), self.last.copy()
        self.best[which], self.last[which] = part.best, part.last
        self.previous = self.best
        if self._failures is not None and part._failures is not None:
            self._failures.put(which, part._failures)
        if self.incumbent_at is not None and part.incumbent_at is not None:
            self.incumbent_at = self.incumbent_at.copy()
            self.incumbent_at[which] = part.incumbent_at
        if self.history is not None:
            for g in range(len(at)):
                self.history[which, g, : self.d] = part._signed(part.task, at[g])
                self.history[which, g, self.d] = part.score[g]
                self.history[which, g, self.d + 1] = 1.0

    # ------------------------------------------------------------------ a trial
    def submit(self, at: NDArray[Any], fidelity: Floats | None = None, idle: NDArray[np.bool_] | None = None) -> None:
        """Evaluate one trial of each run and account for it: the only door through which budget is spent.

        Args:
            at: Rows ``(n,)`` or canonical points ``(n, d)``.
            fidelity: ``(n,)``, or None for full evaluations.
            idle: Runs that evaluate nothing now, ``(n,)``; their episode is over.
        """
        fused = self._fused
        if fused is None or idle is not None:
            score, outcome = self._path(self, at, fidelity, idle)
            if self.unit is not None:
                score, outcome = self._paid(at, score, outcome, fidelity)
            self.record(at, score, outcome, fidelity, idle)
            return
        self.cell = cell = self.base + at
        self.block = block = fused.table.take(cell, 0) if fused.few else fused.gather(cell)
        self.last = last = block[:, fused.score].copy()
        failures, slot = self._failures, self.clock % self.h
        if failures is not None:
            failures.plain(last)
            block[:, fused.score] = last
        if not isinstance(self.start, int):  # episodes that begin apart would ask for it soon
            self.at[slot], self._score[slot] = at, last  # `at` first: it moves what a stop has left
        else:
            self._late[slot] = cell
            if failures is not None:  # what they are served stands in no table
                self._score[slot] = last
        self.previous = best = self.best
        self.best = _maximum(best, last)
        if failures is not None and failures.mixed:
            np.putmask(self.best, failures.risen(), last)
        self.spent = self.spent + 1.0
        self.clock += 1

    def submit_one(self, row: int) -> None:
        """As `submit`, of the only run at full fidelity, without arrays; where `scalar`."""
        slot, score = self.clock % self.h, self._path_of_one(self, row)
        failures = self._failures
        if failures is not None:
            if failures.mixed or score == _LOST:
                served = failures.served_one()
                if served is None:
                    self._record_one(row, score)
                    return
                score = served
                if self.row is not None:
                    self.row[self.d] = score
            elif score < failures.worst.item(0):
                failures.worst[0] = score
        self.at[slot, 0], self._score[slot, 0] = row, score
        self.last, self.block = self._score[slot], None
        self.previous = best = self.best
        if score >= best.item(0):  # of two zeros NumPy's maximum gives the second one
            self.best = self.last.copy()
        self.spent += 1.0
        self.clock += 1

    def _record_one(self, row: int, score: float) -> None:
        """Account for a trial of the only run by arrays."""
        self.block = None
        self.record(np.array([row]), np.array([score], self._score.dtype))
        if self.row is not None:
            self.row[self.d] = self.last.item(0)

    def record(
        self,
        at: NDArray[Any],
        score: NDArray[Any],
        outcome: Evaluated | None = None,
        fidelity: Floats | None = None,
        idle: NDArray[np.bool_] | None = None,
    ) -> None:
        """Account for trials whose scores ``(n,)`` are known; `submit` does so after it has evaluated."""
        clock = self.clock
        slot = clock % self.h
        if self.unit is not None and self._price is None and outcome is not None:
            self._price = outcome.cost / self.unit
        self._forget(self.leaving)
        if self.repeated is not None:
            self.repeated = self._repeats(at, fidelity)
        last = score.copy()
        failed = self._failed_in(last, outcome, idle)
        self.at[slot] = at
        self.score[slot] = self.last = last
        self.previous = best = self.best
        if self._lean and idle is None and failed is None:
            self.best = _maximum(best, last)
            if self._failures is not None and self._failures.mixed:
                np.putmask(self.best, self._failures.risen(), last)
            self.spent = self.spent + 1.0
        else:
            self._record_more(slot, at, last, outcome, fidelity, idle, failed)
        self._price, self.clock = None, clock + 1

    def _paid(
        self, at: NDArray[Any], score: NDArray[Any], outcome: Evaluated | None, fidelity: Floats | None
    ) -> tuple[NDArray[Any], Evaluated]:
        """Scores ``(n,)`` and outcomes of trials whose budget is in cost: one that does not fit in what is left is cut,
        tells nothing, and takes what was left."""
        assert self.unit is not None
        cost, status = outcome[1:] if outcome is not None else self._bank.outcome(self.base, at, fidelity)
        if self._checkpoints is not None:
            cost = self._beyond_checkpoints(at, cost, fidelity)
        price, left = cost / self.unit, np.maximum(self.budget - self.spent, 0.0)
        cut = too_dear(price, left)
        if cut.any():
            score = np.where(cut, np.array(_LOST, score.dtype), score)
            cost, price = np.where(cut, left * self.unit, cost), np.where(cut, left, price)
            status = np.where(cut, np.int8(Status.TIMEOUT), status)
        self._price = price
        return score, Evaluated(score, cost, status)

    def _beyond_checkpoints(self, at: NDArray[Any], cost: Floats, fidelity: Floats | None) -> Floats:
        """Costs ``(n,)`` of trials, less that of the highest lower fidelity at which the same run has evaluated the
        same configuration with success."""
        assert self._checkpoints is not None and self._full_cost is not None
        assert self.fidelity is not None and self.status is not None
        self._full_cost[self.clock % self.h] = cost
        start = np.broadcast_to(self.start, self.n)
        ticks = np.arange(start.min(), self.clock)
        if not ticks.size:
            return cost
        slots = ticks % self.h
        known = self.at[slots[0] : slots[-1] + 1] if slots[0] <= slots[-1] else self.at[slots]
        same = known == at if self.tabular else (known == at).all(2)
        tick, who = np.divmod(np.flatnonzero(same & self._checkpoints[self.task]), self.n)  # twice as fast as `nonzero`
        slot, asked = slots[tick], np.ones(self.n) if fidelity is None else fidelity
        lower = (ticks[tick] >= start[who]) & (self.fidelity[slot, who] < asked[who])
        lower &= self.status[slot, who] == Status.OK
        slot, who = slot[lower], who[lower]
        order = self.fidelity[slot, who].argsort(kind="stable")
        spared = np.zeros(self.n)
        spared[who[order]] = self._full_cost[slot, who][order]  # of several, the last one stays: the highest fidelity
        return np.maximum(cost - spared, 0.0)

    def _failed_in(self, score: NDArray[Any], outcome: Evaluated | None, idle: Mask | None) -> Mask | None:
        """Who failed, ``(n,)``, with what they are served in `score`; None: done, but for `Failures.risen`."""
        failures = self._failures
        if failures is None:
            return None
        status = None if outcome is None else outcome.status
        failed = None
        if idle is not None or (status is not None and status.any()) or not failures.plain(score):
            failed = failures.serve(score, status, idle)
        if self.block is not None:
            self.block[:, self.d] = score
        return failed

    def _write_late(self, slot: int, cell: Ints) -> None:
        assert self._fused is not None
        self._at[slot] = cell - self.base
        if self._failures is None:
            self._score[slot] = self._fused.scores(cell)

    def _record_more(
        self,
        slot: int,
        at: NDArray[Any],
        kept: NDArray[Any],
        outcome: Evaluated | None,
        fidelity: Floats | None,
        idle: NDArray[np.bool_] | None,
        failed: Mask | None,
    ) -> None:
        """What `record` does where more is kept than rows and scores, where some runs are idle, or some failed."""
        if outcome is not None and self.cost is not None and self.status is not None:
            self.cost[slot], self.status[slot] = outcome.cost, outcome.status
        if self.shown is not None:
            self.shown[slot] = self.signals
        if self.fidelity is None:
            better = self._lifts(kept, failed)
            used: float | Floats = 1.0
        else:
            used = np.ones(self.n) if fidelity is None else fidelity
            self.fidelity[slot] = used
            better = self._beats(kept, used, failed)
        if self._failures is not None and failed is not None:
            self._failures.replaced(better if idle is None else better & ~idle, failed)
        if self.incumbent_at is not None:
            if idle is not None:
                better = better & ~idle
            mask = better if self.tabular else better[:, None]
            self.incumbent_at = np.where(mask, at, self.incumbent_at)
        if self.history is not None:
            self._write_history(at, kept, used, idle)
        taken = used if self._price is None else self._price
        if idle is None:
            self.spent = self.spent + taken
        else:
            self._take_back(idle, taken)

    def _lifts(self, score: NDArray[Any], failed: Mask | None) -> Mask:
        """Account for incumbents where all trials are full; which runs have a new one, ``(n,)``."""
        before, failures = self.best, self._failures
        if failed is not None and failures is not None:
            self.best = failures.lifted(failed, score, before)
            return failures.better(failed, score, before)
        self.best = np.maximum(before, score)
        better = score > before
        if failures is not None and failures.mixed:
            risen = failures.risen()
            np.putmask(self.best, risen, score)
            better |= risen
        return np.asarray(better)

    def _beats(self, score: NDArray[Any], used: Floats, failed: Mask | None) -> Mask:
        """As `_lifts`, where trials have a fidelity: a higher one beats any score."""
        assert self.best_fidelity is not None
        higher = used > self.best_fidelity
        lifts = score > self.best
        if failed is not None and self._failures is not None:
            lifts = self._failures.better(failed, score, self.best)
        better = higher | ((used == self.best_fidelity) & lifts)
        self.best = np.where(better, score, self.best)
        self._was_fidelity = self.best_fidelity
        self.best_fidelity = np.where(higher, used, self.best_fidelity)
        return np.asarray(better)

    def _take_back(self, idle: NDArray[np.bool_], used: float | Floats) -> None:
        """Undo what this tick did to idle runs."""
        who = idle.nonzero()[0]
        before = self.spent
        self.best[who] = self.previous[who]  # all three were made in this tick
        spent = before + used
        self.spent = np.full(self.n, spent) if isinstance(spent, float) else spent
        self.spent[who] = before if isinstance(before, float) else before[who]
        if self.best_fidelity is not None and self._was_fidelity is not None:
            self.best_fidelity[who] = self._was_fidelity[who]
        self.start = np.full(self.n, self.start) if isinstance(self.start, int) else self.start.copy()
        self.start[who] += 1
        if idle is not self.leaving:
            self._keep_last(who if self.leaving is None else (idle & ~self.leaving).nonzero()[0])

    def _keep_last(self, who: Ints) -> None:
        """Move the trials of idle runs up by one slot, as their start has moved, so that the last one is the last.

        Rows and scores are moved when somebody asks for more than the last one.
        """
        before = (self.clock - 1) % self.h
        self.last[who] = self._score[before, who]
        if self.block is not None:
            at = self._at[before, who]
            if self.cell is not None:
                self.cell[who] = self.base[who] + at
            self.block[who, : self.d], self.block[who, self.d] = self._signed(self.task[who], at), self.last[who]
        self._halted = who
        if self.fidelity is not None or self.cost is not None:
            self._settle()

    def _write_history(
        self, at: NDArray[Any], score: NDArray[Any], used: float | Floats, idle: NDArray[np.bool_] | None
    ) -> None:
        assert self.history is not None
        t, d = self.t, self.d
        if idle is None and isinstance(t, int):
            if self.block is not None:
                self.block[:, d + 1] = used
                self.history[:, t] = self.block[:, : d + 2]
                return
            who: Ints | slice = slice(None)
            place: tuple[Ints | slice, int | Ints] = (who, t)
        else:
            who = np.arange(self.n) if idle is None else np.flatnonzero(~idle)
            place = (who, np.broadcast_to(t, self.n)[who])
        if self.block is not None:
            self.history[(*place, slice(0, d + 1))] = self.block[who, : d + 1]
        else:
            self.history[(*place, slice(0, d))] = self._signed(self.task[who], at[who])
            self.history[(*place, d)] = score[who]
        self.history[(*place, d + 1)] = used if isinstance(used, float) else used[who]

    def _repeats(self, at: NDArray[Any], fidelity: Floats | None) -> NDArray[np.bool_]:
        same = self.at == at if self.tabular else (self.at == at).all(2)
        if self.fidelity is not None:
            same &= self.fidelity == (1.0 if fidelity is None else fidelity)
        return np.asarray(same.any(0))

    # ------------------------------------------------------------------ views
    def _signed(self, task: Ints, at: NDArray[Any]) -> NDArray[np.float32]:
        signed = self._bank.signed if isinstance(self._bank, PoolBank) else None
        if signed is not None:
            return np.asarray(signed[at] if signed.ndim == 2 else signed[task, at])
        return np.asarray(self._bank.points(task, at) * 2.0 - 1.0, np.float32)

    def last_signed(self, extra: int) -> NDArray[np.float32]:
        """The last configuration in [-1, 1], its score and `extra` free columns, fresh: ``(n, d + 1 + extra)``."""
        if self.block is not None and extra == 2:
            return self.block
        out = np.empty((self.n, self.d + 1 + extra), np.float32)
        out[:, : self.d] = self._signed(self.task, self.at[self._last])
        with np.errstate(over="ignore"):  # observers serve the score anew, within the range of float32
            out[:, self.d] = self.last
        return out

    def last_at(self) -> NDArray[Any]:
        """What each run evaluated last, fresh: rows ``(n,)`` or points ``(n, d)``."""
        return np.array(self.at[self._last])

    def last_x(self) -> Points:
        """The last configuration of each run, fresh, ``(n, d)``."""
        at = self.at[self._last]
        return self._bank.points(self.task, at if self.tabular else at.copy())

    def x_before(self, first: Points) -> Points:
        """The configuration before the last one of each run, fresh, ``(n, d)``; `first` ``(d,)`` where none is."""
        two, at = np.broadcast_to(self.t, self.n) > 1, self.at[(self.clock - 2) % self.h]
        before = self._bank.points(self.task, np.where(two, at, 0)) if self.tabular else at
        return np.where(two[:, None], before, first)

    def last_fidelity(self) -> Floats:
        """Fidelity of the last trial of each run, ``(n,)``."""
        return np.ones(self.n) if self.fidelity is None else self.fidelity[self._last].copy()

    def last_cost(self) -> float:
        """Cost of the last trial of the only run, which is kept or can be looked up."""
        if self.cost is not None:
            return float(self.cost.item(self._last, 0))
        return self._bank.outcome_of(self.task.item(0), self.at.item(self._last, 0), 1.0)[0]

    def last_outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        """Cost and status of the last trial of each run, each ``(n,)``."""
        slot = self._last
        if self.cost is not None and self.status is not None:
            return self.cost[slot].copy(), self.status[slot].copy()
        return self._bank.outcome(self.base, self.at[slot], None if self.fidelity is None else self.fidelity[slot])

    def last_further(self) -> Floats:
        """The further objectives of what each run evaluated last, ``(n, o)``, by `BankView.objectives`."""
        return self._bank.further(self.base, self.at[self._last])

    def incumbent_x(self) -> Points:
        """The incumbent of each run, ``(n, d)``; needs `track`."""
        assert self.incumbent_at is not None
        return self._bank.points(self.task, self.incumbent_at)

    def incumbent(self) -> Ints:
        """Position of the incumbent among each run's trials, ``(n,)``; -1 before the first."""
        there = self.exists()
        if self.fidelity is not None:
            f = np.where(there, self.ordered(self.fidelity), 0.0)
            there &= f == f.max(1, keepdims=True)
        score = np.where(there, self.scores(), -np.inf)
        if self._failures is not None and self._failures.met:
            failed = self._failed()
            score[failed & (there & ~failed).any(1, keepdims=True)] = -np.inf
        return np.where(np.broadcast_to(self.t, self.n) > 0, score.argmax(1), -1)

    def _failed(self) -> Mask:
        """Which trials of `ordered` failed, ``(n, h)``; stale after `t`."""
        if self.status is not None:
            return np.asarray(self.ordered(self.status) != 0)
        at, share = np.maximum(self.ordered(self.at), 0), None if self.fidelity is None else self.ordered(self.fidelity)
        cell = np.repeat(self.base, self.h), at.reshape(-1), None if share is None else share.reshape(-1)
        return np.asarray(self._bank.outcome(*cell)[1].reshape(at.shape) != 0)

    def select(self, which: Ints) -> Runs:
        """A copy of some runs, with what observers read."""
        part = object.__new__(Runs)
        part.__dict__.update(self.__dict__)
        part.n, part._late, part._halted = len(which), {}, None
        start = self.start if isinstance(self.start, int) else self.start[which]
        if not isinstance(start, int) and start.size and (start == start[0]).all():
            start = int(start[0])
        part.start = start
        if not part.fresh:  # else there is no trial to show
            part._at, part._score = self.at[:, which], self.score[:, which]
            for name in ("cost", "status", "fidelity", "shown"):
                value = getattr(self, name)
                setattr(part, name, None if value is None else value[:, which])
        for name in ("task", "world", "base", "last", "best", "previous", "best_fidelity", "history", "incumbent_at",
                     "repeated", "signals", "unit"):  # fmt: skip
            value = getattr(self, name)
            setattr(part, name, None if value is None else value[which])
        part._failures = None if self._failures is None else self._failures.select(which)
        part.spent = self.spent if isinstance(self.spent, float) else self.spent[which]
        part.block = None  # it may show the last trial of the episode before
        return part

    # ------------------------------------------------------------------ to keep a run and to go back to it
    def keep(self, i: int) -> dict[str, NDArray[Any]]:
        """All that run `i` is, by name, but for its task; where trials go on from each other."""
        assert self._progress is not None and self._failures is not None and self.shown is not None
        slots, failures = self._slots(i), self._failures
        kept = {name: slotted[slots, i] for name, slotted in self._slotted().items()}
        kept |= {name: rows[i].copy() for name, rows in self._rows().items()}
        kept |= {"worst": failures.worst[i], "hollow": failures.hollow[i], "before": failures.before[i]}
        return {**{f"run:{k}": np.asarray(v) for k, v in kept.items()}, **self._progress.save(i)}

    def go_back(self, i: int, kept: Mapping[str, NDArray[Any]]) -> None:
        """Make run `i` what another was, on the same task: `kept` is what `keep` gave of it."""
        assert self._progress is not None and self._failures is not None
        if self._late or self._halted is not None:
            self._settle()
        t = len(kept["run:score"])
        slots = (self.clock - t + np.arange(t)) % self.h
        for name, slotted in self._slotted().items():
            slotted[slots, i] = kept[f"run:{name}"]
        for name in self._rows():
            rows = getattr(self, name).copy()  # was handed out
            rows[i] = kept[f"run:{name}"]
            setattr(self, name, rows)
        part = Failures(1, self._failures.worst.dtype, self._failures.floor[i : i + 1])
        part.worst, part.hollow, part.before = (kept[f"run:{k}"].reshape(1) for k in ("worst", "hollow", "before"))
        part.met = part.mixed = True
        self._failures.put(np.array([i]), part)
        if self.n == 1:
            self.start, self.spent = self.clock - t, float(t)
        else:
            self.start = np.array(np.broadcast_to(self.start, self.n))
            self.spent = np.array(np.broadcast_to(self.spent, self.n))
            self.start[i], self.spent[i] = self.clock - t, t
        self._progress.load(i, kept)
        self.signals, self.block = self._progress.signals, None

    def _slotted(self) -> dict[str, NDArray[Any]]:
        """What is kept of trials, by slot."""
        known = {"at": self.at, "score": self.score, "cost": self.cost, "status": self.status, "shown": self.shown}
        return {name: array for name, array in known.items() if array is not None}

    def _rows(self) -> dict[str, NDArray[Any]]:
        """What is kept of runs, by run."""
        known = {name: getattr(self, name) for name in ("world", "last", "best", "previous", "incumbent_at", "history")}
        return {name: array for name, array in known.items() if array is not None}

    # ------------------------------------------------------------------ one run, or what is new
    def view(self, i: int, n_init: int = 0) -> History:
        """The trials of run `i`."""
        return History(tuple(self._trial(i, slot) for slot in self._slots(i).tolist()), n_init)

    def _trial(self, i: int, slot: int) -> Trial:
        config, fidelity, cost, status = self.outcome_of(i, slot)
        trial = Trial(Query(config, fidelity), float(self.score[slot, i]), cost, Status(status))
        if self._bank.objectives and not (self.unit is not None and trial.status is Status.TIMEOUT):
            at = self.at[slot, i : i + 1]
            values = self._bank.further(self.base[i : i + 1], at)[0].tolist()
            names = (objective.name for objective in self._bank.objectives)
            trial = replace(trial, objectives=dict(zip(names, values, strict=True)))
        if self.shown is None:
            return trial
        return replace(trial, signals=dict(zip(self.bank.signals, self.shown[slot, i].tolist(), strict=True)))

    def outcome_of(self, i: int, slot: int | None = None) -> tuple[dict[str, Any], float, float, int]:
        """Configuration, fidelity, cost and status of a trial of run `i`, by default of the last."""
        if slot is None:
            slot = (self.clock - 1) % self.h
        bank, task, at = self._bank, self.task.item(i), self.at.item(slot, i) if self.tabular else self.at[slot, i]
        fidelity = 1.0 if self.fidelity is None else self.fidelity.item(slot, i)
        if self.cost is not None and self.status is not None:
            return bank.config(task, at), fidelity, self.cost.item(slot, i), self.status.item(slot, i)
        cost, status = bank.outcome_of(task, at, fidelity)
        return bank.config(task, at), fidelity, cost, status

    def arrays(self, i: int) -> dict[str, NDArray[Any]]:
        """The trials of run `i`, `t` of them: `x` ``(t, d)``, `score`, `cost`, `status` and `fidelity` ``(t,)``."""
        slots = self._slots(i)
        at, score = self.at[slots, i], self.score[slots, i].astype(np.float64)
        fidelity = np.ones(len(at)) if self.fidelity is None else self.fidelity[slots, i]
        if self.cost is not None and self.status is not None:
            cost, status = self.cost[slots, i], self.status[slots, i]
        else:
            base = np.repeat(self.base[i], len(at))
            cost, status = self._bank.outcome(base, at, None if self.fidelity is None else fidelity)
        x = self._bank.points(np.repeat(self.task[i], len(at)), at)
        return {"x": x, "score": score, "cost": cost, "status": status.astype(np.int8), "fidelity": fidelity}

    def further(self, i: int) -> Floats:
        """The further objectives of the trials of run `i`, ``(t, o)``, by `BankView.objectives`."""
        at = self.at[self._slots(i), i]
        return self._bank.further(np.repeat(self.base[i], len(at)), at)

    def outcomes(self) -> tuple[Floats, NDArray[np.int8], Floats]:
        """Cost and status ``(n, h)`` and further objectives ``(n, h, o)`` by run and trial; 0 where `exists` is not."""
        there = self.exists()
        at, who = self.ordered(self.at)[there], np.nonzero(there)[0]
        cost, status = np.zeros(there.shape), np.zeros(there.shape, np.int8)
        if self.cost is not None and self.status is not None:
            cost[there], status[there] = self.ordered(self.cost)[there], self.ordered(self.status)[there]
        else:
            share = None if self.fidelity is None else self.ordered(self.fidelity)[there]
            cost[there], status[there] = self._bank.outcome(self.base[who], at, share)
        further = np.zeros((*there.shape, len(self._bank.objectives)))
        further[there] = self._bank.further(self.base[who], at)
        return cost, status, further

    def since(self, told: Ints, *, costs: bool = False) -> Iterator[Told]:
        """What is new to somebody who was told the first `told` ``(n,)`` trials of each run: of all runs that have one
        the next trial, then the one after it, and so on; with their `costs`, or without."""
        start, t = np.broadcast_to(self.start, self.n), np.broadcast_to(self.t, self.n)
        for j in range(int((t - told).max(initial=0))):
            who = np.flatnonzero(told + j < t)
            slots = (start[who] + told[who] + j) % self.h
            fidelity = np.ones(len(who)) if self.fidelity is None else self.fidelity[slots, who]
            cost = self._cost_of(who, slots) if costs else None
            yield Told(who, self.at[slots, who], self.score[slots, who], fidelity, cost)

    def _cost_of(self, who: Ints, slots: Ints) -> Floats:
        """Cost of one trial of each of some runs, kept or looked up, ``(b,)``."""
        if self.cost is not None:
            return np.asarray(self.cost[slots, who])
        share = None if self.fidelity is None else self.fidelity[slots, who]
        return self._bank.outcome(self.base[who], self.at[slots, who], share)[0]
