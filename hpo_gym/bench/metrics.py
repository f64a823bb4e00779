"""How well optimizers did: statistics of normalised regret over tasks, with intervals (NumPy and SciPy only).

Three rules hold everywhere. Replicates are averaged first: they are not independent tasks. Every statistic is a
weighted mean over tasks, and its 95 % interval is a bootstrap over tasks in which all optimizers meet the same
resamples (paired). A failed cell counts as never improving: regret 1 at every trial; it is also counted by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from hpo_gym.bench.bootstrap import Floats, Resamples, plain, task_weights
from hpo_gym.errors import InvalidValueError
from hpo_gym.transfer.regret import relative_regret

TRIALS = (1, 2, 5, 10, 15, 33)
SOLVED = 0.01  # a run is solved when its last regret is below
LOG_FLOOR = 1e-3  # log AUC is the mean of log10(regret + LOG_FLOOR)
FAILED = 1.0  # the regret of a failed cell
PORTFOLIO = "portfolio"
_DIGITS = 12  # values that agree to so many decimals are tied


@dataclass(frozen=True, eq=False)
class Curves:
    """Normalised simple regret of one optimizer's incumbent on the tasks of one suite.

    Attributes:
        suite: The suite's name.
        optimizer: The optimizer's name.
        tasks: Names of the k tasks, all different.
        regret: Shape ``(k, r, h)``: after each of h trials, for each of r replicates. A cell (task and replicate) that
            failed is NaN at all trials; all else is finite and not negative. The array is copied and read-only.

    Raises:
        InvalidValueError: The regret breaks one of these rules.
    """

    suite: str
    optimizer: str
    tasks: tuple[str, ...]
    regret: Floats

    def __post_init__(self) -> None:
        regret = np.array(self.regret, np.float64)
        where = f"{self.suite!r}, {self.optimizer!r}"
        if regret.ndim != 3 or 0 in regret.shape or len(self.tasks) != len(regret):
            raise InvalidValueError(
                f"`regret` must have shape (tasks, replicates, trials), none of them 0, "
                f"got {regret.shape} for {len(self.tasks)} tasks ({where})."
            )
        if len(set(self.tasks)) != len(self.tasks):
            raise InvalidValueError(f"`tasks` must be unique, got {sorted(self.tasks)} ({where}).")
        lost = np.isnan(regret)
        if (lost.any(axis=2) != lost.all(axis=2)).any():
            raise InvalidValueError(f"A cell of `regret` must be NaN at all trials (failed) or at none ({where}).")
        if not np.isfinite(regret[~lost]).all() or (regret[~lost] < 0.0).any():
            raise InvalidValueError(f"`0 <= regret < inf` must hold, got {regret[~lost].min()} ({where}).")
        regret.flags.writeable = False
        object.__setattr__(self, "regret", regret)
        object.__setattr__(self, "tasks", tuple(self.tasks))

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which cells failed, shape ``(k, r)``."""
        return np.isnan(self.regret[:, :, 0])

    @property
    def filled(self) -> Floats:
        """The regret with failed cells at `FAILED`, shape ``(k, r, h)``."""
        return np.where(np.isnan(self.regret), FAILED, self.regret)

    @property
    def mean(self) -> Floats:
        """The regret averaged over replicates, shape ``(k, h)``."""
        return np.asarray(self.filled.mean(axis=1))


def normalised_regret(incumbent_scores: ArrayLike, best: ArrayLike, worst: ArrayLike) -> Floats:
    """Map scores of incumbents to ``(best - score) / (best - worst)``, 0 at the optimum and 1 at the worst.

    Negative values that rounding explains (1e-6 of the scores' size) become 0. A failed cell, NaN, stays NaN; for flat
    tasks, and where nothing has succeeded yet, see `hpo_gym.transfer.regret`.

    Args:
        incumbent_scores: Any shape, such as ``(k, r, h)``; higher is better.
        best: The best reachable score, over the leading axes of the scores: a number or ``(k,)``.
        worst: The worst score, likewise. A score below it has a regret above 1.

    Raises:
        InvalidValueError: `worst <= best` does not hold, or an incumbent is better than the best.
    """
    scores = np.asarray(incumbent_scores, np.float64)
    top, bottom = (_leading(np.asarray(v, np.float64), scores.ndim) for v in (best, worst))
    span = top - bottom
    if not (np.isfinite(span) & (span >= 0.0)).all():
        raise InvalidValueError(f"`worst <= best` must hold and both be finite, got {best=}, {worst=}.")
    if (top - scores < -1e-6 * np.maximum(np.abs(top), span)).any():
        raise InvalidValueError(
            f"`score <= best` must hold, got a score of {np.nanmax(scores - top):g} above it; correct the task's best."
        )
    return relative_regret(scores, top, bottom, most=np.inf)


