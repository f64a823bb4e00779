"""The observer `candidates`: what a run knows of each configuration of a short list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Singles
from hpo_gym.env.listed import Listed, OverList, check_count
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores

BOUND = 10.0
_sum, _multiply = np.add.reduce, np.multiply


@OBSERVERS.register("candidates")
class CandidatesObserver(OverList, Flat):
    """Box ``(2 + 2 c,)``: share of budget left, best score, score of each candidate (0 if untried), whether tried.

    Scores are standardised by mean and standard deviation of the run's own, in [-10, 10], so that tasks of different
    scales look alike; `scores=` has no part in it. The list is that of the codec `candidates` of the same `count`.
    """

    def __init__(self, count: int = 128, context: bool = False, served: ServedScores | None = None) -> None:
        super().__init__(context, served)
        self.length = check_count(count)

    def limits(self, contexts: Contexts) -> Limits:
        c = len(self.listed)
        return [(0, 1, 1), (-BOUND, BOUND, 1 + c), (0, 1, c)]

    def viewer_one(self, contexts: Contexts) -> Callable[[Runs], Any]:
        other = super().viewer_one(contexts)
        return other if self.context else _View(self.listed, other)

    def __call__(self, contexts: Contexts, runs: Runs) -> Singles:
        c = len(self.listed)
        out = np.zeros((runs.n, 2 + 2 * c), np.float32)
        out[:, 0] = runs.left
        if runs.fresh:
            return self.finish(contexts, runs, out)
        found, (scores, out[:, 1]) = self.listed.numbers(runs), standardised(runs)
        block = np.zeros((2, runs.n, c + 1), np.float32)
        np.put_along_axis(block[0], found, scores, 1)
        np.put_along_axis(block[1], found, 1.0, 1)
        twins = self.listed.twins(runs)
        if twins is not None:
            block = np.take_along_axis(block, twins[None], 2)
        out[:, 2 : 2 + c], out[:, 2 + c :] = block[0, :, :c], block[1, :, :c]
        return self.finish(contexts, runs, out)


def standardised(runs: Runs) -> tuple[Singles, Singles]:
    """Return the scores ``(n, h)`` and the best one of each run ``(n,)`` by its own mean and standard deviation."""
    there = runs.exists()
    t, scores = there.sum(1, keepdims=True), np.where(there, runs.scores(), 0.0)
    mean = scores.sum(1, keepdims=True) / t
    sd = np.sqrt(((scores - mean) ** 2 * there).sum(1, keepdims=True) / t)
    sd[sd == 0.0] = 1.0
    shown = np.clip((scores - mean) / sd, -BOUND, BOUND).astype(np.float32)
    return shown, np.clip((runs.best - mean[:, 0]) / sd[:, 0], -BOUND, BOUND).astype(np.float32)


class _View:
    """Shows the only run on a table, as the observer does bit for bit; it remembers the trials of the episode.

    Args:
        other: Shows it where numbers of the list share a row.
    """

    _numbers: Ints | None
    _places: Ints
    _tried: Singles
    _padded: NDArray[Any]
    _scores: Floats
    _squares: Floats
    _t: int
    _c: int
    _outside: bool

    def __init__(self, listed: Listed, other: Callable[[Runs], Any]) -> None:
        self._listed, self._other = listed, other
        self._task: Ints | None = None  # of the episode: each begins with an array of its own

    def __call__(self, runs: Runs) -> Any:
        if runs.task is not self._task:
            self._begin(runs)
        if self._numbers is None:
            return self._other(runs)
        t = runs.count(0)
        if t == self._t + 1:
            self._note(self._t, runs.last_row(), runs.last.item(0))
        else:
            rows, scores = runs.of_one(runs.at).tolist(), runs.of_one(runs.score).tolist()
            for i in range(self._t, t):
                self._note(i, rows[i], scores[i])
        self._t = t
        mean = float(_sum(self._padded)) / t
        apart = self._scores[:t] - mean
        _multiply(apart, apart, self._squares[:t])
        sd = math.sqrt(_sum(self._squares) / t) or 1.0
        apart /= sd
        best = (runs.best.item(0) - mean) / sd
        if t > BOUND**2:  # fewer numbers lie within sqrt(t - 1) standard deviations
            apart, best = np.clip(apart, -BOUND, BOUND), min(max(best, -BOUND), BOUND)
        out, places = self._tried.copy(), self._places[:t]
        out[0], out[1] = runs.left_of_one(), best
        if self._outside:
            there = places >= 0
            places, apart = places[there], apart[there]
        out[places] = apart.astype(np.float32)  # an assignment that also converts takes twice as long
        return out

    def _begin(self, runs: Runs) -> None:
        c, h, numbers = len(self._listed), runs.h, self._listed.numbers_of_rows(runs.batch)
        self._numbers = None if numbers is None else numbers[runs.task.item(0)]
        self._task, self._t, self._c, self._outside = runs.task, 0, c, False
        self._tried, self._places = np.zeros(2 + 2 * c, np.float32), np.empty(h, np.int64)
        self._scores, self._squares = np.zeros(h), np.zeros(h)
        self._padded = np.zeros(h, runs.dtype)  # sums of as many numbers as in a batch, so that they round alike

    def _note(self, i: int, row: int, score: float) -> None:
        """Note trial `i`; one outside the list has no place."""
        assert self._numbers is not None
        number = self._numbers.item(row)
        self._padded[i] = self._scores[i] = score
        if number == self._c:
            self._places[i], self._outside = -1, True
        else:
            self._places[i] = 2 + number
            self._tried[2 + self._c + number] = 1.0
