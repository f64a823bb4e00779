"""Quality of optimizers: statistics of normalised regret over tasks, with intervals (NumPy and SciPy only).

Four rules hold everywhere. Replicates are averaged first: they are not independent tasks. Every statistic is a mean
over tasks. Uncertainty counts families of tasks: a 95 % interval takes subsets of families, the same for all optimizers
(paired), a p exchanges two optimizers family by family, and tests of ranks rank the means of families. A failed
cell counts as never improving: regret 1 at every trial; it is also counted by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from hpo_gym.base import Floats, InvalidValueError, unknown
from hpo_gym.bench.intervals import LEAST, Resamples, placed, plain, skewness
from hpo_gym.bench.significance import DIGITS, holm, mean_p
from hpo_gym.problem import relative_regret

TRIALS = (1, 2, 5, 10, 15, 33)
SOLVED = 0.01  # a run is solved when its last regret is below
LOG_FLOOR = 1e-3  # log AUC is the mean of log10(regret + LOG_FLOOR)
FAILED = 1.0  # the regret of a failed cell
PORTFOLIO = "portfolio"
CONTROLS = (PORTFOLIO, "default", "random")  # shown in every report
VALIDATION, TEST = "validation", "test"


@dataclass(frozen=True, eq=False)
class Curves:
    """Normalised simple regret of one optimizer's incumbent on the tasks of one suite.

    Attributes:
        tasks: Names of the k tasks, all different.
        families: The family of each task; without any, each task is one of its own.
        score: `VALIDATION`, by which optimizers choose, or `TEST`, that of the same incumbents on data of no choice.
        end: Whether only the end counts: the regret is of the result after each trial, and the last is compared.
        regret: Shape ``(k, r, h)``: after each of h trials, for each of r replicates. A failed cell (task and
            replicate) is NaN at all trials; all else is finite, and not negative. The array is copied and read-only.
        cost: The budget in mean costs of a full evaluation, if the regret is at h even points of it; None after trials.
        workers: Of points of simulated time in place of the budget, the number of workers; else 1.

    Raises:
        InvalidValueError: The regret breaks one of these rules.
    """

    suite: str
    optimizer: str
    tasks: tuple[str, ...]
    regret: Floats
    families: tuple[str, ...] = ()
    score: str = VALIDATION
    end: bool = False
    cost: float | None = None
    workers: int = 1

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
        families = tuple(self.families or self.tasks)
        if len(families) != len(self.tasks):
            raise InvalidValueError(
                f"`families` must name one per task, got {len(families)} for {len(regret)} ({where})."
            )
        if self.score not in (VALIDATION, TEST):
            raise unknown("score", self.score, (VALIDATION, TEST))
        lost = np.isnan(regret)
        if (lost.any(axis=2) != lost.all(axis=2)).any():
            raise InvalidValueError(f"A cell of `regret` must be NaN at all trials (failed) or at none ({where}).")
        if not np.isfinite(regret[~lost]).all() or (regret[~lost] < 0.0).any():
            raise InvalidValueError(f"`0 <= regret < inf` must hold, got {regret[~lost].min()} ({where}).")
        regret.flags.writeable = False
        object.__setattr__(self, "regret", regret)
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "families", families)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Return the failed cells, shape ``(k, r)``."""
        return np.isnan(self.regret[:, :, 0])

    @property
    def filled(self) -> Floats:
        """The regret with failed cells at `FAILED`, shape ``(k, r, h)``."""
        return np.where(np.isnan(self.regret), FAILED, self.regret)

    @property
    def mean(self) -> Floats:
        """The regret averaged over replicates, shape ``(k, h)``."""
        return np.asarray(self.filled.mean(axis=1))

    def of_task(self, task: str) -> Curves:
        """Return the curves of one task."""
        return self.take([self.tasks.index(task)])

    def take(self, at: Sequence[int]) -> Curves:
        """Return the curves of the tasks at some places, in that order."""
        tasks, families = (tuple(of[i] for i in at) for of in (self.tasks, self.families))
        return replace(self, tasks=tasks, families=families, regret=self.regret[list(at)])


