"""The view of runs in the env for the policy over candidates and fidelities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_agents._time.expert import Expert, Mind
from hpo_agents._time.features import FEATURES, TimeFeatures
from hpo_agents._time.ladder import RUNGS
from hpo_gym.base import seeding
from hpo_gym.env import Contexts, Observer, Raw, Runs
from hpo_gym.problem import payable, pooled

FOLDS = 4
"""Folds of families; the expert for a run in training knows the tasks of the other folds only."""

_MOST = 30.0


class TimeView(Observer):
    """A Dict over actions: `features` ``(3 c + 1, 20)`` (see `features.FEATURES`), and `there` ``(3 c + 1,)``.

    A run's knowledge is kept from call to call, and remade if it does not match the run's trials; the observation is a
    function of the run alone. The codec must be a `RungCodec` of as many candidates and the same rungs.

    Args:
        experts: One for each fold of families, and one of all tasks, for families in none.
        folds: The fold of each training family.
        candidates: Rows drawn for each episode.
        continues: Whether continuing a configuration costs the difference.
    """

    context = False

    def __init__(self, experts: tuple[Expert, ...], folds: Mapping[str, int], candidates: int, continues: bool) -> None:
        self.candidates, self.served = candidates, Raw()
        self._experts, self._folds, self._continues = experts, folds, continues
        self._minds: dict[int, tuple[tuple[Any, ...], Mind]] = {}

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        assert self.candidates is not None
        a = self.candidates * RUNGS + 1
        box = gym.spaces.Box(-_MOST, _MOST, (a, len(FEATURES)), np.float32)
        return gym.spaces.Dict({"features": box, "there": gym.spaces.MultiBinary(a)})

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        batch, n = pooled(runs.batch), runs.n
        rows = contexts.rows(runs.task, runs.instance)
        left = np.broadcast_to(np.asarray(runs.left, np.float64), n) * contexts.budget
        exists = runs.exists()
        at, score, share = runs.ordered(runs.at), runs.scores(), runs.ordered(runs["fidelity"])
        rungs = self._experts[-1].ladder.fidelities
        out = []
        own = np.arange(rows.shape[1])
        for i in range(n):
            t = np.flatnonzero(exists[i])
            family, episode = batch.tasks[runs.task[i]].family, (int(runs.task[i]), int(runs.instance[i]))
            mind = self._mind(i, episode, family, rows[i], len(t))
            for j in t[mind.count :].tolist():
                place = int(np.flatnonzero(rows[i] == at[i, j])[0])
                slot = payable(rungs, float(share[i, j]))
                mind.tell(mind.expert.memory.pool.x[place], place, slot, float(score[i, j]))
            seen = TimeFeatures(mind, float(left[i]), contexts.budget, self._continues, contexts.in_cost)
            out.append(seen.at(own))
        there = np.arange(rows.shape[1]) < batch.measured.sum(1)[runs.task][:, None]  # the rest repeats
        s = len(rungs)
        there = there[:, :, None] & (np.arange(RUNGS) >= RUNGS - s)
        there = np.concatenate([there.reshape(n, -1), np.ones((n, 1), bool)], 1)
        return {"features": np.stack(out), "there": there.astype(np.int8)}

    def _mind(self, i: int, run: tuple[int, int], family: str, rows: NDArray[np.int64], count: int) -> Mind:
        """Return the knowledge of run `i`; empty for a new episode."""
        kept = self._minds.get(i)
        if kept is None or kept[0] != run or kept[1].count > count:
            expert = self._experts[self._folds.get(family, FOLDS)]
            kept = self._minds[i] = (run, Mind(expert.part(rows)))
        return kept[1]


def fold_of(family: str) -> int:
    """Return the fold of a family."""
    return int(seeding.key("fold of experts", family) % FOLDS)
