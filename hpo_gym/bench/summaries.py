"""From incumbents to curves, and from curves to the part of results.json of a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.metrics import TEST, VALIDATION, Curves, normalised_regret, summarise

if TYPE_CHECKING:
    from hpo_gym.suite import Suite

BESIDE = ("auc", "log_auc", "rank", "gain", "regret", "solved", "p_better", "ratio")
"""What is told of the validation score as well where the test score is the headline."""

Incumbents = Mapping[tuple[str, int], Any]
"""Scores of the incumbent after each trial, by task and replicate."""


@dataclass(frozen=True)
class Findings:
    """What was found, computed from the stored trials, never from rewards.

    Attributes:
        data: The content of results.json.
        curves: Normalised regret of each optimizer by suite: on the test score where a suite has one, else on the
            validation score.
        validation: The same on the validation score, of all suites.
        errors: Messages of failed cells.
    """

    data: dict[str, Any]
    curves: dict[str, list[Curves]]
    validation: dict[str, list[Curves]]
    errors: tuple[str, ...] = ()


def curves_of(
    suite: Suite,
    optimizer: str,
    tasks: Sequence[str],
    incumbents: Incumbents,
    seeds: int,
    budget: int,
    score: str = VALIDATION,
) -> Curves:
    """Regret curves from the incumbents of each (task, replicate); one that is missing or None failed.

    Args:
        score: What the incumbents are scored by: the regret is that of the tasks' best and worst of this score.
    """
    scores = np.full((len(tasks), seeds, budget), np.nan)
    for i, name in enumerate(tasks):
        for r in range(seeds):
            found = incumbents.get((name, r))
            if found is not None:
                scores[i, r] = found
    known = [suite.task(name) for name in tasks]
    ranges = [(t.best, t.worst) for t in known] if score == VALIDATION else [t.test_range for t in known]
    best, worst = np.array(ranges, np.float64).T
    regret = normalised_regret(scores, best, worst)
    return Curves(suite.name, optimizer, tuple(tasks), regret, tuple(t.family for t in known), score)


def with_test_scores(suite: Suite, tasks: Sequence[str]) -> list[str]:
    """The tasks that have test scores."""
    return [name for name in tasks if suite.task(name).test_range is not None]


def summaries(curves: Sequence[Curves], validation: Sequence[Curves], n_tested: int) -> dict[str, Any]:
    """The part of results.json of one suite: the headline, and beside it the validation score where that is another.

    Args:
        n_tested: How many of the tasks have test scores.
    """
    optimizers, first = summarise(curves), curves[0]
    if first.score == TEST:
        beside = summarise(validation)
        for name, summary in optimizers.items():
            summary["validation"] = {key: beside[name][key] for key in BESIDE}
    return {
        "n_tasks": len(first.tasks),
        "n_families": len(set(first.families)),
        "score": first.score,
        "tested_tasks": n_tested,
        "comparisons": sum(s["p"] is not None for s in optimizers.values()),
        "optimizers": optimizers,
    }
