"""The observer `candidates`: what a run knows of each configuration of a short list."""

from __future__ import annotations

import math

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.listed import OverList, check_count
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers._flat import Flat, Limits
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores

BOUND = 10.0


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

    def one(self, contexts: Contexts, runs: Runs) -> Singles:
        c, numbers = len(self.listed), self.listed.numbers_of_one(runs)
        if numbers is None or self.context:
            return super().one(contexts, runs)  # type: ignore[no-any-return]
        out = np.zeros(2 + 2 * c, np.float32)
        out[0] = runs.left
        scores, out[1] = standardised_one(runs)
        if numbers.item(numbers.argmax()) == c:  # a trial outside the list
            numbers, scores = numbers[numbers < c], scores[numbers < c]
        numbers += 2
        out[numbers] = scores
        numbers += c
        out[numbers] = 1.0
        return out

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


def standardised_one(runs: Runs) -> tuple[Singles, float]:
    """Return the scores ``(t,)`` and the best one of the only run, as `standardised` does bit for bit."""
    found = runs.of_one(runs.score)
    t, padded = len(found), np.zeros(runs.h, found.dtype)  # sums of as many numbers, so that they round alike
    padded[:t] = found
    mean = float(padded.sum()) / t
    squares = np.zeros(runs.h)
    apart = np.subtract(found, mean, dtype=np.float64)
    np.multiply(apart, apart, squares[:t])
    sd = math.sqrt(squares.sum() / t) or 1.0
    apart /= sd
    best = (runs.best.item(0) - mean) / sd
    if t > BOUND**2:  # fewer numbers lie within sqrt(t - 1) standard deviations
        apart, best = np.clip(apart, -BOUND, BOUND), min(max(best, -BOUND), BOUND)
    return apart.astype(np.float32), best
