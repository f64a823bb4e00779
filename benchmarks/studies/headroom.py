"""Oracle regret: the gain that is left for an optimizer with knowledge of all validation scores.

It takes the configuration that improves most, per cost where the budget is in cost; its incumbent is judged by the test
score, as all others' are. On a validation task of each family, a run of 33 evaluations, cold and after five random
configurations, and one of 33 mean costs of a full evaluation. Ratios are pooled over suites, with intervals over
families.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import bare, standing, starred
from runs import mean_auc, of_families
from time_parts import COST, BestOf, courses

from hpo_gym.bench import TEST, Curves, pooled
from hpo_gym.optimize import Optimizer, make_optimizer
from hpo_gym.problem import Task
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("SVM", "Linear", "Boosting", "MLP", "NAS", "Vision")
"""Suites with costs and test scores whose validation tasks are of more than one family."""
POOLED = SUITES[:4]
"""Those where the best validation score is not the best test score as well: a ratio to nothing is none."""
KNOWS = "knows all validation scores"
OPTIMIZERS = ("transfer-time", "transfer-mix", "portfolio")
BY_COST = ("transfer-mix-per-cost", "portfolio-per-cost")
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "33 evaluations": {"cost": None},
    "33 after five": {"cost": None, "n_init": 5},
    "33 mean costs": {"cost": COST},
}
ANCHOR = "transfer-mix"
CHEAP = {("33 evaluations", "auc", "Linear"): ("portfolio", KNOWS)}


def cells() -> Iterator[frame.Address]:
    """Yield settings and suites, and the ratios of each setting."""
    for setting in SETTINGS:
        yield from ((setting, "auc", suite) for suite in SUITES)
        yield setting, "pooled"


def cell(setting: str, part: str, suite: str = "", names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the mean AUC by optimizer on a suite, or the pooled ratios of a setting."""
    if part == "auc":
        return mean_auc(curves(setting, suite, names))
    found = pooled({name: curves(setting, name) for name in POOLED}, anchors=(ANCHOR,), least=2)
    ratios: dict[str, Any] = found["anchors"][ANCHOR]["optimizers"]
    return ratios


@functools.cache
def curves(setting: str, suite: str, names: tuple[str, ...] = ()) -> tuple[Curves, ...]:
    """Return the test regret on a validation task of each family, one run each."""
    options, tasks, prior = SETTINGS[setting], of_families(suite), load_suite(suite).prior()
    priced = options["cost"] is not None
    reported, families = tuple(t.name for t in tasks), tuple(t.family for t in tasks)
    out = []
    for row in names or (KNOWS, *OPTIMIZERS, *(BY_COST if priced else ())):
        regret = np.stack([courses(made(row, t, priced), t, prior, **options)[1] for t in tasks])[:, None]
        out.append(Curves(suite, row, reported, regret, families, TEST, cost=options["cost"]))
    return tuple(out)


def made(name: str, task: Task, priced: bool) -> Optimizer:
    """Return the optimizer of a row on a task."""
    return BestOf(task, sys.maxsize, priced=priced) if name == KNOWS else make_optimizer(name)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each setting and optimizer."""
    rows = [
        (
            setting,
            name if name == KNOWS else f"`{name}`",
            *(bare(part["auc"][s][name]) for s in SUITES),
            starred(part["pooled"][name]),
        )
        for setting, part in found.items()
        for name in standing(part["pooled"])
    ]
    heads = ("budget", "optimizer", *(f"`{s}`" for s in SUITES), f"to `{ANCHOR}`, first four")
    return {"headroom": Table.of(heads, rows)}
