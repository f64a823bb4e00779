"""The observer `tokens`: every trial as a row of padded arrays, for attention."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.env.observers import MAX, OBSERVERS, Observer
from hpo_gym.env.observers._dict import box, dict_space, with_context
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores
from hpo_gym.problem import Hyperparameter


@OBSERVERS.register("tokens")
class Tokens(Observer):
    """Dict: every trial, padded: `history_x` ``(h, d)``, `history_y`, `history_f`, `mask` ``(h,)``, `left` ``(1,)``.

    With `hyperparameters`, also what each column is, for suites of mixed dimension: `hyperparameters` ``(d, 7)``
    (float, int, ordinal, categorical, constant as one-hot; logarithmic; 1 / number of values) and `active` ``(h, d)``.
    With a budget in cost, also `history_c` ``(h,)``: what each trial cost, as a share of the budget.
    """

    keeps = ("history",)

    def __init__(
        self, hyperparameters: bool = False, context: bool = False, served: ServedScores | None = None
    ) -> None:
        super().__init__(context, served)
        self.hyperparameters = hyperparameters

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        h, d = contexts.horizon, contexts.space.d
        parts: dict[str, gym.Space[Any]] = {
            "history_x": box(-1, 1, h, d),
            "history_y": box(-MAX, MAX, h),
            "history_f": box(0, 1, h),
            "mask": gym.spaces.MultiBinary(h),
            "left": box(0, 1, 1),
        }
        if contexts.in_cost:
            parts["history_c"] = box(0, MAX, h)
        if self.hyperparameters:
            parts |= {"hyperparameters": box(0, 1, d, 7), "active": gym.spaces.MultiBinary((h, d))}
        return dict_space(contexts, parts, self.context)

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        history = runs["history"]
        d, mask = contexts.space.d, history[:, :, -1] > 0
        y = history[:, :, d].copy() if runs.fresh else self.serve(contexts, runs, runs.scores())
        out: dict[str, NDArray[Any]] = {
            "history_x": history[:, :, :d].copy(),
            "history_y": np.where(mask, y, 0.0).astype(np.float32),
            "history_f": history[:, :, d + 1].copy(),
            "mask": mask.astype(np.int8),
            "left": np.broadcast_to(runs.left, runs.n).astype(np.float32)[:, None],
        }
        if runs.in_cost:
            share = runs.ordered(runs["cost"]) / runs.payment.units[runs.task][:, None] / runs.budget
            out["history_c"] = np.where(mask, share, 0.0).astype(np.float32)
        if self.hyperparameters:
            table = np.array([_kind(h) for h in contexts.space.hyperparameters], np.float32)
            out["hyperparameters"] = np.repeat(table[None], runs.n, 0)
            x = np.clip((out["history_x"].reshape(-1, d) + 1.0) / 2.0, 0.0, 1.0)
            active = contexts.space.active(x).reshape((*mask.shape, d)) & mask[:, :, None]
            out["active"] = active.astype(np.int8)
        return with_context(contexts, runs, out, self.context)


def _kind(h: Hyperparameter) -> list[float]:
    kinds = ("float", "int", "ordinal", "categorical", "constant")
    return [*(float(h.kind == k) for k in kinds), float(h.log), 0.0 if h.size == np.inf else 1.0 / h.size]
