"""What earlier tasks are worth by their number and the budget: `earlier_tasks.py`, about five minutes of one core.

On a validation task of each of up to eight families of `SVM`, `Linear` and `Boosting`, from a cold start, none, 5, 50
or all of the training tasks are known, drawn anew for each task, the same for all optimizers. Budgets are 5, 33 and 100
evaluations, or 33 mean costs of a full evaluation. `earlier_tasks.json` keeps the AUC of the regret by the validation
score on each task, which `guide.py` shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from auto import DefaultFirst

from hpo_gym.base import seeding
from hpo_gym.bench import regret_of
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
SUITES, FAMILIES = ("SVM", "Linear", "Boosting"), 8
KNOWN = ("0", "5", "50", "all")
COST = "33 units of cost"
BUDGETS: Mapping[str, Mapping[str, Any]] = {
    "5": {"budget": 5}, "33": {"budget": 33}, "100": {"budget": 100}, COST: {"budget_cost": 33.0},
}  # fmt: skip
FIRST = "gp-ei+default"
"""`gp-ei` whose first trial is the default configuration: what "auto" takes where nothing is known."""
KNOWING, ALONE = ("portfolio", "gp-warm", "transfer-mix", "transfer-time"), ("random", "gp-ei", FIRST)
IN_COST, ALONE_IN_COST = (
    ("portfolio-per-cost", "transfer-mix", "transfer-mix-per-cost", "transfer-time"),
    ("random", "random-cheapest", "gp-ei-per-cost", "asha"),
)


def families(suite: str) -> list[Task]:
    """A validation task of each family, at most eight."""
    return list({t.family: t for t in load_suite(suite).tasks("val")}.values())[:FAMILIES]


def drawn(prior: Sequence[Evaluations], known: str, task: Task) -> tuple[Evaluations, ...]:
    """So many of the training tasks, the same for all who tune this task."""
    if known == KNOWN[-1]:
        return tuple(prior)
    rng = seeding.generator(seeding.key("earlier tasks", task.suite, task.name, known))
    return tuple(prior[i] for i in np.sort(rng.choice(len(prior), int(known), replace=False)))


def auc(name: str, task: Task, prior: Sequence[Evaluations], budget: str) -> float:
    """Mean regret over the budget."""
    plain = name.removesuffix("+default")
    made: Any = make_optimizer(plain)
    history = rollout(made if plain == name else DefaultFirst(made, task), task, prior=prior, **BUDGETS[budget])
    return round(float(regret_of(history, task, **BUDGETS[budget]).mean()), 5)


def carry_out() -> dict[str, Any]:
    """By budget and number of known tasks, by suite: `tasks`, `families`, and by optimizer the `auc` on each."""
    out: dict[str, Any] = {}
    for budget in BUDGETS:
        for known in KNOWN:
            for suite in SUITES:
                tasks, all_known = families(suite), load_suite(suite).prior()
                names = (ALONE_IN_COST if budget == COST else ALONE) if known == "0" else _knowing(budget)
                part: dict[str, Any] = {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks]}
                priors = [drawn(all_known, known, t) for t in tasks]
                part["auc"] = {n: [auc(n, t, p, budget) for t, p in zip(tasks, priors, strict=True)] for n in names}
                out.setdefault(budget, {}).setdefault(known, {})[suite] = part
                print(
                    budget, known, suite, {n: round(float(np.mean(v)), 4) for n, v in part["auc"].items()}, flush=True
                )
    return out


def _knowing(budget: str) -> tuple[str, ...]:
    """Who may know earlier tasks."""
    return IN_COST if budget == COST else KNOWING


if __name__ == "__main__":
    FOUND.write_text(json.dumps(carry_out(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