def normalised_regret(incumbent_scores: ArrayLike, best: ArrayLike, worst: ArrayLike) -> Floats:
    """Map scores of incumbents to ``(best - score) / (best - worst)``, 0 at the optimum and 1 at the worst.

    Negative values within rounding (1e-6 of the scores' size) become 0. A failed cell, NaN, stays NaN; for flat tasks,
    and before the first success, see `hpo_gym.problem.regret`.

    Args:
        incumbent_scores: Any shape, such as ``(k, r, h)``; higher is better.
        best: The best reachable score, over the leading axes of the scores: a number or ``(k,)``.
        worst: The worst score, likewise. A score below it has a regret above 1.

    Raises:
        InvalidValueError: `worst <= best` does not hold, or an incumbent is better than the best.
    """
    scores = np.asarray(incumbent_scores, np.float64)
    top, bottom = (_leading(np.asarray(v, np.float64), scores.ndim) for v in (best, worst))
    with np.errstate(over="ignore"):
        span = top - bottom
    if np.isposinf(span).any() and np.isfinite(top).all() and np.isfinite(bottom).all():
        scores, top, bottom = (0.25 * v for v in (scores, top, bottom))  # no float has the span; the shares are equal
        span = top - bottom
    if not (np.isfinite(span) & (span >= 0.0)).all():
        raise InvalidValueError(f"`worst <= best` must hold and both be finite, got {best=}, {worst=}.")
    if (top - scores < -1e-6 * np.maximum(np.abs(top), span)).any():
        raise InvalidValueError(
            f"`score <= best` must hold, got a score of {np.nanmax(scores - top):g} above it; correct the task's best."
        )
    return relative_regret(scores, top, bottom, most=np.inf)


def auc(curves: Curves) -> Floats:
    """Mean regret over the trials, per task, shape ``(k,)``; where only the end counts, the regret there."""
    return np.asarray(auc_of_runs(curves).mean(axis=1))


def auc_of_runs(curves: Curves) -> Floats:
    """Return `auc` of each run, shape ``(k, r)``."""
    regret = curves.filled
    return np.asarray(regret[:, :, -1] if curves.end else regret.mean(axis=2))


def mean_auc(curves: Curves) -> float:
    """Mean of `auc` over the tasks, so rounded that ties are equal."""
    return round(float(auc(curves).mean()), DIGITS)


def by_auc(curves: Sequence[Curves]) -> list[Curves]:
    """Return the lowest mean AUC first, then by name."""
    return sorted(curves, key=lambda c: (mean_auc(c), c.optimizer))


def log_auc(curves: Curves) -> Floats:
    """Mean of ``log10(regret + 1e-3)`` over replicates and trials (where only the end counts, there), ``(k,)``."""
    regret = curves.filled[:, :, -1:] if curves.end else curves.filled
    return np.asarray(np.log10(regret + LOG_FLOOR).mean(axis=(1, 2)))


def regret_at(curves: Curves, trial: int) -> Floats:
    """Regret after `trial` trials (the last one where there are fewer), per task, shape ``(k,)``."""
    return curves.mean[:, min(trial, curves.regret.shape[2]) - 1]


def solved(curves: Curves) -> Floats:
    """Share of replicates that end with a regret below `SOLVED`, per task, shape ``(k,)``."""
    return np.asarray((curves.filled[:, :, -1] < SOLVED).mean(axis=1))


def better(a: Floats, b: Floats) -> Floats:
    """Say elementwise whether `a` has less regret than `b`: 1, or 0, or a half for a tie."""
    return np.asarray(0.5 + 0.5 * np.sign(np.round(b - a, DIGITS)))


def overtuning(curves: Curves) -> tuple[Floats, Floats]:
    """Share of the replicates that are overtuned, and by how much, 0 for the others: mean over all; each ``(k,)``.

    Of the curves of a test score: the regret of the last incumbent less the least regret of the run's incumbents, each
    after a trial of the curve; overtuned where that is above 0 (Schneider, Bischl, Feurer, Overtuning in hyperparameter
    optimization, AutoML 2025; here in shares of the task's range of test scores). A failed cell is none.
    """
    by = np.round(curves.filled[:, :, -1] - curves.filled.min(axis=2), DIGITS)
    return np.asarray((by > 0.0).mean(axis=1)), np.asarray(by.mean(axis=1))


