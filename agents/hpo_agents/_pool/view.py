"""A pool policy's view of runs in the env: the features of the candidates drawn for each episode."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.posterior import PoolPosterior
from hpo_agents._pool.prior import PoolPrior
from hpo_gym.env import Contexts, Observer, Raw, Runs
from hpo_gym.problem import TaskBatchView, pooled

_MOST = 100.0  # of a feature


class PoolView(Observer):
    """A Dict over `c` candidates: `features` ``(c, 12)`` (see `features.FEATURES`), and `there` ``(c,)``.

    Each run's posterior is made without the earlier tasks of its own family, so that observations in training do not
    contain the answer. The codec must be ``{"name": "pool", "candidates": c}``.
    """

    context = False

    def __init__(self, prior: PoolPrior, candidates: int) -> None:
        self.prior, self.candidates, self.served = prior, candidates, Raw()

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        assert self.candidates is not None
        box = gym.spaces.Box(-_MOST, _MOST, (self.candidates, len(FEATURES)), np.float32)
        return gym.spaces.Dict({"features": box, "there": gym.spaces.MultiBinary(self.candidates)})

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        batch = pooled(runs.batch)
        rows = contexts.rows(runs.task, runs.instance)
        left = np.broadcast_to(np.asarray(runs.left, np.float32), runs.n)
        strangers = _strangers(self.prior, batch)[runs.task]
        at = np.maximum(runs.ordered(runs.at), 0)
        with np.errstate(all="ignore"):  # stale slots
            process = PoolPosterior(self.prior, strangers, at, runs.scores(), runs.exists())
            seen = PoolFeatures(process, left, at.shape[1])
        there = np.arange(rows.shape[1]) < batch.measured.sum(1)[runs.task][:, None]  # the rest repeats
        features = np.clip(seen.at(rows), -_MOST, _MOST)
        return {"features": features, "there": there.astype(np.int8)}


@functools.lru_cache(maxsize=32)
def _strangers(prior: PoolPrior, batch: TaskBatchView) -> NDArray[np.bool_]:
    """Return the earlier tasks that each task of the batch may know, ``(tasks, k)``."""
    return prior.without([t.family for t in batch.tasks])