def auc(curves: Curves) -> Floats:
    """Mean regret over the trials, per task, shape ``(k,)``."""
    return np.asarray(curves.mean.mean(axis=1))


def log_auc(curves: Curves) -> Floats:
    """Mean of ``log10(regret + 1e-3)`` over replicates and trials, per task, shape ``(k,)``."""
    return np.asarray(np.log10(curves.filled + LOG_FLOOR).mean(axis=(1, 2)))


def regret_at(curves: Curves, trial: int) -> Floats:
    """Regret after `trial` trials (the last one where there are fewer), per task, shape ``(k,)``."""
    if trial < 1:
        raise InvalidValueError(f"`trial >= 1` must hold, got {trial=}.")
    return curves.mean[:, min(trial, curves.regret.shape[2]) - 1]


def solved(curves: Curves) -> Floats:
    """Share of replicates that end with a regret below `SOLVED`, per task, shape ``(k,)``."""
    return np.asarray((curves.filled[:, :, -1] < SOLVED).mean(axis=1))


def ranks(values: Floats) -> Floats:
    """Rank the last axis, 1 = the lowest value; ties share their mean rank."""
    return np.asarray(stats.rankdata(np.round(values, _DIGITS), axis=-1), np.float64)


def better(a: Floats, b: Floats) -> Floats:
    """Say elementwise whether `a` has less regret than `b`: 1, or 0, or a half for a tie."""
    return np.asarray(0.5 + 0.5 * np.sign(np.round(b - a, _DIGITS)))


def iqm(values: Floats, weights: ArrayLike | None = None) -> float:
    """Interquartile mean: the mean of the middle half of the weight; a value on its edge counts in part."""
    order = np.argsort(values, kind="stable")
    w = task_weights(weights, len(values))[order]
    ends = np.cumsum(w)
    inside = np.clip(np.minimum(ends, 0.75) - np.maximum(ends - w, 0.25), 0.0, None)
    return float(inside @ values[order] / inside.sum())


def performance_profile(values: Floats, taus: Floats, weights: ArrayLike | None = None) -> Floats:
    """Share of the tasks whose value (such as the AUC) is at most each tau, shape of `taus`."""
    w = task_weights(weights, len(values))
    return np.asarray((values[None, :] <= taus[:, None]) @ w)


def friedman(values: Floats) -> tuple[float, float]:
    """Test whether all columns of ``(tasks, optimizers)`` rank alike: the statistic (tie-corrected) and p.

    Tasks count fully. NaN where the test does not exist: under three optimizers, under two tasks, or ties only.
    """
    rounded = np.round(values, _DIGITS)
    if rounded.shape[1] < 3 or rounded.shape[0] < 2 or (rounded == rounded[:, :1]).all():
        return math.nan, math.nan
    result = stats.friedmanchisquare(*rounded.T)
    return float(result.statistic), float(result.pvalue)


