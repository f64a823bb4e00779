"""From incumbents to curves, and from curves to the part of results.json of a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.bench.cells import instance_of
from hpo_gym.bench.metrics import TEST, VALIDATION, Curves, summarise
from hpo_gym.bench.regret import Against
from hpo_gym.problem import BEST

if TYPE_CHECKING:
    from hpo_gym.problem import Suite
    from hpo_gym.system import Record

BESIDE = ("auc", "log_auc", "rank", "gain", "regret", "solved", "p_better", "ratio")
"""Entries of the validation score shown beside a headline of the test score."""

Incumbents = Mapping[tuple[str, int], Any]
"""Scores of the incumbent after each trial, or at each point of a budget in cost, by task and replicate."""


@dataclass(frozen=True)
class Cost:
    """Facts about runs with a budget in cost.

    Attributes:
        budget: In mean costs of a full evaluation of the task.
        random: The mean regret of a random configuration, by task.
        waiting: Number of points before the end of the first trial, by task and replicate.
    """

    budget: float
    random: Mapping[str, float]
    waiting: Mapping[tuple[str, int], int]

    def stand(self, regret: NDArray[np.float64], tasks: Sequence[str]) -> None:
        """Write into regret ``(k, r, 33)`` that of a random configuration where no trial of a run has ended yet."""
        place = {name: i for i, name in enumerate(tasks)}
        for (name, r), count in self.waiting.items():
            if name in place and r < regret.shape[1]:
                regret[place[name], r, :count] = self.random[name]


@dataclass(frozen=True)
class Findings:
    """Findings, computed from the stored trials, never from rewards.

    Attributes:
        data: The content of results.json.
        curves: Normalised regret of each optimizer by suite: on the test score if a suite has one, else on the
            validation score.
        validation: The same on the validation score, of all suites.
        errors: Messages of failed cells.
        notes: Remarks on failed trials.
        failed_trials: Numbers of failed trials, by suite, optimizer and task; without zeros.
    """

    data: dict[str, Any]
    curves: dict[str, list[Curves]]
    validation: dict[str, list[Curves]]
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed_trials: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)


@dataclass
class FailureCounts:
    """Failed trials of live tasks, possibly a fault of their code: their number, and the first message."""

    trials: int = 0
    failed: int = 0
    first: str = ""

    def add(self, record: Record) -> None:
        """Count the trials of a cell."""
        status = record.arrays["status"]
        self.count(FailureCounts(len(status), int(np.count_nonzero(status)), str(record.measured.get("fault", ""))))

    def count(self, more: FailureCounts) -> None:
        """Count others as well."""
        self.trials, self.failed, self.first = (
            self.trials + more.trials, self.failed + more.failed, self.first or more.first,
        )  # fmt: skip

    def said(self, suite: str) -> list[str]:
        """Return a remark on them, if there are any."""
        return [f"{self.failed} of {self.trials} trials on {suite} failed, the first: {self.first}"] * bool(self.failed)


@dataclass(frozen=True, eq=False)
class Measure:
    """What scores of runs on some tasks are compared with.

    Attributes:
        suite, tasks: The tasks.
        bounds: The scores of regret 0 and 1 of each task, ``(k, 2)``: see `bounds_of`. If instances differ, the best
            is each replicate's own: see `Against`.
        score: Kind of the scores.
    """

    suite: Suite
    tasks: Sequence[str]
    bounds: NDArray[np.float64]
    score: str = VALIDATION


def curves_of(
    measure: Measure, optimizer: str, incumbents: Incumbents, shape: tuple[int, int], cost: Cost | None = None
) -> Curves:
    """Return regret curves from the incumbents of each (task, replicate); a missing one, or None, failed.

    Args:
        shape: Replicates and budget.
        cost: With a budget in cost, further facts about the runs.
    """
    suite, tasks, (seeds, budget) = measure.suite, measure.tasks, shape
    scores = np.full((len(tasks), seeds, budget), np.nan)
    for i, name in enumerate(tasks):
        for r in range(seeds):
            found = incumbents.get((name, r))
            if found is not None:
                scores[i, r] = found
    known = [suite.task(name) for name in tasks]
    instances = [[instance_of(suite.name, name, r) for r in range(seeds)] for name in tasks]
    against = Against.of(known, instances, measure.bounds, measure.score)
    regret = against.regret(scores)
    if cost is not None:
        cost.stand(regret, tasks)
    families, end, spent = tuple(t.family for t in known), known[0].counts != BEST, cost.budget if cost else None
    guessed = against.estimated if against.estimated.any() else None
    return Curves(suite.name, optimizer, tuple(tasks), regret, families, measure.score, end, spent, guessed)


def bounds_of(
    suite: Suite, tasks: Sequence[str], seen: Iterable[Incumbents], score: str = VALIDATION
) -> NDArray[np.float64]:
    """Return the best and worst of each task by a score, ``(k, 2)``.

    Values unknown to a task come from all incumbents of all optimizers: the highest and the lowest success; both 0
    without any.
    """
    known = [suite.task(name) for name in tasks]
    bounds = np.array([t.test_range if score == TEST else (t.best, t.worst) for t in known], np.float64)
    if not np.isnan(bounds).any():
        return bounds
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in tasks}
    for incumbents in seen:
        for (name, _), scores in incumbents.items():
            if scores is not None:
                found[name].append(scores[np.isfinite(scores)])
    for row, name in zip(bounds, tasks, strict=True):
        scores = np.concatenate([*found[name], np.empty(0)])
        top, low = (scores.max(), scores.min()) if len(scores) else (0.0, 0.0)
        row[0] = max(top, np.nan_to_num(row[1], nan=top)) if np.isnan(row[0]) else row[0]
        row[1] = min(low, row[0]) if np.isnan(row[1]) else row[1]
    return bounds


def with_test_scores(suite: Suite, tasks: Sequence[str]) -> list[str]:
    """Return the tasks with test scores."""
    return [name for name in tasks if suite.task(name).test_range is not None]


def summaries(
    curves: Sequence[Curves], validation: Sequence[Curves], n_tested: int, n_unknown: int = 0
) -> dict[str, Any]:
    """Return the part of results.json of one suite: the headline, and beside it the validation score if that is
    another.

    Args:
        n_tested: Number of tasks with test scores.
        n_unknown: Number of tasks with unknown bounds: see `bounds_of`.
    """
    optimizers, first = summarise(curves), curves[0]
    guessed = {} if first.estimated is None else {"estimated_cells": int(first.estimated.sum())}
    if first.score == TEST:
        beside = summarise(validation)
        for name, summary in optimizers.items():
            summary["validation"] = {key: beside[name][key] for key in BESIDE}
    return {
        "n_tasks": len(first.tasks),
        "n_families": len(set(first.families)),
        "score": first.score,
        "end": first.end,
        "tested_tasks": n_tested,
        "best_seen_tasks": n_unknown,
        **guessed,
        "comparisons": sum(s["p"] is not None for s in optimizers.values()),
        "optimizers": optimizers,
    }
