"""From incumbents to curves, and from curves to the part of results.json of a suite."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints
from hpo_gym.bench.groups import suite_groups
from hpo_gym.bench.intervals import witness_of
from hpo_gym.bench.metrics import TEST, VALIDATION, Curves, summarise
from hpo_gym.bench.regret import regret_on
from hpo_gym.problem import BEST, Task, random_regret, random_test_regret

BESIDE = ("auc", "log_auc", "rank", "win_rate", "gain", "regret", "solved", "p_better", "ratio")
"""Entries of the validation score shown beside a headline of the test score."""


@dataclass(frozen=True)
class Findings:
    """Findings, computed from the stored trials, never from rewards.

    Attributes:
        curves: Normalised regret of each optimizer by suite, on the test score if there is one, else on validation.
        validation: The same on the validation score, of all suites.
        times: With several trials in flight, the regret at 33 points of simulated time, likewise.
        notes: Remarks on failed trials.
        failed_trials: Numbers of failed trials, by suite, optimizer and task; without zeros.
    """

    data: dict[str, Any]
    curves: dict[str, list[Curves]]
    validation: dict[str, list[Curves]]
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed_trials: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    times: dict[str, list[Curves]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Measure:
    """What scores of runs on some tasks are compared with.

    Attributes:
        suite, tasks: The name of a suite, and its tasks.
        bounds: The scores of regret 0 and 1 of each task, ``(k, 2)``: see `bounds_of`.
        cost: The budget in cost of the runs, in mean costs of a full evaluation of the task; None without one.
        workers: See `Curves`.
    """

    suite: str
    tasks: Sequence[Task]
    bounds: Floats
    score: str = VALIDATION
    cost: float | None = None
    workers: int = 1

    @functools.cached_property
    def random(self) -> Floats:
        """The mean regret of a random configuration, by task, ``(k,)``."""
        of = random_test_regret if self.score == TEST else random_regret
        return np.array([of(task) for task in self.tasks])

    def curves(self, optimizer: str, scores: Floats, waiting: Ints | None = None) -> Curves:
        """Return regret curves.

        Args:
            scores: Of the incumbent after each trial, or point of a budget in cost, ``(k, r, h)``; NaN of a lost run.
            waiting: With a budget in cost, the points before a run's first trial ends, of random regret, ``(k, r)``.
        """
        suite, tasks = self.suite, self.tasks
        regret = regret_on(tasks, scores, self.bounds, self.score)
        if waiting is not None:
            early = np.arange(regret.shape[2]) < waiting[:, :, None]
            regret = np.where(early, self.random[:, None, None], regret)
        names, families = tuple(t.name for t in tasks), tuple(witness_of(t.suite, t.family) for t in tasks)
        end = tasks[0].counts != BEST
        return Curves(suite, optimizer, names, regret, families, self.score, end, self.cost, self.workers)


def bounds_of(tasks: Sequence[Task], seen: Sequence[Floats], score: str = VALIDATION) -> Floats:
    """Return the best and worst of each task by a score, ``(k, 2)``.

    Values unknown to a task come from all incumbents of all optimizers, ``(k, r, h)`` each: extreme successes, else 0.
    """
    bounds = np.array([t.test_range if score == TEST else (t.best, t.worst) for t in tasks], np.float64)
    for i in np.flatnonzero(np.isnan(bounds).any(axis=1)):
        scores = np.concatenate([np.empty(0), *(one[i].ravel() for one in seen)])
        scores = scores[np.isfinite(scores)]
        best, worst = bounds[i]
        top, low = (scores.max(), scores.min()) if len(scores) else (0.0, 0.0)
        best = max(top, np.nan_to_num(worst, nan=top)) if np.isnan(best) else best
        bounds[i] = best, min(low, best) if np.isnan(worst) else worst
    return bounds


def summaries(
    curves: Sequence[Curves], validation: Sequence[Curves], n_tested: int, n_unknown: int = 0
) -> dict[str, Any]:
    """Return the part of results.json of one suite: the headline with groups, and beside it the validation score.

    Args:
        n_tested: Number of tasks with test scores.
        n_unknown: Number of tasks with unknown bounds: see `bounds_of`.
    """
    optimizers, first = summarise(curves), curves[0]
    letters = suite_groups(curves)
    for name, summary in optimizers.items():
        summary["group"] = letters.get(name)
    if first.score == TEST:
        beside = summarise(validation)
        for name, summary in optimizers.items():
            summary["validation"] = {key: beside[name][key] for key in (*BESIDE, "of_families") if key in beside[name]}
    return {
        "n_tasks": len(first.tasks),
        "n_families": len(set(first.families)),
        "score": first.score,
        "end": first.end,
        "tested_tasks": n_tested,
        "best_seen_tasks": n_unknown,
        "comparisons": sum(s["p"] is not None for s in optimizers.values()),
        "optimizers": optimizers,
    }
