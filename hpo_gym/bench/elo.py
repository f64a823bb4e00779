"""Ranks, win rates and Elo: who beats whom, task by task.

**Reference**: `bencheval` 0.1.0, the evaluation of TabArena (Erickson et al., NeurIPS 2025). Elo is the model of
Bradley and Terry by maximum likelihood: one of 400 more wins ten times as often as it loses. Every two optimizers meet
once on every task, all tasks weigh the same, and a tie is half a win. So win rates alone decide: Elo orders as mean
ranks do. The same `RIDGE` keeps it finite where one always wins; the size of such an Elo says nothing.

**Differs from it**: replicates are averaged first, not their outcomes, and intervals rest on subsets of families. An
Elo's ends are those with which the optimizer would win the ends of its win rate against the others as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats
from scipy.special import expit

from hpo_gym.base import Floats
from hpo_gym.bench.intervals import Estimate, plain
from hpo_gym.bench.significance import DIGITS

ANCHOR, ANCHORED = "random", 1000.0
"""The optimizer with this Elo; without it, the mean of all has it."""
RIDGE = 0.5 / (1e6 * math.log(10.0) ** 2)
"""Weight of the squared log-strengths in the negative log-likelihood of all tasks."""
_UNIT = 400.0 / math.log(10.0)  # Elo of a log-strength of 1
_STEPS = 2000  # Newton's: most fields take ten, an order of 53 that holds on every task takes 200
_CLOSE = 1e-4  # spread of the last step; the error is about its square


def ranks(values: Floats) -> Floats:
    """Rank the last axis, 1 = the lowest value; ties share their mean rank."""
    return np.asarray(stats.rankdata(np.round(values, DIGITS), axis=-1), np.float64)


def win_rate(values: Floats) -> Floats:
    """Return the share of the others that each beats, by task; a tie counts a half, and one alone has NaN.

    Args:
        values: Errors, ``(tasks, optimizers)``, without NaN.
    """
    n = values.shape[-1]
    return (n - ranks(values)) / (n - 1) if n > 1 else np.full(values.shape, np.nan)


def elo(values: Floats, anchor: int | None = None) -> Floats:
    """Return the Elo of each optimizer, ``(optimizers,)``.

    Args:
        values: As of `win_rate`.
        anchor: The column with an Elo of 1000. None: the mean of all has it.
    """
    return _scaled(strengths := _strengths(win_rate(values).mean(axis=0), len(values)), strengths, anchor)


def ratings(names: Sequence[str], shares: tuple[Floats, Floats, Floats], tasks: int) -> dict[str, dict[str, Estimate]]:
    """Return `win_rate`, of six decimals, and `elo`, of one, ``[mean, low, high]``, of each optimizer by name.

    An end of an Elo is None where that of the win rate is 0 or 1.

    Args:
        shares: Mean, low and high of the win rates over `tasks` tasks, each ``(optimizers,)``.
    """
    mean, *sides = shares
    strengths = _strengths(mean, tasks)
    anchor = names.index(ANCHOR) if ANCHOR in names else None
    elos = [_scaled(of, strengths, anchor) for of in (strengths, *(_winning(e, strengths, tasks) for e in sides))]
    both = {"win_rate": shares, "elo": [np.round(of, 1) for of in elos]}
    return {n: {key: [plain(float(of[i])) for of in ends] for key, ends in both.items()} for i, n in enumerate(names)}


def _strengths(rates: Floats, tasks: int) -> Floats:
    """Return the log-strengths of mean win rates, of mean 0, both ``(n,)``; NaN of NaN.

    Newton's method. Along a step the third derivative is at most `spread` times the second, so ``log(1 + spread) /
    spread`` of the step always descends (Sun and Tran-Dinh, Generalized self-concordant functions, 2019).
    """
    found, ridge = 0.0 * rates, 2.0 * RIDGE / tasks
    for _ in range(_STEPS if len(rates) > 1 else 0):
        wins = expit(found[:, None] - found)
        slope = rates * (len(rates) - 1) - (wins.sum(axis=1) - 0.5) - ridge * found
        curve = wins * wins.T
        step = np.linalg.solve(np.diag(curve.sum(axis=1) + ridge) - curve + 1.0, slope)  # 1: strengths sum to 0
        spread = float(np.ptp(step))
        found += step * (math.log1p(spread) / spread if spread else 1.0)
        found -= found.mean()
        if spread < _CLOSE:
            break
    return found


def _winning(rates: Floats, strengths: Floats, tasks: int) -> Floats:
    """Return the log-strength with which each would win a rate, by bisection, ``(n,)``; NaN of NaN, 0 and 1."""
    others = ~np.eye(len(rates), dtype=bool)
    most = np.abs(strengths).max(initial=0.0) + 100.0
    low, high = np.full(len(rates), -most), np.full(len(rates), most)
    for _ in range(60):
        middle = 0.5 * (low + high)
        wins = (expit(middle[:, None] - strengths) * others).sum(axis=1) + 2.0 * RIDGE / tasks * middle
        less = wins < rates * (len(rates) - 1)
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.where(np.abs(np.round(rates - 0.5, DIGITS)) < 0.5, low, np.nan)


def _scaled(of: Floats, strengths: Floats, anchor: int | None) -> Floats:
    return ANCHORED + _UNIT * (of - (0.0 if anchor is None else strengths[anchor]))
