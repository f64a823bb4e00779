"""`Incumbents`: which trial is the best of its run, and the scores recorded for trials without one.

The rule of the incumbent stands in `Incumbents.better`; `highest` is the same where less is asked.

A failure is recorded with the worst score of its run's successes so far; before any, with a constant that is known
beforehand. So an observed score never depends on an unevaluated configuration. A recorded score never changes.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Mask
from hpo_gym.env.runs.which import Which
from hpo_gym.problem import filled

_LOST = -np.inf
_equal, _maximum, _minimum, _putmask, _where = np.equal, np.maximum, np.minimum, np.putmask, np.where
_count = np.count_nonzero  # in a quarter of the time of `any`


class Incumbents:
    """The incumbents and the failures of `n` runs.

    Args:
        floor: Score of a failure before any success, one number or ``(n,)``.
        fidelity: Whether trials can have a fidelity below 1, so that a failure can replace a success as the incumbent.
        possible: Whether a trial can fail at all.

    Attributes:
        worst: The lowest score of each run's successes, ``(n,)``; infinity before the first.
        failed: Runs whose incumbent is a failure, ``(n,)``.
        before: The same of the incumbents before the last step.
        mixed: Whether any of these is.
        met: Whether any run may have had a failure since all began together.
    """

    def __init__(
        self,
        n: int,
        dtype: np.dtype[Any],
        floor: float | NDArray[Any],
        *,
        fidelity: bool = False,
        possible: bool = True,
    ) -> None:
        self.possible = possible
        self.floor = np.broadcast_to(np.asarray(floor, dtype), n)
        self.worst: NDArray[Any] = filled(n, np.inf, dtype)
        self.failed = self.before = np.zeros(n, bool)
        self.met = self.mixed = False
        self.unsure = True  # whether some run may have had no success
        self._fidelity, self._lost = fidelity, np.array(_LOST, dtype)

    def begin(self, which: Which) -> None:
        """Forget the trials of runs that begin anew."""
        self.unsure = True
        if which.all:
            self.worst.fill(np.inf)
            self.failed = self.before = np.zeros(len(self.worst), bool)
            self.met = self.mixed = False
        else:
            self.worst[which.at] = np.inf
            if self.mixed:
                self.failed, self.before = self.failed.copy(), self.before.copy()
                self.failed[which.at] = self.before[which.at] = False

    # ------------------------------------------------------------------ a trial
    def plain(self, score: NDArray[Any]) -> bool:
        """Account for scores ``(n,)`` of tables, and write those of failures into them.

        Returns:
            Whether that was done: not where a failure of a higher fidelity may replace a success. Else call `place`.
        """
        lost, worst = _equal(score, self._lost), self.worst
        if self._fidelity and (self.mixed or _count(lost)):
            return False
        _putmask(score, lost, worst)
        _minimum(worst, score, out=worst)
        if self.unsure:
            self._first(score)
        self.met = True  # to find out whether any run failed costs more than to believe it
        return True

    def _first(self, score: NDArray[Any]) -> None:
        """Write the failures of runs without a success, whose score ``(n,)`` is infinity yet; all are incumbents."""
        none = _equal(score, np.inf)
        if not (self.mixed or _count(none)):
            self.unsure = bool(_count(self.worst == np.inf))
            return
        _putmask(score, none, self.floor)
        self.before, self.failed = self.failed, none
        self.mixed = bool(_count(self.before | none))

    def recorded_one(self, score: float) -> float:
        """Return the recorded score of a trial of the only run; -inf where only arrays can tell."""
        if not self.mixed and score != _LOST:
            if score < self.worst.item(0):
                self.worst[0] = score
            return score
        worst: float = self.worst.item(0)
        if self.mixed or worst == np.inf:
            return _LOST
        self.met = True
        return worst

    def place(self, score: NDArray[Any], failed: Mask | bool, idle: Mask | bool) -> Mask:
        """Write the scores of failures into scores ``(n,)``; return the runs that failed, ``(n,)``.

        Args:
            failed: Failures by status, or False: one may have a score of its own, which stays.
            idle: Runs without a trial, or False.
        """
        lost = score == _LOST
        score[lost] = _where(self.worst < np.inf, self.worst, self.floor)[lost]
        all_failed: Mask = lost | failed
        self.met = self.met or bool(_count(all_failed))
        self.worst = _minimum(self.worst, _where(all_failed | idle, np.inf, score))
        return all_failed

    # ------------------------------------------------------------------ the rule
    def better(
        self,
        score: NDArray[Any],
        best: NDArray[Any],
        failed: Mask | None = None,
        share: tuple[Floats, Floats] | None = None,
    ) -> Mask:
        """Return the trials that become incumbents, ``(n,)``.

        A higher fidelity beats any score. Of one fidelity, a success beats any failure, else the higher score wins; of
        equal ones the earlier trial stays.

        Args:
            best: Scores of the incumbents before.
            failed: Trials that failed; None after `plain`, where a failure has the lowest score so far.
            share: Fidelities of the trials and of the incumbents; None where all are full.
        """
        lifts = score > best
        if failed is not None:
            lifts &= (self.failed == failed) | np.isneginf(best)
            lifts |= self.failed & ~failed
        elif self.mixed:
            lifts |= self._risen()
        if share is not None:
            lifts = (share[0] > share[1]) | ((share[0] == share[1]) & lifts)
        return np.asarray(lifts)

    def highest(self, score: NDArray[Any], best: NDArray[Any]) -> NDArray[Any]:
        """Return the incumbents' scores after `plain` where all trials are full, fresh, ``(n,)``: without `better`."""
        out: NDArray[Any] = _maximum(score, best)  # of two zeros NumPy gives the second one
        if self.mixed:
            _putmask(out, self._risen(), score)
        return out

    def _risen(self) -> Mask:
        """Return, after `plain`, the runs whose first success replaced a failure, whatever its score, ``(n,)``."""
        return np.asarray(self.before > self.failed)

    def replaced(self, better: Mask, failed: Mask) -> None:
        """Note the incumbents that the last trials have replaced, ``(n,)``."""
        self.before = self.failed
        self.failed = _where(better, failed, self.failed)
        self.mixed = bool(_count(self.before | self.failed))

    def sure(self, best: NDArray[Any], failed: Mask) -> NDArray[Any]:
        """Return the incumbents' scores ``(n,)``, -inf of failures."""
        return np.where(failed, _LOST, best) if self.mixed else best

    # ------------------------------------------------------------------ some runs
    def select(self, which: Ints) -> Incumbents:
        """Return a copy of some runs."""
        part = copy.copy(self)
        for name in ("floor", "worst", "failed", "before"):
            setattr(part, name, getattr(self, name)[which])
        return part

    def put(self, which: Ints, other: Incumbents) -> None:
        """Write the failures of other runs to those at `which`."""
        self.failed, self.before = self.failed.copy(), self.before.copy()
        self.worst[which], self.failed[which], self.before[which] = other.worst, other.failed, other.before
        self.met, self.mixed, self.unsure = self.met or other.met, self.mixed or other.mixed, True

    def save(self, i: int) -> dict[str, NDArray[Any]]:
        """Return the values of run `i`, by the names of snapshots."""
        kept = {"worst": self.worst[i], "hollow": self.failed[i], "before": self.before[i]}
        return {name: np.array(value) for name, value in kept.items()}

    def load(self, i: int, worst: NDArray[Any], hollow: NDArray[Any], before: NDArray[Any]) -> None:
        """Set run `i` to values of `save`."""
        self.failed, self.before = self.failed.copy(), self.before.copy()
        self.worst[i], self.failed[i], self.before[i] = worst, hollow, before
        self.met = self.mixed = self.unsure = True
