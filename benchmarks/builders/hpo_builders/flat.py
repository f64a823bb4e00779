"""Flat tasks, on which five random rows are as good as the best: they stay in a suite, but in none of its splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import SPLITS, split_of

TRIALS, LEAST = 5, 0.01
"""A task is flat if the best of so many random rows is expected to be less than this short of the best row."""


def expected_random_regret(score: ArrayLike, trials: int = TRIALS) -> float:
    """Return the best score less the expected best of random rows, exact: measured rows, drawn without replacement.

    Args:
        score: Scores of one task's rows at full fidelity, ``(m,)``: NaN = not measured (never drawn), also for a row
            that another fidelity lacks; -inf = failed, counted as the worst finite score.
        trials: Number of rows drawn; all of them if fewer are measured.

    Raises:
        InvalidValueError: No score is finite, one is +inf, or `trials` is less than 1.
    """
    if trials < 1:
        raise InvalidValueError(f"`trials >= 1` must hold, got {trials=}.")
    values = _sorted_served(np.asarray(score, np.float64))
    n, t = len(values), min(trials, len(values))
    rows = np.arange(1, n)
    below = np.ones(n - 1)  # P(all draws are among the lowest rows) = C(rows, t) / C(n, t)
    for s in range(t):
        below *= np.maximum(rows - s, 0) / (n - s)
    return float(np.diff(values) @ below)  # E[best - max] sums each gap, times the chance to stay below it


def _sorted_served(score: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = score[np.isfinite(score)]
    if score.ndim != 1 or not finite.size or np.isposinf(score).any():
        raise InvalidValueError(
            f"`score` must be one-dimensional, finite, NaN or -inf, and once finite; got shape {score.shape} with "
            f"{finite.size} finite scores and {int(np.isposinf(score).sum())} of +inf."
        )
    return np.sort(np.maximum(score[~np.isnan(score)], finite.min()))


def splits_without_flat(
    tasks: Sequence[Mapping[str, Any]],
    score_full: NDArray[Any],
    *,
    trials: int = TRIALS,
    least: float = LEAST,
    sides: Mapping[str, str] | None = None,
) -> tuple[dict[str, list[str]], list[str]]:
    """Return names of the tasks of each split, by the hash of the family, and names of the flat ones, in none.

    Args:
        tasks: `k` tasks with their `name` and `family`.
        score_full: Their scores at full fidelity ``(k, m)``, as for `expected_random_regret`.
        trials: Number of rows drawn.
        least: Below this expected regret, in units of the score, a task is flat.
        sides: The split of families that differs from that of the hash.
    """
    set_by_hand = sides or {}
    regret = [expected_random_regret(s, trials) for s in score_full]
    flat = [t["name"] for t, r in zip(tasks, regret, strict=True) if r < least]
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    for task, r in zip(tasks, regret, strict=True):
        if r >= least:
            splits[set_by_hand.get(task["family"]) or split_of(task["family"])].append(task["name"])
    return splits, flat
