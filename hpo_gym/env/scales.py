"""Score normalisation in observations. No scale uses the task's own range, which would reveal the optimum."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Registry
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs

SCORES: Registry[ServedScores] = Registry("served-score transform")


class ServedScores(ABC):
    """A scale of scores, fitted to nothing but meta-train and the run's own trials.

    Attributes:
        plain: Whether scores are served as they are.
    """

    plain = False

    @abstractmethod
    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Map scores of `n` runs, ``(n,)`` or ``(n, c)``, to the served scale."""


@SCORES.register("raw")
class Raw(ServedScores):
    """The score itself."""

    plain = True

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        return scores


@SCORES.register("global")
class Global(ServedScores):
    """Standardised by the mean and standard deviation of meta-train."""

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray((scores - contexts.scale.mean) / contexts.scale.sd)


@SCORES.register("rank")
class Rank(ServedScores):
    """Share of the run's trials that are worse minus the share that are better, in (-1, 1); invariant to warps."""

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        there = runs.exists()[:, None, :]
        seen = runs.scores()[:, None, :]
        asked = scores[:, :, None] if scores.ndim == 2 else scores[:, None, None]
        balance = ((asked > seen) & there).sum(2) - 1.0 * ((asked < seen) & there).sum(2)
        out = balance / np.maximum(there.sum(2), 1)
        return np.asarray(out if scores.ndim == 2 else out[:, 0])


class Bounded(ServedScores):
    """Another scale, clipped to +-`bound`, so one extreme score cannot dominate a network's input."""

    def __init__(self, inner: ServedScores, bound: float = 10.0) -> None:
        self.inner, self.bound = inner, bound

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        with np.errstate(over="ignore"):
            served = self.inner.serve(contexts, runs, scores)
        return np.asarray(np.clip(served, -self.bound, self.bound))