def iqm(values: Floats) -> float:
    """Interquartile mean: the mean of the middle half of the values; a value on its edge counts in part."""
    ends = np.arange(1, len(values) + 1) / len(values)
    inside = np.clip(np.minimum(ends, 0.75) - np.maximum(ends - 1 / len(values), 0.25), 0.0, None)
    return float(inside @ np.sort(values) / inside.sum())


def performance_profile(values: Floats, taus: Floats) -> Floats:
    """Share of the tasks with a value (such as the AUC) of at most each tau, shape of `taus`."""
    return np.asarray((values[None, :] <= taus[:, None]).mean(axis=1))


def by_family(values: Floats, families: Sequence[str]) -> Floats:
    """Means of the tasks of each family of values ``(k, ...)``, shape ``(families, ...)``, in the order of names."""
    names, place = placed(families)
    return np.stack([values[place == i].mean(axis=0) for i in range(len(names))])


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


def friedman(values: Floats) -> tuple[float, float]:
    """Test whether all columns of ``(families, optimizers)`` rank alike: the statistic (tie-corrected) and p.

    NaN where the test does not exist: under three optimizers, under two families, or ties only.
    """
    rounded = np.round(values, DIGITS)
    if rounded.shape[1] < 3 or rounded.shape[0] < 2 or (rounded == rounded[:, :1]).all():
        return math.nan, math.nan
    result = stats.friedmanchisquare(*rounded.T)
    return float(result.statistic), float(result.pvalue)


