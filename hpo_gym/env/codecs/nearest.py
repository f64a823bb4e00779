"""The codec `nearest`: an action is a point, and the nearest configuration of a short list is evaluated."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.codecs.box import Box
from hpo_gym.env.listed import Listed, OverList, check_count
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.problem import Points, SearchSpace


@CODECS.register("nearest")
class NearestCodec(OverList, Box):
    """``Box(-1, 1, (d,))``: of the list of `candidates` that the run has not tried, the one nearest to a point.

    So an algorithm with continuous actions chooses among candidates, and candidates that are alike have actions that
    are alike. (Dulac-Arnold et al., "Deep reinforcement learning in large discrete action spaces", 2015, algorithm 2
    with k = 1.) The distance is Euclidean, over the hyperparameters that are active in the candidate, per active one;
    of equals, the first of the list. With `fidelity`, and when all were tried, tried ones count too.
    """

    def __init__(self, count: int = 128, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        self.length = check_count(count)

    def place(self, contexts: Contexts, runs: Runs, x: Points) -> NDArray[Any]:
        known, weight = self.listed.x, _weight(contexts.space, self.listed)
        # the sum of weight (x - known)^2, without an array (n, c, d)
        apart = x**2 @ weight.T - 2.0 * x @ (weight * known).T + (weight * known**2).sum(1)
        if not self.fidelity:
            tried = self.listed.tried(runs)
            apart[tried & ~tried.all(1, keepdims=True)] = np.inf
        return np.asarray(self.listed.at(runs.batch)[runs.task, apart.argmin(1)])

    def point(self, runs: Runs, at: NDArray[Any]) -> Points:
        same = self.listed.same(runs, at)
        return np.where(same.any(1, keepdims=True), self.listed.x[same.argmax(1)], super().point(runs, at))


@functools.lru_cache(maxsize=32)
def _weight(space: SearchSpace, listed: Listed) -> Floats:
    """Return the share of each hyperparameter in the distance to each configuration, ``(c, d)``."""
    active = space.active(listed.x)
    return np.asarray(active / np.maximum(active.sum(1, keepdims=True), 1))