def critical_difference(n_optimizers: int, n_tasks: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of mean ranks (Demsar, JMLR 2006, section 3.2.2)."""
    if n_optimizers < 2 or n_tasks < 1:
        raise InvalidValueError(f"`n_optimizers >= 2` and `n_tasks >= 1` must hold, got {n_optimizers=}, {n_tasks=}.")
    q = float(stats.studentized_range.ppf(1.0 - alpha, n_optimizers, np.inf)) / math.sqrt(2.0)
    return q * math.sqrt(n_optimizers * (n_optimizers + 1) / (6.0 * n_tasks))


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Largest groups of two or more that `difference` does not tell apart, as (first, last) of the sorted ranks."""
    ordered = np.sort(np.asarray(mean_ranks, np.float64))
    last = np.searchsorted(ordered, ordered + difference, side="right") - 1
    starts = [i for i in range(len(ordered)) if last[i] > i and (i == 0 or last[i] > last[i - 1])]
    return [(i, int(last[i])) for i in starts]


def summarise(
    curves: Sequence[Curves], *, portfolio: str = PORTFOLIO, weights: ArrayLike | None = None
) -> dict[str, dict[str, Any]]:
    """Summarise every optimizer of one comparison on one suite, by name; plain JSON values of six decimals.

    ``[mean, low, high]`` of `auc`, `log_auc`, `rank` (by AUC, among all that are given), `gain` (the portfolio's AUC
    less one's own), `regret` (by trial, as text; a trial beyond the budget is the last one), `solved`, `p_better` (than
    the portfolio, a tie counts a half) and `ratio` (mean AUC to the portfolio's); then `cells`, `failed_cells`,
    `n_tasks`. The order of tasks or optimizers changes nothing. Without the portfolio, `gain`, `p_better` and `ratio`
    are None.

    Args:
        curves: One per optimizer, all of one suite, with the same tasks and as many trials.
        portfolio: Name of the optimizer that the others are held against.
        weights: Weight of each task of the first curves, such as a half where many configurations share the optimum.

    Raises:
        InvalidValueError: The curves do not belong together.
    """
    curves, sample = _aligned(curves, weights)
    aucs = np.stack([auc(c) for c in curves], axis=1)
    by_task = ranks(aucs)
    names = [c.optimizer for c in curves]
    reference = aucs[:, names.index(portfolio)] if portfolio in names else np.full(len(aucs), np.nan)
    rows = {c.optimizer: _summary(c, aucs[:, i], by_task[:, i], reference, sample) for i, c in enumerate(curves)}
    return dict(sorted(rows.items()))


def compare(a: Curves, b: Curves, weights: ArrayLike | None = None) -> dict[str, Any]:
    """Hold `a` against `b`, task by task: `ratio` of mean AUC, `p_better`, `wilcoxon_p`, `n_tasks`.

    A ratio below 1 and a `p_better` above a half speak for `a`. The Wilcoxon test is two-sided and unweighted; its p is
    1 where no task differs.
    """
    (first, second), sample = _aligned((a, b), weights, unique=False)
    x, y = auc(first), auc(second)
    differences = np.round(x - y, _DIGITS)
    p = float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0
    return {
        "ratio": sample.ratio(x, y),
        "p_better": sample.mean(better(x, y)),
        "wilcoxon_p": plain(p),
        "n_tasks": len(x),
    }


def _summary(curves: Curves, own: Floats, rank: Floats, reference: Floats, sample: Resamples) -> dict[str, Any]:
    return {
        "auc": sample.mean(own),
        "log_auc": sample.mean(log_auc(curves)),
        "rank": sample.mean(rank),
        "gain": sample.mean(reference - own),
        "regret": {str(t): sample.mean(regret_at(curves, t)) for t in TRIALS},
        "solved": sample.mean(solved(curves)),
        "p_better": sample.mean(better(own, reference)),
        "ratio": sample.ratio(own, reference),
        "cells": int(curves.failed.size),
        "failed_cells": int(curves.failed.sum()),
        "n_tasks": len(curves.tasks),
    }


def _aligned(
    curves: Sequence[Curves], weights: ArrayLike | None, *, unique: bool = True
) -> tuple[list[Curves], Resamples]:
    """Bring all curves to the tasks' order of names, and draw the resamples that they share."""
    if not curves:
        raise InvalidValueError("`curves` must not be empty.")
    first = curves[0]
    names = [c.optimizer for c in curves]
    if unique and len(set(names)) != len(names):
        raise InvalidValueError(f"Names of optimizers must be unique, got {sorted(names)}.")
    for c in curves:
        if _setting(c) != _setting(first):
            raise InvalidValueError(
                f"Suite, tasks and trials must be the same for all, got {c.suite!r}, {len(c.tasks)} tasks and "
                f"{c.regret.shape[2]} trials for {c.optimizer!r}, and {first.suite!r}, {len(first.tasks)} and "
                f"{first.regret.shape[2]} for {first.optimizer!r} (or other names of tasks)."
            )
    tasks = tuple(sorted(first.tasks))
    w = task_weights(weights, len(tasks))[_places(first.tasks, tasks)]
    ordered = [replace(c, tasks=tasks, regret=c.regret[_places(c.tasks, tasks)]) for c in curves]
    return ordered, Resamples.of(tasks, w)


def _setting(curves: Curves) -> tuple[str, list[str], int]:
    return curves.suite, sorted(curves.tasks), curves.regret.shape[2]


def _places(given: Sequence[str], wanted: Sequence[str]) -> list[int]:
    at = {name: i for i, name in enumerate(given)}
    return [at[name] for name in wanted]


def _leading(values: Floats, ndim: int) -> Floats:
    return values.reshape(values.shape + (1,) * (ndim - values.ndim))
