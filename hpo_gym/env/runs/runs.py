"""`Runs`: `n` runs at once as rows of arrays, and the accounting of a trial.

Looked-up quantities (a table's points, costs, statuses; fidelity 1) are made on demand; arrays are never written again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys, Mask
from hpo_gym.env.runs.columns import COLUMNS, Tick
from hpo_gym.env.runs.deferred import Deferred
from hpo_gym.env.runs.incumbents import Incumbents
from hpo_gym.env.runs.paths import FusedRows, Rows, path_of
from hpo_gym.env.runs.payment import Payment
from hpo_gym.env.runs.slots import Slots
from hpo_gym.env.runs.view import view_of
from hpo_gym.env.runs.which import ALL_RUNS, Which
from hpo_gym.problem import (
    Evaluated,
    History,
    Points,
    PoolBatch,
    ProgressBatch,
    Query,
    Refusal,
    Status,
    TaskBatch,
    TaskBatchView,
    TaskProgress,
    Trial,
    filled,
)

_LOST = -np.inf
_OF_RUNS = ("task", "instance", "base", "last", "best", "previous")
_IN_SNAPSHOTS = {"world": "instance", "last": "last", "best": "best", "previous": "previous"}
"""Names in snapshots, of arrays of runs."""


class Observed(NamedTuple):
    """One trial of each of some runs, ``(b,)`` each: `who`, `at` (or ``(b, d)``), `score`, `fidelity`, asked `cost`."""

    who: Ints
    at: NDArray[Any]
    score: NDArray[Any]
    fidelity: Floats
    cost: Floats | None = None


class Runs(Slots):
    """`n` runs of at most `h` trials.

    Args:
        h: The most trials that a run can have, initial design included.
        budget: Budget of a run, in full evaluations; with `units`, in these.
        fidelity: Whether trials can have a fidelity below 1.
        fused: Whether to gather a table's rows at each step (see `block`).
        keep: Names of the columns to keep (see `hpo_gym.env.runs.columns`), beside those that the other arguments need.
        floor: The score of a failure before any success of its run (see `Incumbents`), one number or ``(n,)``.
        view: The agent's view of the batch, where it is at hand.
        units: Of each task, the cost that is a unit of the budget, ``(k,)``, see `Payment`; None: full evaluations.
        continued: Tasks on which a trial pays only beyond its checkpoint, ``(k,)``, or None. Needs `units`.
        dtype: Type of the recorded scores; by default the batch's.

    Attributes:
        batch: The agent's view of the tasks.
        task, instance: Each run's position in the batch's tasks, and the seed of its instance, ``(n,)``.
        last, best, previous: Score of the last trial, of the incumbent, and of the incumbent before it, ``(n,)``; -inf
            where there is none, as `previous` is at the first trial.
        cell: After a step on a fused table, the place of each trial in the flat table, ``(n,)``; fresh.
        single: Whether scores are float32.
        renewed: Idle runs that begin anew in this step, so that their trials are not read again, ``(n,)``, or None.
        block: After a table's step, fresh ``(n, d + 3)`` float32: last configuration in [-1, 1], score, two free.
        row: After `submit_one` on a table, the only run's `block`: ``(d + 3,)``.
        progress: State of runs whose trials go on from each other, or None.
    """

    def __init__(
        self,
        batch: TaskBatch,
        n: int,
        h: int,
        *,
        budget: float,
        fidelity: bool = False,
        fused: bool = False,
        keep: Sequence[str] = (),
        floor: float | Floats = 0.0,
        view: TaskBatchView | None = None,
        units: Floats | None = None,
        continued: Mask | None = None,
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        self.tabular, self.dtype = batch.m > 0, batch.dtype if dtype is None else dtype
        super().__init__(n, h, 0 if self.tabular else batch.d, self.dtype)
        self._batch, self.budget, self.d = batch, budget, batch.d
        self.batch: TaskBatchView = view or view_of(batch)
        self.task = np.zeros(n, np.int64)
        self.instance = np.zeros(n, np.uint64)
        self.base = batch.base(self.task)
        self.last: NDArray[Any] = np.zeros(n, self.dtype)
        self.best: NDArray[Any] = np.full(n, -np.inf, self.dtype)
        self.previous = self.best
        self.progress = batch.progress(n, h) if isinstance(batch, ProgressBatch) else None
        self.payment = Payment(units, continued)
        self.in_cost = len(self.payment.units) > 0
        names = {
            "fidelity": fidelity, "best_fidelity": fidelity, "spent": fidelity or self.in_cost,
            "cost": not self.tabular or self.in_cost, "status": not self.tabular or self.in_cost,
            "whole_cost": fidelity and bool(self.payment.continued.any()),
            "shown": bool(batch.signals), "signals": bool(batch.signals),
        }  # fmt: skip
        made = {name: COLUMNS.get(name)() for name in (*(name for name, needed in names.items() if needed), *keep)}
        self._columns = dict(sorted(made.items(), key=lambda item: not item[1].by_trial))  # those of trials come first
        self.kept |= {name: column.new(self) for name, column in self._columns.items()}
        self.by_trial += [name for name, column in self._columns.items() if column.by_trial]
        self._path = path = path_of(batch, n, fused=fused, fidelity=fidelity, progress=self.progress)
        self.block: NDArray[np.float32] | None = None
        self.row: NDArray[np.float32] | None = None
        self.cell: NDArray[np.int64] | None = None
        self.single = self.dtype == np.float32
        self.renewed: Mask | None = None
        self._refusing = False  # whether some trial was refused
        self._refused: Mask | None = None  # in this tick
        if isinstance(path, Rows):
            self._path_of_one = path.one
        possible = batch.fallible or self.in_cost
        self.incumbents = Incumbents(n, self.dtype, floor, fidelity=fidelity, possible=possible)
        self.fused = path if not self._columns and isinstance(path, FusedRows) else None

    @property
    def scalar(self) -> bool:
        """Whether `submit_one` serves: one run without columns."""
        return self.n == 1 and self.bare

    @property
    def bare(self) -> bool:
        """Whether nothing is kept beside rows or points and scores."""
        return not self._columns

    # ------------------------------------------------------------------ episodes
    def refund(self) -> None:
        """Charge no trial so far: the only run's are its initial design."""
        self.free = self.count(0)
        if "spent" in self.kept:
            self.kept["spent"] = np.zeros(self.n)

    @property
    def last_share(self) -> Floats:
        """Share of the budget that the last trial of each run took, ``(n,)``."""
        if not self.in_cost:
            return self.last_fidelity() / self.budget
        return np.asarray(self["cost"][self._last] / self.payment.units[self.task] / self.budget)

    @property
    def reached(self) -> NDArray[Any]:
        """Score of the incumbent of each run, ``(n,)``; -inf while nothing has succeeded."""
        return self.incumbents.sure(self.best, self.incumbents.failed)

    @property
    def reached_before(self) -> NDArray[Any]:
        """Score `reached` before the last trial."""
        return self.incumbents.sure(self.previous, self.incumbents.before)

    @property
    def improvement(self) -> Floats:
        """Gain of each incumbent by the last trial, ``(n,)``, in the score's unit; 0 by a first."""
        now, before = self.reached.astype(np.float64), self.reached_before
        return np.maximum(now - np.where(before > -np.inf, before, now), 0.0, where=now > -np.inf, out=np.zeros(self.n))

    def improved(self) -> bool:
        """Return whether the last trial of the only run became its incumbent."""
        if "fidelity" in self.kept:
            return int(self.incumbent()[0]) == self.count(0) - 1
        best, before, failures = self.best, self.previous, self.incumbents
        if best is before:
            return False
        if failures.mixed and failures.before.item(0) and not failures.failed.item(0):
            return True
        return bool(best.item(0) > before.item(0))

    def begin(self, which: Which, task: Ints, instance: Keys) -> None:
        """Start new episodes on `task` with the instance seeds `instance`, ``(b,)``."""
        if self.incumbents.possible:
            self.incumbents.begin(which)
        self.block = None  # it shows the last trial of the episode before, and was handed out
        if which.all:
            self._deferred.clear()  # trials of the episode before are not asked for again
            self._restart()
            self.task, self.instance = task, instance
            self.base = self._batch.base(task)
            self.best = self.previous = filled(self.n, -np.inf, self.dtype)
        else:
            if self._deferred.any:
                self._deferred.forget(which.mask(self.n))
                self._settle()  # before bases change
            self._shift(which.positions(self.n), self.clock)
            self.task, self.base, self.best = self.task.copy(), self.base.copy(), self.best.copy()  # were handed out
            self.task[which.at], self.instance[which.at] = task, instance
            self.base[which.at] = self._batch.base(task)
            self.best[which.at] = -np.inf
        if self.progress:
            self.progress.begin(None if which.all else which.positions(self.n), task, instance)
        for name, column in self._columns.items():
            self.kept[name] = column.begin(self, self.kept[name], which)

    def give(self, at: NDArray[Any], which: Ints) -> None:
        """Write a free initial design at the start of new episodes: rows ``(g, b)`` or points ``(g, b, d)``."""
        g = len(at)
        part = Runs(
            self._batch, len(which), g, budget=np.inf if self.in_cost else self.budget, view=self.batch,
            fidelity="fidelity" in self, keep=list(self._columns), floor=self.incumbents.floor[which],
            units=self.payment.units if self.in_cost else None, dtype=self.dtype,
        )  # fmt: skip
        part.begin(ALL_RUNS, self.task[which], self.instance[which])
        for row in at:
            part.submit(row)
        if self.in_step and len(which) == self.n:
            self.began -= g
            self.start = self.start - g
        else:
            self._shift(which, self.start[which] - g)
        self.free = g
        slots = (self.clock - g + np.arange(g)) % self.h
        block = np.ix_(slots, which)
        self.at[block], self.score[block] = part.at, part.score
        self.best, self.last = self.best.copy(), self.last.copy()
        self.best[which], self.last[which] = part.best, part.last
        self.previous = self.best
        self.incumbents.put(which, part.incumbents)
        for name, column in self._columns.items():
            self.kept[name] = column.give(self.kept[name], part.kept[name], which, slots)

    # ------------------------------------------------------------------ a trial
    def submit(
        self, at: NDArray[Any], fidelity: Floats | None = None, idle: Mask | None = None, refused: Mask | None = None
    ) -> None:
        """Evaluate one trial of each run and account for it: budget is spent here alone.

        Args:
            at: Rows ``(n,)`` or canonical points ``(n, d)``.
            fidelity: ``(n,)``, or None for full evaluations.
            idle: Runs without a trial now, ``(n,)``; their episode is over.
            refused: Runs whose proposal is refused, ``(n,)``; their `at` is any. None: all are evaluated.
        """
        if self.fused is not None and idle is None and refused is None:
            self._submit_fused(self.fused, at)
        elif refused is not None or self._refusing:
            self._submit_some(at, fidelity, idle, np.zeros(self.n, bool) if refused is None else refused)
        else:
            score, outcome = self._path(self, at, fidelity, idle)
            if self.in_cost:
                known = outcome or Evaluated(score, *self._batch.outcome(self.base, at, fidelity))
                score, outcome = self.payment.pay(self, at, score, known, fidelity)
            self._record(at, score, outcome, fidelity, idle)

    def _submit_fused(self, fused: FusedRows, at: NDArray[Any]) -> None:
        """`submit` where one gather of a table answers all runs, and nothing else is kept."""
        incumbents, cell = self.incumbents, self.base + at
        block = fused.table.take(cell, 0) if fused.few else fused.gather(cell)
        last = block[:, fused.score].copy()
        if incumbents.possible:
            incumbents.plain(last)
            block[:, fused.score] = last
        best = incumbents.highest(last, self.best)
        if not self.in_step:  # episodes that begin apart would ask for it soon
            slot = self.clock % self.h
            self.at[slot], self._score[slot] = at, last  # `at` first: it moves trials that a stop has left
        self.note(cell, block, last, best)

    def note(self, cell: Ints, block: NDArray[np.float32], last: NDArray[Any], best: NDArray[Any]) -> None:
        """Account for one trial of each run that was looked up, all arrays ``(n, ...)`` and fresh.

        Args:
            cell: Places in the fused table, or rows where there is none.
        """
        slot, possible = self.clock % self.h, self.incumbents.possible
        if self.fused is None:
            self._at[slot], self._score[slot] = cell, last
        else:
            self.cell = cell
            if self.in_step:
                self._deferred.write(slot, cell)
                if possible:  # recorded scores of failures stand in no table
                    self._score[slot] = last
        if possible:
            self.incumbents.met = True
        self.block, self.last = block, last
        self.previous, self.best = self.best, best
        self.clock += 1

    def _submit_some(self, at: NDArray[Any], fidelity: Floats | None, idle: Mask | None, refused: Mask) -> None:
        """`submit` of runs that have met a refusal. A refused trial takes a full evaluation, or a unit of a budget in
        cost, as far as there is one left; where trials go on from each other, it is one more at the last controls."""
        if not self._refusing:
            self._admit_refusals()
        onward, out = self.progress is not None, refused
        if idle is not None:
            refused, out = refused & ~idle, refused | idle
        if onward:
            at = np.where(refused[:, None], self._held(), at)
        score, outcome = self._path(self, at, fidelity, idle if onward else out)
        known = outcome or Evaluated(score, *self._batch.outcome(self.base, at, fidelity))
        cost = known.cost if onward else np.zeros(self.n)
        if self.in_cost:
            score, known = self.payment.pay(self, at, score, known, fidelity)
            price = np.clip(self.budget - self.spent, 0.0, 1.0)
            self.price, cost = np.where(refused, price, self.price), price * self.payment.units[self.task]
        if not onward:
            score = np.where(refused, np.array(_LOST, score.dtype), score)
        status = np.where(refused, np.int8(Status.INVALID), known.status)
        self._refused = refused
        self._record(at, score, Evaluated(score, np.where(refused, cost, known.cost), status), fidelity, idle)
        self._refused = None

    def _admit_refusals(self) -> None:
        """Keep what no table holds of a refusal, from the trials so far on."""
        there, columns = self.exists(), {name: COLUMNS.get(name)() for name in ("refused", "cost", "status")}
        new = {name: column for name, column in columns.items() if name not in self.kept}
        self._settle()
        values = {name: column.new(self) for name, column in new.items()}
        if "cost" in new:
            who, trial = np.nonzero(there)
            slots = (self.start[who] + trial) % self.h
            values["cost"][slots, who], values["status"][slots, who] = self.outcome_at(slots, who)
        if not self.incumbents.possible:
            self.incumbents.worst = np.where(there, self.scores(), np.inf).min(1).astype(self.dtype)
        self.incumbents.possible = self._refusing = True
        self.kept |= values
        self.by_trial += list(new)
        self._columns = {**new, **self._columns}
        self.fused = None

    def _held(self) -> Points:
        """Return the last controls of each run, ``(n, d)``: before the first trial, the default configuration."""
        default = np.full((self.n, self.d), 0.5)
        for i, j in enumerate(self.task.tolist()):
            x = self._batch.tasks[j].space.default_x
            default[i, : len(x)] = x
        return np.where(self.untried()[:, None], default, self.at[self._last])

    def submit_one(self, row: int) -> None:
        """Evaluate one row at full fidelity for the only run, without arrays; where `scalar`."""
        slot, score, incumbents = self.clock % self.h, self._path_of_one(self, row), self.incumbents
        if incumbents.possible and (incumbents.mixed or score == _LOST or score < incumbents.worst.item(0)):
            found, score = score, incumbents.recorded_one(score)
            if score == _LOST:  # only arrays can tell
                self.block = None
                self._record(np.array([row]), np.array([found], self._score.dtype), None, None, None)
                self._show_one(self.last.item(0))
                return
            if found == _LOST:
                self._show_one(score)
        if self._deferred.any:
            self._settle()
        self._at[slot, 0], self._score[slot, 0] = row, score
        self.last, self.block = self._score[slot], None
        self.previous = best = self.best
        if score > best.item(0):  # as `Incumbents.better`, where nothing else is to be asked
            self.best = self.last.copy()
        self.clock += 1

    def _show_one(self, score: float) -> None:
        """Write the recorded score of a failure into the only run's row."""
        if self.row is not None:
            self.row[self.d] = score

    def _share(self, fidelity: Floats | None) -> Floats:
        return np.ones(self.n) if fidelity is None else fidelity  # all are full

    def record(
        self, at: NDArray[Any], score: NDArray[Any], outcome: Evaluated | None = None, fidelity: Floats | None = None
    ) -> None:
        """Account for trials that were evaluated elsewhere, scores ``(n,)``."""
        if self.in_cost and outcome:
            self.price, self.whole_cost = outcome.cost / self.payment.units[self.task], outcome.cost
        self._record(at, score, outcome, fidelity, None)

    def _record(
        self, at: NDArray[Any], score: NDArray[Any], outcome: Evaluated | None, fidelity: Floats | None,
        idle: Mask | None,
    ) -> None:  # fmt: skip
        slot, refused = self.clock % self.h, self._refused
        if self._deferred.any and self.renewed is not None:
            self._deferred.forget(self.renewed)
        self.last = last = score.astype(self.dtype)
        failed = self._place_failures(last, outcome, idle)
        if self._deferred.any:
            self._settle()
        self._at[slot], self._score[slot] = at, last
        incumbents, self.previous = self.incumbents, self.best
        if failed is None and idle is None and not self._columns:
            self.best = incumbents.highest(last, self.previous)
            self.clock += 1
            return
        share: float | Floats = 1.0
        shares = None
        if "fidelity" in self.kept:
            share = self._share(fidelity)
            shares = (share if refused is None else share * ~refused, self.kept["best_fidelity"])
        better = incumbents.better(last, self.previous, failed, shares)
        if idle is not None:
            better &= ~idle
        self.best = np.where(better, last, self.previous)
        if failed is not None:
            incumbents.replaced(better, failed)
        price = self.price if self.in_cost else share
        tick = Tick(slot, at, last, better, share, price, outcome, self.last_outcome, idle, refused)
        self.clock += 1
        for name, column in self._columns.items():
            self.kept[name] = column.record(self, self.kept[name], tick)
        if idle is not None:
            who = idle.nonzero()[0]
            self._shift(who, self.start[who] + 1)  # their last tick is undone
            if idle is not self.renewed:
                self._keep_last(who if self.renewed is None else (idle & ~self.renewed).nonzero()[0])

    def _place_failures(self, score: NDArray[Any], outcome: Evaluated | None, idle: Mask | None) -> Mask | None:
        """Write the scores of failures into `score`; return the runs that failed, ``(n,)``, None where `score` tells
        all (see `Incumbents.plain`)."""
        incumbents, failed = self.incumbents, None
        if not incumbents.possible:
            return None
        by_status = outcome and np.count_nonzero(outcome.status)
        if idle is not None or by_status or not incumbents.plain(score):
            by = outcome.status != 0 if outcome else False
            failed = incumbents.place(score, by, False if idle is None else idle)
        if self.block is not None:
            self.block[:, self.d] = score
        return failed

    def _write_late(self, slot: int, cell: Ints) -> None:
        assert self.fused
        self._at[slot] = cell - self.base
        if not self.incumbents.possible:
            self._score[slot] = self.fused.scores(cell)

    def _keep_last(self, who: Ints) -> None:
        """Move the trials of idle runs up by one slot, as their start has moved, so that the last one is the last.

        Rows and scores are moved when more than the last one is asked for.
        """
        before = (self.clock - 2) % self.h
        self.last[who] = self._score[before, who]
        if self.block is not None:
            at = self._at[before, who]
            if self.cell is not None:
                self.cell[who] = self.base[who] + at
            self.block[who, : self.d], self.block[who, self.d] = self.signed(self.task[who], at), self.last[who]
        self._deferred.move(who)
        if "fidelity" in self.kept or "cost" in self.kept:
            self._settle()

    # ------------------------------------------------------------------ kept, or looked up
    def share_at(self, slots: Ints | int, who: Ints | slice) -> Floats | None:
        """Return fidelities of trials by slot and run; None where all are full."""
        return self.kept["fidelity"][slots, who] if "fidelity" in self.kept else None

    def outcome_at(self, slots: Ints | int, who: Ints | slice) -> tuple[Floats, NDArray[np.int8]]:
        """Return cost and status of trials by slot and run, each ``(b,)``, fresh."""
        if "cost" in self.kept:
            return np.array(self.kept["cost"][slots, who]), np.array(self.kept["status"][slots, who])
        return self._batch.outcome(self.base[who], self.at[slots, who], self.share_at(slots, who))

    # ------------------------------------------------------------------ views
    def signed(self, task: Ints, at: NDArray[Any]) -> NDArray[np.float32]:
        signed = self._batch.signed if isinstance(self._batch, PoolBatch) else None
        if signed is not None:
            return np.asarray(signed.take(at, 0) if signed.ndim == 2 else signed[task, at])
        return np.asarray(self._batch.points(task, at) * 2.0 - 1.0, np.float32)

    def last_signed(self, extra: int) -> NDArray[np.float32]:
        """Return the last configuration in [-1, 1], its score and free columns, fresh: ``(n, d + 1 + extra)``."""
        if self.block is not None and extra == 2:
            return self.block
        out = np.empty((self.n, self.d + 1 + extra), np.float32)
        out[:, : self.d] = self.signed(self.task, self.at[self._last])
        with np.errstate(over="ignore"):  # observers scale the score anew, within the range of float32
            out[:, self.d] = self.last
        return out

    def last_at(self) -> NDArray[Any]:
        """Return the last trial of each run, fresh: rows ``(n,)`` or points ``(n, d)``."""
        return np.array(self.at[self._last])

    def last_x(self) -> Points:
        """Return the last configuration of each run, fresh, ``(n, d)``."""
        at = self.at[self._last]
        return self._batch.points(self.task, at if self.tabular else at.copy())

    def x_before(self, first: Points) -> Points:
        """Return each run's last configuration but one, fresh, ``(n, d)``; `first` ``(d,)`` where there is none."""
        two, at = np.broadcast_to(self.t, self.n) > 1, self.at[(self.clock - 2) % self.h]
        before = self._batch.points(self.task, np.where(two, at, 0)) if self.tabular else at
        return np.where(two[:, None], before, first)

    def last_fidelity(self) -> Floats:
        """Return the fidelity of the last trial of each run, ``(n,)``, fresh."""
        return self["fidelity"][self._last].copy() if "fidelity" in self.kept else np.ones(self.n)

    def last_outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        """Return cost and status of the last trial of each run, each ``(n,)``."""
        return self.outcome_at(self._last, slice(None))

    def last_further(self) -> Floats:
        """Return the further objectives of the last trial of each run, ``(n, o)``, by `TaskBatchView.objectives`."""
        return self._batch.further(self.base, self.at[self._last])

    def incumbent_x(self) -> Points:
        """Return the incumbent of each run, ``(n, d)``; needs the column `incumbent_at`."""
        return self._batch.points(self.task, self["incumbent_at"])

    def incumbent(self) -> Ints:
        """Return the position of the incumbent among each run's trials, ``(n,)``; -1 before the first."""
        there = self.exists()
        if "fidelity" in self.kept:
            f = np.where(there, self.ordered(self["fidelity"]), 0.0)
            there &= f == f.max(1, keepdims=True)
        score = np.where(there, self.scores(), -np.inf)
        if self.incumbents.met:
            failed = self._failed()
            score[failed & (there & ~failed).any(1, keepdims=True)] = -np.inf
        return np.where(np.broadcast_to(self.t, self.n) > 0, score.argmax(1), -1)

    def _failed(self) -> Mask:
        """Return the failures among the trials of `ordered`, ``(n, h)``; stale after `t`."""
        if "status" in self.kept:
            return np.asarray(self.ordered(self["status"]) != 0)
        at = np.maximum(self.ordered(self.at), 0)
        share = self.ordered(self["fidelity"]).reshape(-1) if "fidelity" in self.kept else None
        return np.asarray(self._batch.outcome(np.repeat(self.base, self.h), at.reshape(-1), share)[1] != 0).reshape(
            at.shape
        )

    # ------------------------------------------------------------------ copies
    def select(self, which: Ints) -> Runs:
        """Return a copy of some runs, for observers."""
        part = copy.copy(self)
        part.n, part._deferred = len(which), Deferred(self.h)
        part.start = self.start[which]
        if not self.in_step and part.n and (part.start == part.start[0]).all():
            part.in_step, part.began = True, part.start.item(0)
        if not part.fresh:  # else there is no trial to show
            part._at, part._score = self.at[:, which], self.score[:, which]
        for name in _OF_RUNS:
            setattr(part, name, getattr(self, name)[which])
        part.kept = {name: column.select(self.kept[name], which) for name, column in self._columns.items()}
        part.incumbents = self.incumbents.select(which)
        part.block = None  # it may show the last trial of the episode before
        return part

    def keep(self, i: int) -> dict[str, NDArray[Any]]:
        """Return the state of run `i` by name, but for its task; where trials go on from each other."""
        slots = self._slots(i)
        kept = {"at": self.at[slots, i], "score": self.score[slots, i]}
        kept |= {name: np.array(getattr(self, of)[i]) for name, of in _IN_SNAPSHOTS.items()} | self.incumbents.save(i)
        kept |= {name: c.save(self.kept[name], i, slots) for name, c in self._columns.items() if c.saved}
        return {**{f"run:{name}": values for name, values in kept.items()}, **self._state().save(i)}

    def like(self, i: int, kept: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return arrays of the names, types and shapes that `go_back` takes of run `i`; `kept` may be anybody's."""
        return {**self.keep(i), **self._state().like(i, kept)}

    def go_back(self, i: int, kept: Mapping[str, NDArray[Any]]) -> None:
        """Set run `i` to a state of `keep`, of a run on the same task."""
        t = len(kept["run:score"])
        slots = (self.clock - t + np.arange(t)) % self.h
        self.at[slots, i], self.score[slots, i] = kept["run:at"], kept["run:score"]
        for name, of in _IN_SNAPSHOTS.items():
            values = getattr(self, of).copy()  # was handed out
            values[i] = kept[f"run:{name}"]
            setattr(self, of, values)
        self.incumbents.load(i, *(kept[f"run:{name}"] for name in ("worst", "hollow", "before")))
        self._shift(np.array([i]), self.clock - t)
        if self.n == 1:
            self.in_step, self.began = True, self.clock - t
        self._state().load(i, kept)
        for name, column in self._columns.items():
            if column.saved:
                self.kept[name] = column.load(self.kept[name], i, slots, kept[f"run:{name}"])
        self.signals, self.block = self._state().signals, None

    def _state(self) -> TaskProgress:
        assert self.progress, "only trials that go on from each other have a state"
        return self.progress

    # ------------------------------------------------------------------ one run, or news
    def view(self, i: int, n_init: int = 0) -> History:
        """Return the trials of run `i`."""
        return History(tuple(self._trial(i, slot) for slot in self._slots(i).tolist()), n_init)

    def last_trial(self, i: int) -> Trial:
        """Return the last trial of run `i`."""
        return self._trial(i, self._last)

    def _trial(self, i: int, slot: int) -> Trial:
        config, fidelity, cost, status = self.outcome_of(i, slot)
        refused = self._refusing and self.kept["refused"].item(slot, i)
        signals, objectives = dict[str, float](), dict[str, float]()
        if "shown" in self.kept:
            signals = dict(zip(self.batch.signals, self["shown"][slot, i].tolist(), strict=True))
        if self._batch.objectives and not refused and not (self.in_cost and status == Status.TIMEOUT):
            values = self._batch.further(self.base[i : i + 1], self.at[slot, i : i + 1])[0].tolist()
            objectives = dict(zip((o.name for o in self._batch.objectives), values, strict=True))
        query = Refusal(fidelity=fidelity) if refused else Query(config, fidelity)
        score = float(self.score[slot, i])
        return Trial(query, score, cost, Status(status), signals=signals, objectives=objectives)

    def outcome_of(self, i: int, slot: int = -1) -> tuple[dict[str, Any], float, float, int]:
        """Return configuration, fidelity, cost and status of a trial of run `i`, by default of the last."""
        slot = self._last if slot < 0 else slot
        batch, task, at = self._batch, self.task.item(i), self.at.item(slot, i) if self.tabular else self.at[slot, i]
        fidelity = self.kept["fidelity"].item(slot, i) if "fidelity" in self.kept else 1.0
        if "cost" in self.kept:
            cost, status = self.kept["cost"].item(slot, i), self.kept["status"].item(slot, i)
        else:
            cost, status = batch.outcome_of(task, at, fidelity)
        return batch.config(task, at), fidelity, cost, status

    def arrays(self, i: int) -> dict[str, NDArray[Any]]:
        """Return the `t` trials of run `i`: `x` ``(t, d)``, `score`, `cost`, `status` and `fidelity` ``(t,)``; where
        some were refused, `refused` ``(t,)``, whose `x` says nothing."""
        slots, who = self._slots(i), np.repeat(i, self.count(i))
        at, score = self.at[slots, i], self.score[slots, i].astype(np.float64)
        cost, status = self.outcome_at(slots, who)
        fidelity = self["fidelity"][slots, i] if "fidelity" in self.kept else np.ones(len(at))
        x = self._batch.points(self.task[who], at)
        out = {"x": x, "score": score, "cost": cost, "status": status.astype(np.int8), "fidelity": fidelity}
        if self._refusing and (refused := self["refused"][slots, i]).any():
            out |= {"x": np.where(refused[:, None], 0.5, x), "refused": refused.astype(np.int8)}
        return out

    def further(self, i: int) -> Floats:
        """Return the further objectives of the trials of run `i`, ``(t, o)``, by `TaskBatchView.objectives`."""
        at = self.at[self._slots(i), i]
        return self._batch.further(np.repeat(self.base[i], len(at)), at)

    def outcomes(self) -> tuple[Floats, NDArray[np.int8], Floats]:
        """Return cost and status ``(n, h)`` and further objectives ``(n, h, o)``; 0 where `exists` is not."""
        there = self.exists()
        who, trial = np.nonzero(there)
        slots = (self.start[who] + trial) % self.h
        cost, status = np.zeros(there.shape), np.zeros(there.shape, np.int8)
        cost[there], status[there] = self.outcome_at(slots, who)
        further = np.zeros((*there.shape, len(self._batch.objectives)))
        further[there] = self._batch.further(self.base[who], self.at[slots, who])
        return cost, status, further

    def since(self, observed: Ints, *, costs: bool = False) -> Iterator[Observed]:
        """Yield the trials after the first `observed` ``(n,)`` of each run: of all runs that have one the next trial,
        then the one after it, and so on; with their `costs`, or without."""
        t = np.broadcast_to(self.t, self.n)
        for j in range(int((t - observed).max(initial=0))):
            who = np.flatnonzero(observed + j < t)
            slots = (self.start[who] + observed[who] + j) % self.h
            share = self.share_at(slots, who)
            cost = self.outcome_at(slots, who)[0] if costs else None
            yield Observed(who, self.at[slots, who], self.score[slots, who], self._share(share)[: len(who)], cost)