def critical_difference(n_optimizers: int, n_families: float) -> float:
    """Nemenyi's critical difference of mean ranks at 5 % (Demsar, JMLR 2006, section 3.2.2).

    Ranks that are means over the tasks of families of unequal size rest on fewer families than there are: give
    `intervals.equal_families`. The variance of such a mean is at most that of so many independent ranks, however alike
    the tasks of a family are.
    """
    if n_optimizers < 2 or n_families < 1:
        raise InvalidValueError(
            f"`n_optimizers >= 2` and `n_families >= 1` must hold, got {n_optimizers=}, {n_families=}."
        )
    q = float(stats.studentized_range.ppf(0.95, n_optimizers, np.inf)) / math.sqrt(2.0)
    return q * math.sqrt(n_optimizers * (n_optimizers + 1) / (6.0 * n_families))


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Largest groups of two or more that `difference` does not tell apart, as (first, last) of the sorted ranks."""
    ordered = np.sort(np.asarray(mean_ranks, np.float64))
    last = np.searchsorted(ordered, ordered + difference, side="right") - 1
    starts = [i for i in range(len(ordered)) if last[i] > i and (i == 0 or last[i] > last[i - 1])]
    return [(i, int(last[i])) for i in starts]


def summarise(curves: Sequence[Curves]) -> dict[str, dict[str, Any]]:
    """Summarise every optimizer of one comparison on one suite, by name; plain JSON values of six decimals.

    ``[mean, low, high]`` of `auc`, `log_auc`, `rank` and `win_rate` (by AUC, among all given), `gain` (the
    portfolio's AUC less one's own), `regret` (by trial, as text; a trial beyond the budget is the last one), `solved`,
    `p_better` (than the portfolio, a tie counts a half) and `ratio` (mean AUC to the portfolio's); of a test score also
    `overtuned` (see `overtuning`) and `overtuned_by` (mean over overtuned ones). Of the gain `skewness` over families,
    `p` by `mean_p`, and `p_holm`, corrected for the number of optimizers other than the portfolio. Then `cells`,
    `failed_cells`, `n_tasks`, `n_families`. The order of tasks or optimizers changes nothing. Without the portfolio,
    `gain`, `p`, `p_holm`, `p_better` and `ratio` are None; of one family, p. Families fewer than `LEAST` have no
    interval and no skewness: `of_families` holds the lowest and the highest mean of a family, of `auc` and `gain`.

    Args:
        curves: One per optimizer, all of one suite, with the same tasks and as many trials.

    Raises:
        InvalidValueError: The curves do not belong together.
    """
    curves, sample = _aligned(curves)
    aucs = np.stack([auc(c) for c in curves], axis=1)
    by_task, shares = ranks(aucs), win_rate(aucs)
    names = [c.optimizer for c in curves]
    reference = aucs[:, names.index(PORTFOLIO)] if PORTFOLIO in names else np.full(len(aucs), np.nan)
    ps = {
        c.optimizer: None if c.optimizer == PORTFOLIO else mean_p(reference - aucs[:, i], c.families)
        for i, c in enumerate(curves)
    }
    corrected = holm(ps)
    rows = {c.optimizer: _summary(c, aucs[:, i], by_task[:, i], reference, sample) for i, c in enumerate(curves)}
    rated = {name: {"win_rate": sample.mean(shares[:, i])} for i, name in enumerate(names)}
    return {name: {**rows[name], **rated[name], "p": ps[name], "p_holm": corrected[name]} for name in sorted(rows)}


def _summary(curves: Curves, own: Floats, rank: Floats, reference: Floats, sample: Resamples) -> dict[str, Any]:
    return {
        "auc": sample.mean(own),
        "log_auc": sample.mean(log_auc(curves)),
        "rank": sample.mean(rank),
        "gain": sample.mean(reference - own),
        "skewness": skewness(reference - own, curves.families) if sample.families >= LEAST else None,
        "regret": {str(t): sample.mean(regret_at(curves, t)) for t in TRIALS},
        "solved": sample.mean(solved(curves)),
        "p_better": sample.mean(better(own, reference)),
        "ratio": sample.ratio(own, reference),
        **(_overtuned(curves, sample) if curves.score == TEST else {}),
        **(_of_families(own, reference, curves.families) if 1 < sample.families < LEAST else {}),
        "cells": int(curves.failed.size),
        "failed_cells": int(curves.failed.sum()),
        "n_tasks": len(curves.tasks),
        "n_families": sample.families,
    }


def _of_families(own: Floats, reference: Floats, families: Sequence[str]) -> dict[str, Any]:
    """Return the lowest and the highest mean of a family."""
    found = {"auc": by_family(own, families), "gain": by_family(reference - own, families)}
    return {"of_families": {k: [plain(float(v.min())), plain(float(v.max()))] for k, v in found.items()}}


def _overtuned(curves: Curves, sample: Resamples) -> dict[str, Any]:
    share, by = overtuning(curves)
    return {"overtuned": sample.mean(share), "overtuned_by": sample.ratio(by, share)}


def _aligned(curves: Sequence[Curves]) -> tuple[list[Curves], Resamples]:
    """Bring all curves to the tasks' order of names, and draw the resamples that they share."""
    if not curves:
        raise InvalidValueError("`curves` must not be empty.")
    first = curves[0]
    names = [c.optimizer for c in curves]
    if len(set(names)) != len(names):
        raise InvalidValueError(f"Names of optimizers must be unique, got {sorted(names)}.")
    for c in curves:
        if _setting(c) != _setting(first):
            raise InvalidValueError(
                f"Suite, score, tasks, families and trials must be the same for all, got {c.suite!r}, {c.score}, "
                f"{len(c.tasks)} tasks and {c.regret.shape[2]} trials for {c.optimizer!r}, and {first.suite!r}, "
                f"{first.score}, {len(first.tasks)} and {first.regret.shape[2]} for {first.optimizer!r} "
                "(or other names of tasks or families)."
            )
    ordered = [by_name(c) for c in curves]
    return ordered, Resamples.of(ordered[0].families)


def by_name(curves: Curves) -> Curves:
    """Return the same with the tasks in the order of their names."""
    return curves.take(sorted(range(len(curves.tasks)), key=lambda i: curves.tasks[i]))


def _setting(curves: Curves) -> tuple[str, str, list[tuple[str, str]], int, bool, float | None]:
    pairs = sorted(zip(curves.tasks, curves.families, strict=True))
    return curves.suite, curves.score, pairs, curves.regret.shape[2], curves.end, curves.cost


def _leading(values: NDArray[Any], ndim: int) -> NDArray[Any]:
    return values.reshape(values.shape + (1,) * (ndim - values.ndim))
