"""The view of an agent with a fixed list of candidates: its actions, and the known facts about each."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_agents._candidates.chosen import Candidates
from hpo_gym.base import Ints, InvalidValueError, Mask
from hpo_gym.env import MAX, Codec, Contexts, Observer, Proposal, Runs, ServedScores, points_of
from hpo_gym.problem import TaskBatchView

_ODD = 0x9E3779B97F4A7C15  # multiplier of a hash


class CandidateCodec(Codec):
    """``Discrete(c)``: one of the candidates; where it was not measured, the nearest measured row answers."""

    fidelity = stop = False

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        return gym.spaces.Discrete(len(self.candidates.x))

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        a, c = np.asarray(actions), len(self.candidates.x)
        if a.shape != (runs.n,) or a.dtype.kind not in "iu" or ((a < 0) | (a >= c)).any():
            raise InvalidValueError(f"Actions must be {runs.n} integers in [0, {c - 1}], got {actions!r:.80}.")
        places = placed(runs.batch, self.candidates)
        return Proposal(places[runs.task, a])

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """`left`; all where nothing is left, so that an agent can still act."""
        mask = self.left(runs)
        mask[~mask.any(1)] = True
        return mask

    def left(self, runs: Runs) -> Mask:
        """Return the untried candidates measured on the run's task (if any was), ``(n, c)``."""
        return np.asarray(measured(runs.batch, self.candidates)[runs.task] & ~_matches(runs, self.candidates).any(2))


class NearestCandidateCodec(CandidateCodec):
    """``Box(-1, 1, (d,))``: of the candidates that the run has not tried, the one nearest to a point of the space.

    So an algorithm with continuous actions chooses among candidates, and candidates that are alike have actions that
    are alike. (Dulac-Arnold et al., "Deep reinforcement learning in large discrete action spaces", 2015, algorithm 2
    with k = 1.) The distance is Euclidean, over hyperparameters that are active in the candidate, per active one.
    """

    def __init__(self, candidates: Candidates) -> None:
        super().__init__(candidates)
        active = candidates.space.active(candidates.x)
        self._weight = active / np.maximum(active.sum(1, keepdims=True), 1)

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        return gym.spaces.Box(-1.0, 1.0, (self.candidates.space.d,), np.float32)

    def decode(self, contexts: Contexts, runs: Runs, actions: ArrayLike) -> Proposal:
        x, weight = self.candidates.x, self._weight
        point = (points_of(actions, runs.n, x.shape[1]) + 1.0) / 2.0
        # the sum of weight (point - x)^2, without an array (n, c, d)
        apart = point**2 @ weight.T - 2.0 * point @ (weight * x).T + (weight * x**2).sum(1)
        nearest = np.where(super().masks(contexts, runs, untried=True), apart, np.inf).argmin(1)
        return super().decode(contexts, runs, nearest)

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        return Codec.masks(self, contexts, runs, untried=untried)  # refused: points have none


class CandidateObserver(Observer):
    """``(2 c + 2,)``: of each candidate whether it was tried, and its score (0 if not); incumbent's score; share left.

    That is all that a run of candidates can tell, so a network without memory may act on it as well as any. The
    incumbent may be another configuration, where some were given.
    """

    context = False

    def __init__(self, candidates: Candidates, served: ServedScores) -> None:
        self.chosen, self.served = candidates, served

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        c = len(self.chosen.x)
        low = np.concatenate([np.zeros(c), np.full(c + 1, -MAX), [0.0]]).astype(np.float32)
        high = np.concatenate([np.ones(c), np.full(c + 1, MAX), [1.0]]).astype(np.float32)
        return gym.spaces.Box(low, high, dtype=np.float32)

    def __call__(self, contexts: Contexts, runs: Runs) -> NDArray[np.float32]:
        c = len(self.chosen.x)
        out = np.zeros((runs.n, 2 * c + 2), np.float32)
        out[:, -1] = runs.left
        if runs.fresh:
            return out
        match = _matches(runs, self.chosen)
        scores = np.where(runs.exists(), self.serve(contexts, runs, runs.scores()), 0.0)
        first = match.argmax(2)
        tried = match.any(2)
        out[:, :c] = tried
        out[:, c : 2 * c] = np.where(tried, np.take_along_axis(scores, first, 1), 0.0)
        out[:, 2 * c] = self.serve(contexts, runs, runs.best)
        return out


def _matches(runs: Runs, candidates: Candidates) -> Mask:
    """Return the pairs of trials and equal candidates, ``(n, c, h)``; one row may stand for several."""
    if runs.fresh:
        return np.zeros((runs.n, len(candidates.x), 1), bool)
    places = placed(runs.batch, candidates)
    if runs.tabular:
        known, asked = places[runs.task], runs.ordered(runs.at)
    else:
        known, asked = _hashes(places)[runs.task], _hashes(runs.ordered(runs.at))
    return np.asarray((known[:, :, None] == asked[:, None, :]) & runs.exists()[:, None, :])


@functools.lru_cache(maxsize=32)
def placed(batch: TaskBatchView, candidates: Candidates) -> NDArray[Any]:
    """Return the evaluated configuration of each candidate on each task: rows ``(k, c)``, or points ``(k, c, d)``."""
    task, x = _everywhere(batch, candidates)
    at = batch.place(task, x)
    return at.reshape(len(batch.tasks), len(candidates.x), *at.shape[1:])


@functools.lru_cache(maxsize=32)
def measured(batch: TaskBatchView, candidates: Candidates) -> Mask:
    """Return the candidates answered by themselves, not by their nearest row, ``(k, c)``; all, if none is, or if they
    are no rows of a pool: a chance match between two tasks says nothing about the others.
    """
    at = placed(batch, candidates)
    if candidates.rows is None:
        return np.ones(at.shape[:2], bool)
    task, x = _everywhere(batch, candidates)
    found = batch.points(task, at.reshape(len(task), *at.shape[2:]))
    near = np.isclose(found, x, rtol=0, atol=1e-6)  # pools may be float32
    same: Mask = np.asarray(near.all(1)).reshape(at.shape[:2])
    same[~same.any(1)] = True
    return same


def _everywhere(batch: TaskBatchView, candidates: Candidates) -> tuple[Ints, NDArray[np.float64]]:
    """Each task with each candidate: positions ``(k c,)`` and points ``(k c, d)``."""
    k, c = len(batch.tasks), len(candidates.x)
    x = candidates.points_on(max((t.space for t in batch.tasks), key=lambda space: space.d))
    if x.shape[1] < batch.d:
        x = np.concatenate([x, np.full((c, batch.d - x.shape[1]), 0.5)], 1)
    return np.repeat(np.arange(k), c), np.tile(x, (k, 1))


def _hashes(x: NDArray[np.float64]) -> NDArray[np.uint64]:
    """One number for each point; the same point has the same."""
    factors = np.cumprod(np.full(x.shape[-1], _ODD, np.uint64))
    return np.asarray((np.ascontiguousarray(x).view(np.uint64) * factors).sum(-1, dtype=np.uint64))
