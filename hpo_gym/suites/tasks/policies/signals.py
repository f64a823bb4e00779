"""Signals of an evolution strategy, by name: all finite, within `MOST`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpo_gym.base import Floats, Singles
from hpo_gym.suites.tasks.policies.strategy import StrategyStep

SIGNALS = (
    "score",
    "score_before",
    "best_score",
    "generation_mean",
    "generation_best",
    "spread",
    "pairs_told",
    "gradient_norm",
    "alignment",
    "update_norm",
    "weight_norm",
    "weights",
)
"""The signals of a policy in training, by column.

`generation_mean`, `generation_best` and `spread` are mean, best and standard deviation of the returns of the last
generation, in the unit of scores; `pairs_told` is the share of its pairs with two different returns. `gradient_norm` is
the norm of the estimate that the learning rate multiplies, `alignment` its cosine with the estimate before, `weights`
the number of weights. Undefined signals before the first generation are 0.
"""

AT = {name: column for column, name in enumerate(SIGNALS)}
MOST = 1e4
"""No signal is larger."""
_TINY = 1e-20


def at_start(weights: Singles, count: int) -> Singles:
    """Return the signals of runs with weights ``(m, p)`` before their first generation, ``(m, 12)``."""
    out = np.zeros((len(weights), len(SIGNALS)), np.float32)
    out[:, AT["weight_norm"]], out[:, AT["weights"]] = _norm(weights), count
    return out


def after(before: Singles, score: Floats, step: Mapping[str, Floats]) -> Singles:
    """Return the signals of runs after a generation, ``(m, 12)``, fresh.

    Args:
        score: Of the mean, ``(m,)``.
        step: Those of `of_returns` and `of_weights`.
    """
    out = before.copy()
    out[:, AT["score"]], out[:, AT["score_before"]] = score, before[:, AT["score"]]
    out[:, AT["best_score"]] = np.maximum(before[:, AT["best_score"]], score)
    for name, values in step.items():
        out[:, AT[name]] = values
    return np.clip(out, -MOST, MOST)


def of_returns(step: StrategyStep, nothing: Floats) -> dict[str, Floats]:
    """Return the signals of a generation's returns, ``(m,)`` each; `nothing` ``(m,)`` are those of doing nothing."""
    return {
        "generation_mean": scaled(step.mean, nothing),
        "generation_best": scaled(step.best, nothing),
        "spread": np.minimum(step.spread / (1 - nothing), 1.0),
        "pairs_told": step.told,
    }


def of_weights(direction: Singles, old: Singles, moved: Singles, weights: Singles) -> dict[str, Floats]:
    """Return the signals of a generation: direction, the one before, update, and weights after it, ``(m, p)`` each."""
    product = (direction * old).astype(np.float64).sum(1)
    now, was = _norm(direction), _norm(old)
    return {
        "gradient_norm": now,
        "alignment": np.clip(product / (now * was + _TINY), -1, 1),
        "update_norm": _norm(moved),
        "weight_norm": _norm(weights),
    }


def scaled(returns: Floats, nothing: Floats) -> Floats:
    """Return returns as scores: 0 is doing nothing, 1 is the best conceivable, and -1 the lowest."""
    return np.asarray(np.clip((returns - nothing) / (1 - nothing), -1, 1))


def _norm(rows: Singles) -> Floats:
    return np.asarray(np.sqrt(np.square(rows, dtype=np.float64).sum(1)))
