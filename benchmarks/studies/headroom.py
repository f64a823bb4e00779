"""What is left to gain for anyone: `headroom.py [--check]`.

Who knows all validation scores beforehand takes the configuration that improves most, per cost where the budget is in
cost; what it would hand over is judged by the test score, as everybody's is. On a validation task of each family, a run
of 33 evaluations, cold and after five random configurations, and one of 33 mean costs of a full evaluation. Ratios are
pooled over suites, with intervals over families. The table goes into docs/seconds.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import ratio, renew, standing
from time_parts import COST, BestOf, courses

from hpo_gym.bench import TEST, Curves, pooled
from hpo_gym.optimize import Optimizer, make_optimizer
from hpo_gym.problem import Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "seconds.md"
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


def made(name: str, task: Task, priced: bool) -> Optimizer:
    """The optimizer of a row on a task."""
    return BestOf(task, sys.maxsize, priced=priced) if name == KNOWS else make_optimizer(name)


def carry_out() -> dict[str, Any]:
    """By setting the AUC of each optimizer on each suite, and pooled ratios."""
    found: dict[str, Any] = {}
    for setting, options in SETTINGS.items():
        curves: dict[str, list[Curves]] = {}
        priced = options["cost"] is not None
        for suite in map(load_suite, SUITES):
            tasks, prior = list({t.family: t for t in suite.tasks("val")}.values()), suite.prior()
            names, families = tuple(t.name for t in tasks), tuple(t.family for t in tasks)
            curves[suite.name] = []
            for row in (KNOWS, *OPTIMIZERS, *(BY_COST if priced else ())):
                regret = np.stack([courses(made(row, t, priced), t, prior, **options)[1] for t in tasks])[:, None]
                curves[suite.name].append(Curves(suite.name, row, names, regret, families, TEST, cost=options["cost"]))
            print(setting, suite.name, told(curves[suite.name]), flush=True)
        together = pooled({name: curves[name] for name in POOLED}, anchors=(ANCHOR,))["anchors"][ANCHOR]["optimizers"]
        found[setting] = {"auc": {name: told(group) for name, group in curves.items()}, "pooled": together}
    return found


def told(group: Sequence[Curves]) -> dict[str, float]:
    """Mean AUC by optimizer."""
    return {c.optimizer: round(float(c.regret.mean()), 5) for c in group}


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each setting and optimizer."""
    yield f"| budget | optimizer | {' | '.join(f'`{s}`' for s in SUITES)} | to `{ANCHOR}`, first four |"
    yield "|---|---|" + "---:|" * (len(SUITES) + 1)
    for setting, part in found.items():
        for name in standing(part["pooled"]):
            cells = [f"{part['auc'][s][name]:.4f}".removeprefix("0") for s in SUITES]
            label = name if name == KNOWS else f"`{name}`"
            yield f"| {setting} | {label} | {' | '.join(cells)} | {ratio(part['pooled'][name])} |"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FOUND.write_text(json.dumps(carry_out(), indent=1) + "\n", encoding="utf-8")
    parts = [("headroom", lines(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "headroom.py", check="--check" in sys.argv)
