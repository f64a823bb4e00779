"""The observer `pool`: the rows that can be chosen, and what is known of each."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, Singles
from hpo_gym.env.observers import MAX, OBSERVERS, Observer
from hpo_gym.env.observers._dict import box, dict_space, with_context
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores
from hpo_gym.problem import COST, pooled

MOST_ROWS = 1024


@OBSERVERS.register("pool")
class PoolObserver(Observer):
    """Dict: `candidates` ``(c, d)``, `candidate_features` ``(c, 4)``, `action_mask` ``(c,)`` and `state` ``(2,)``.

    Features: tried; its score, if tried; distance to the incumbent; distance to the nearest trial (mean absolute
    difference of columns in the unit cube, 1 before the first trial). With a budget in cost there is a fifth: the mean
    natural logarithm of what the row cost on earlier tasks, less the mean logarithm of each; none of them is of the
    task's own family, and 0 stands where none knows it. State: incumbent's score, share of budget left.
    With `candidates`, that many rows are drawn for each episode; the `pool` codec must be given the same number.
    Without it the whole pool is shown, in the order of the codec, which is refused above 1,024 rows.
    """

    keeps = ("incumbent_at",)
    remembers = (COST,)

    def __init__(
        self, candidates: int | None = None, context: bool = False, served: ServedScores | None = None
    ) -> None:
        if candidates is not None and not 2 <= candidates <= MOST_ROWS:
            raise InvalidValueError(f"`2 <= candidates <= {MOST_ROWS}` must hold, got {candidates}.")
        super().__init__(context, served)
        self.candidates = candidates

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        c, d = self._count(contexts), contexts.space.d
        parts: dict[str, gym.Space[Any]] = {
            "candidates": box(-1, 1, c, d),
            "candidate_features": box(-MAX, MAX, c, 4 + contexts.in_cost),
            "action_mask": gym.spaces.MultiBinary(c),
            "state": box(-MAX, MAX, 2),
        }
        return dict_space(contexts, parts, self.context)

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        n, c = runs.n, self._count(contexts)
        batch = pooled(runs.batch)
        if self.candidates is None:
            rows = batch.by_place(runs.task, np.tile(np.arange(c), (n, 1)))
        else:
            rows = contexts.rows(runs.task, runs.instance)
        x = batch.points(np.repeat(runs.task, c), rows.reshape(-1)).reshape(n, c, -1)
        features, state = np.zeros((n, c, 4 + contexts.in_cost), np.float32), np.zeros((n, 2), np.float32)
        features[:, :, 2:4] = 1.0
        if contexts.in_cost and contexts.earlier_costs is not None:
            features[:, :, 4] = contexts.earlier_costs[runs.task[:, None], rows]
        mask = batch.measured[runs.task[:, None], rows]
        if self.candidates is not None:
            mask &= np.arange(c) < batch.measured.sum(1)[runs.task][:, None]  # the rest repeats
        if not runs.fresh:
            self._fill(contexts, runs, rows, x, features)
            state[:, 0] = self.serve(contexts, runs, runs.best)
            untried = mask & (features[:, :, 0] == 0)
            mask = np.where(untried.any(1, keepdims=True), untried, mask)
        state[:, 1] = runs.left
        out: dict[str, NDArray[Any]] = {
            "candidates": (x * 2.0 - 1.0).astype(np.float32),
            "candidate_features": features,
            "action_mask": mask.astype(np.int8),
            "state": state,
        }
        return with_context(contexts, runs, out, self.context)

    def _count(self, contexts: Contexts) -> int:
        m = contexts.batch.m
        if not m:
            raise InvalidValueError("The `pool` observer needs tasks with a pool of configurations; use 'last'.")
        if self.candidates is None and m > MOST_ROWS:
            raise InvalidValueError(
                f"The `pool` observer shows at most {MOST_ROWS} rows, this pool has {m}: give both observer and "
                'codec {"name": "pool", "candidates": 256}.'
            )
        return self.candidates or m

    def _fill(self, contexts: Contexts, runs: Runs, rows: NDArray[np.int64], x: NDArray[Any], out: Singles) -> None:
        at, scores, there = runs.ordered(runs.at), self.serve(contexts, runs, runs.scores()), runs.exists()
        seen = runs.batch.points(np.repeat(runs.task, runs.h), np.maximum(at, 0).reshape(-1)).reshape(*at.shape, -1)
        out[:, :, 2] = np.abs(x - runs.incumbent_x()[:, None]).mean(2)
        for t in range(int(np.max(runs.t))):
            now = there[:, t]
            same = (rows == at[:, t, None]) & now[:, None]
            out[:, :, 0] += np.where(same, 1.0, 0.0) * (out[:, :, 0] == 0)
            out[:, :, 1] = np.where(same, scores[:, t, None], out[:, :, 1])
            distance = np.where(now[:, None], np.abs(x - seen[:, t, None]).mean(2), 1.0)
            out[:, :, 3] = np.minimum(out[:, :, 3], distance)
