"""The observer `set`: a short list of configurations as a set, with what a run knows of each."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.env.listed import OverList, check_count
from hpo_gym.env.observers import OBSERVERS, Observer
from hpo_gym.env.observers._dict import box, dict_space, with_context
from hpo_gym.env.observers.candidates import BOUND, standardised
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores


@OBSERVERS.register("set")
class SetObserver(OverList, Observer):
    """Dict: `candidates` ``(c, d)``, `candidate_features` ``(c, 4)``, `action_mask` ``(c,)`` and `state` ``(2,)``.

    The parts of the observer `pool`, over the list of the codec `candidates` of the same `count`. Features: tried;
    score of the nearest trial, its own if tried; distance to the incumbent; distance to the nearest trial (mean
    absolute difference of columns in the unit cube, 1 before the first trial; of trials as near, the last). State: best
    score, share of budget left. Scores are standardised as in the observer `candidates`. `hpo_gym.sb3.SetPolicy` reads
    it.
    """

    keeps = ("incumbent_at",)

    def __init__(self, count: int = 128, context: bool = False, served: ServedScores | None = None) -> None:
        super().__init__(context, served)
        self.length = check_count(count)

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        c, d = self.listed.x.shape
        parts: dict[str, gym.Space[Any]] = {
            "candidates": box(-1, 1, c, d),
            "candidate_features": box(-BOUND, BOUND, c, 4),
            "action_mask": gym.spaces.MultiBinary(c),
            "state": box(-BOUND, BOUND, 2),
        }
        return dict_space(contexts, parts, self.context)

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        x, n = self.listed.x, runs.n
        tried = self.listed.tried(runs)
        features, state = np.zeros((n, len(x), 4), np.float32), np.zeros((n, 2), np.float32)
        features[:, :, 0] = tried
        features[:, :, 2:] = 1.0
        state[:, 1] = runs.left
        if not runs.fresh:
            scores, state[:, 0] = standardised(runs)
            features[:, :, 2] = _apart(x, runs.incumbent_x())
            at, there = runs.ordered(runs.at), runs.exists()
            at[~there] = 0  # stale
            for t in range(int(np.max(runs.t))):
                distance = _apart(x, runs.batch.points(runs.task, at[:, t]))
                nearer = there[:, t, None] & (distance <= features[:, :, 3])
                features[:, :, 3] = np.where(nearer, distance, features[:, :, 3])
                features[:, :, 1] = np.where(nearer, scores[:, t, None], features[:, :, 1])
        out: dict[str, NDArray[Any]] = {
            "candidates": np.repeat((x * 2.0 - 1.0).astype(np.float32)[None], n, 0),
            "candidate_features": features,
            "action_mask": (~tried | tried.all(1, keepdims=True)).astype(np.int8),
            "state": state,
        }
        return with_context(contexts, runs, out, self.context)


def _apart(x: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float32]:
    """Return the distances of configurations ``(c, d)`` from points ``(n, d)``, ``(n, c)``."""
    return np.asarray(np.abs(x - points[:, None, : x.shape[1]]).mean(2), np.float32)
