"""`Failures`: what trials without a score are served, and which incumbents are such trials.

A failure has the worst score that its run has seen before it; before any success, a constant that is known beforehand.
So nothing of what a run has not evaluated, such as the task's own worst score, is in what it is told. What was served
stays, whatever comes later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Mask
from hpo_gym.problem import filled

_LOST = -np.inf
_equal, _minimum, _putmask, _where = np.equal, np.minimum, np.putmask, np.where


class Failures:
    """The failures of `n` runs.

    Args:
        n: Number of runs.
        dtype: Type of the scores.
        floor: What a failure has before any success, one number or ``(n,)``.
        fidelity: Whether trials can have a fidelity below 1, so that a failure can replace a success as the incumbent.

    Attributes:
        worst: The lowest score of each run's successes, ``(n,)``; infinity before the first.
        hollow: Whose incumbent is a failure, ``(n,)``.
        before: The same of the incumbents before the last step.
        mixed: Whether any of these is.
        met: Whether any run may have had a failure since all began together.
    """

    def __init__(self, n: int, dtype: np.dtype[Any], floor: float | NDArray[Any], *, fidelity: bool = False) -> None:
        self.floor = np.broadcast_to(np.asarray(floor, dtype), n)
        self.worst: NDArray[Any] = filled(n, np.inf, dtype)
        self.hollow = self.before = np.zeros(n, bool)
        self.met = self.mixed = False
        self._unsure = True  # whether some run may have had no success
        self._fidelity, self._lost = fidelity, np.array(_LOST, dtype)

    def begin(self, which: Ints | None) -> None:
        """Forget the trials of all runs (None), or of those at `which`."""
        self._unsure = True
        if which is None:
            self.worst.fill(np.inf)
            self.hollow = self.before = np.zeros(len(self.worst), bool)
            self.met = self.mixed = False
        else:
            self.worst[which] = np.inf
            if self.mixed:
                self.hollow, self.before = self.hollow.copy(), self.before.copy()
                self.hollow[which] = self.before[which] = False

    # ------------------------------------------------------------------ a trial
    def plain(self, score: NDArray[Any]) -> bool:
        """Account for scores ``(n,)`` of tables, and write what failures are served into them; ask `risen` next.

        Returns:
            Whether that was done: not where a failure of a higher fidelity may replace a success. Else ask `serve`.
        """
        lost, worst = _equal(score, self._lost), self.worst
        if self._fidelity and (self.mixed or lost.any()):
            return False
        _putmask(score, lost, worst)
        _minimum(worst, score, out=worst)
        if self._unsure:
            self._first(score)
        self.met = True  # to find out whether any run failed costs more than to believe it
        return True

    def _first(self, score: NDArray[Any]) -> None:
        """Serve the failures of runs without a success, whose score ``(n,)`` is infinity yet; all are incumbents."""
        none = _equal(score, np.inf)
        if not (self.mixed or none.any()):
            self._unsure = bool((self.worst == np.inf).any())
            return
        _putmask(score, none, self.floor)
        self.before, self.hollow = self.hollow, none
        self.mixed = bool((self.before | none).any())

    def risen(self) -> Mask:
        """After `plain`: which runs had their first success, whatever its score, in place of a failure, ``(n,)``."""
        return np.asarray(self.before > self.hollow)

    def served_one(self) -> float | None:
        """What a failure of the only run is served; None where `plain` is false."""
        worst: float = self.worst.item(0)
        if self.mixed or worst == np.inf:
            return None
        self.met = True
        return worst

    def serve(self, score: NDArray[Any], status: NDArray[np.int8] | None, idle: Mask | None) -> Mask:
        """Write into scores ``(n,)`` what failures are served; who failed, ``(n,)``.

        Args:
            status: Of the trials, where it is at hand: a failure may have a score of its own, which stays.
            idle: Who evaluated nothing.
        """
        lost = score == _LOST
        score[lost] = _where(self.worst < np.inf, self.worst, self.floor)[lost]
        failed = lost if status is None else lost | (status != 0)
        self.met = self.met or bool(failed.any())
        counts = ~failed if idle is None else ~(failed | idle)
        self.worst = _minimum(self.worst, _where(counts, score, np.inf))
        return np.asarray(failed)

    def lifted(self, failed: Mask, score: NDArray[Any], best: NDArray[Any]) -> NDArray[Any]:
        """The incumbents' scores after trials of one fidelity, ``(n,)``: those of `best`, or of what is `better`."""
        before = _where(self.hollow & ~failed, _LOST, best)
        return np.asarray(np.maximum(before, _where(failed & ~self.hollow & (best > _LOST), _LOST, score)))

    def better(self, failed: Mask, score: NDArray[Any], best: NDArray[Any]) -> Mask:
        """Which trials beat an incumbent of their fidelity, ``(n,)``: a success any failure, else the higher score."""
        return np.asarray((self.hollow & ~failed) | ((self.hollow == failed) | np.isneginf(best)) & (score > best))

    def replaced(self, better: Mask, failed: Mask) -> None:
        """Learn which incumbents were replaced by the last trials, ``(n,)``."""
        self.before = self.hollow
        self.hollow = _where(better, failed, self.hollow)
        self.mixed = bool((self.before | self.hollow).any())

    # ------------------------------------------------------------------ incumbents
    def sure(self, best: NDArray[Any], hollow: Mask) -> NDArray[Any]:
        """Scores of incumbents ``(n,)``, -inf of those that are failures."""
        return np.where(hollow, _LOST, best) if self.mixed else best

    # ------------------------------------------------------------------ some runs
    def select(self, which: Ints) -> Failures:
        """A copy of some runs."""
        part = Failures(len(which), self.worst.dtype, self.floor[which], fidelity=self._fidelity)
        part.put(np.arange(len(which)), self, which)
        return part

    def put(self, which: Ints, other: Failures, at: Ints | slice = slice(None)) -> None:
        """Write what other runs, those `at`, have seen to those at `which`."""
        self.hollow, self.before = self.hollow.copy(), self.before.copy()
        self.worst[which], self.hollow[which], self.before[which] = other.worst[at], other.hollow[at], other.before[at]
        self.met, self.mixed, self._unsure = self.met or other.met, self.mixed or other.mixed, True
