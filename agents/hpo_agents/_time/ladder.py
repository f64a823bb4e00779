"""`Ladder`: the information of a lower fidelity about a full evaluation on earlier tasks, and the cost of each."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo_baselines._transfer.surrogate import scores_at, table_at
from hpo_gym.base import Floats, Ints
from hpo_gym.problem import FIDELITY, Evaluations, Measurement, Pool, SearchSpace, Status, known

RUNGS = 3
_WANTED = (1.0 / 9.0, 1.0 / 3.0)  # shares of a full evaluation, near which lower rungs are
_MOST = 5.0  # standard deviations of a task by which two fidelities differ at most
_UNKNOWN = 1.0  # variance of what a fidelity tells of which nothing is known


@dataclass(frozen=True, eq=False)
class Ladder:
    """The fidelities that a run chooses among, its rungs, at `m` points.

    Attributes:
        fidelities: Ascending; the last is 1, ``(s,)``.
        gap: By how much a full evaluation scored more, in standard deviations of the task's full scores, its mean over
            earlier tasks, ``(s, m)``; 0 of the last.
        noise: Variance of the rest, in variances of the task's full scores, ``(s,)``; 0 of the last.
        log_cost: Mean over earlier tasks of the logarithm of cost, less that of the task's full evaluations,
            ``(s, m)``.
        sd: Geometric mean of the standard deviations of the tasks' full scores.
    """

    fidelities: tuple[float, ...]
    gap: Floats
    noise: Floats
    log_cost: Floats
    sd: float

    def part(self, rows: Ints) -> Ladder:
        """Return the same at some of the points."""
        return replace(self, gap=self.gap[:, rows], log_cost=self.log_cost[:, rows])

    def full_score(self, slot: int, row: int, score: float) -> float:
        """Return the predicted score of a full evaluation, given the score at a rung."""
        return score + self.sd * float(self.gap[slot, row])

    @functools.cached_property
    def mean_cost(self) -> float:
        """The logarithm of the mean cost of a full evaluation of a point: the unit of a budget, as it is foretold."""
        return float(np.log(np.exp(self.log_cost[-1]).mean()))


def rungs_of(prior: tuple[Evaluations, ...], fidelities: tuple[float, ...]) -> tuple[float, ...]:
    """Return up to three fidelities, ascending, the last one 1: of the available ones measured on earlier tasks, the
    nearest to 1/9 and to 1/3.
    """
    measured = {m.fidelity for e in prior for m in e.further if m.name == FIDELITY}
    lower = [f for f in fidelities if f < 1.0 and f in measured]
    chosen = {min(lower, key=lambda f: abs(np.log(f / wanted))) for wanted in _WANTED} if lower else set[float]()
    return (*sorted(chosen), 1.0)


def ladder_of(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool, rungs: tuple[float, ...]) -> Ladder:
    """Return the ladder of some fidelities at the rows of a pool, from earlier tasks."""
    tasks, m = known(space, prior), len(pool.x)
    gap, noise, log_cost = np.zeros((len(rungs), m)), np.zeros(len(rungs)), np.zeros((len(rungs), m))
    whole = table_at(space, tasks, pool.x)
    spread = [float(np.nanstd(y)) for y in whole]
    sds = [np.log(s) for s in spread if s > 0]
    for s, fidelity in enumerate(rungs):
        full = fidelity == 1.0
        pairs = [(e, None if full else _at(e, fidelity)) for e in tasks]
        log_cost[s] = _log_cost(space, pairs, pool, fidelity)
        if full:
            continue
        steps = []
        for e, y, sd, (_, part) in zip(tasks, whole, spread, pairs, strict=True):
            if part is not None and sd > 0 and (part.status == Status.OK).any():
                steps.append(np.clip((y - scores_at(space, e.by(part), pool.x)) / sd, -_MOST, _MOST))
        noise[s] = _UNKNOWN
        if steps:
            step = np.stack(steps)
            there = ~np.isnan(step)
            gap[s] = np.where(there, step, 0.0).sum(0) / np.maximum(there.sum(0), 1)
            noise[s] = float(np.square(np.where(there, step - gap[s], 0.0)).sum() / max(there.sum(), 1))
    return Ladder(rungs, gap, noise, log_cost, float(np.exp(np.mean(sds))) if sds else 1.0)


def _at(e: Evaluations, fidelity: float) -> Measurement | None:
    return next((m for m in e.further if m.name == FIDELITY and m.fidelity == fidelity), None)


def _log_cost(
    space: SearchSpace, tasks: Sequence[tuple[Evaluations, Measurement | None]], pool: Pool, fidelity: float
) -> Floats:
    """Mean over tasks of the logarithm of cost less that of the task's full evaluations, ``(m,)``; where no cost is
    known, the logarithm of the fidelity."""
    total, count = np.zeros(len(pool.x)), np.zeros(len(pool.x))
    for e, part in tasks:
        whole = _logs(e)
        own = whole if fidelity == 1.0 else None if part is None else _logs(e.by(part))
        if whole is None or own is None:
            continue
        y, usual = scores_at(space, own, pool.x), np.nanmean(scores_at(space, whole, pool.x))
        there = ~np.isnan(y)
        total[there] += y[there] - usual
        count += there
    return np.where(count > 0, total / np.maximum(count, 1.0), np.log(fidelity))


def _logs(e: Evaluations) -> Evaluations | None:
    """Return a task with the logarithms of its costs for scores; None if none is known."""
    there = ~np.isnan(e.score) & np.isfinite(e.cost) & (e.cost > 0.0)
    if not there.any():
        return None
    logs = np.where(there, np.log(np.where(there, e.cost, 1.0)), np.nan)
    return replace(e, score=logs, status=np.full(len(e.x), Status.OK, np.int8), further=())
