"""The value of earlier tasks by their number and the budget: about five minutes of one core.

On a validation task of each of up to eight families of `SVM`, `Linear` and `Boosting`, from a cold start, none, 5, 50
or all of the training tasks are known, drawn anew for each task, the same for all optimizers. Budgets are 5, 33 and 100
evaluations, or 33 mean costs of a full evaluation. Results are the AUC of the regret by the validation score on each
task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import frame
from frame import Table
from ratios import against, alike, code, joined, shown
from runs import FIRST, about, auc_of, made, of_families, some

from hpo_gym.base import seeding
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite
from hpo_gym.tuning import taken

LOOKS = "validation tasks"
SUITES, FAMILIES = ("SVM", "Linear", "Boosting"), 8
KNOWN = ("0", "5", "50", "all")
COST = "33 units of cost"
BUDGETS: Mapping[str, Mapping[str, Any]] = {
    "5": {"budget": 5}, "33": {"budget": 33}, "100": {"budget": 100}, COST: {"budget_cost": 33.0},
}  # fmt: skip
CHEAP = {("5", "5", "SVM"): ()}
KNOWING, ALONE = ("portfolio", "gp-warm", "transfer-mix", "transfer-time"), ("random", "gp-ei", FIRST)
IN_COST, ALONE_IN_COST = (
    ("portfolio-per-cost", "transfer-mix", "transfer-mix-per-cost", "transfer-time"),
    ("random", "random-cheapest", "gp-ei-per-cost", "asha"),
)


cells = frame.grid(BUDGETS, KNOWN, SUITES)


def cell(budget: str, known: str, suite: str) -> dict[str, Any]:
    """Return `tasks`, `families`, and by optimizer the `auc` on each task."""
    tasks = of_families(suite, FAMILIES)
    priors = [drawn(load_suite(suite).prior(), known, task) for task in tasks]
    in_cost = budget == COST
    names = (ALONE_IN_COST if in_cost else ALONE) if known == "0" else (IN_COST if in_cost else KNOWING)
    pairs = list(zip(tasks, priors, strict=True))
    aucs = {n: [round(auc_of(made(n, t), t, p, **BUDGETS[budget]), 5) for t, p in pairs] for n in names}
    return {**about(tasks), "auc": aucs}


def drawn(prior: Sequence[Evaluations], known: str, task: Task) -> tuple[Evaluations, ...]:
    """Draw so many of the training tasks, the same for all optimizers on this task."""
    if known == KNOWN[-1]:
        return tuple(prior)
    return some(prior, int(known), seeding.generator(seeding.key("earlier tasks", task.suite, task.name, known)))


# ---------------------------------------------------------------------- the table
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return for each number of earlier tasks and budget the lowest AUC, and the optimizers not told apart from it."""
    rows = []
    for known in KNOWN:
        for budget in BUDGETS:
            best, ratios, near = standing(joined(found[budget]["0"], found[budget][known]))
            n = 61 if known == "all" else int(known)
            choice = FIRST if not n else taken(n, n, in_cost=budget == COST)
            name = budget if budget == COST else f"{budget} evaluations"
            lowest = (code([best]), shown(ratios, best), code(near) or "none")
            rows.append((known, name, *lowest, code([choice]), shown(ratios, choice)))
    heads = ("lowest AUC", "of random search's", "not told apart from it", "`auto` takes", "of random search's")
    return {"when": Table.of(("earlier tasks", "budget", *heads), rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return ratios to random search without and with all earlier tasks, with their intervals."""
    alone = against(found["33"]["0"], ALONE[0])
    paid = against(joined(found[COST]["0"], found[COST]["all"]), ALONE[0])
    out = {f"alone.{name}": row["ratio"] for name, row in alone.items()}
    out |= {f"in_cost.{name}": row["ratio"] for name, row in paid.items()}
    for known in KNOWN[1:]:
        _, ratios, _ = standing(joined(found["33"]["0"], found["33"][known]))
        out |= {f"with_{known}.{name}": row["ratio"] for name, row in ratios.items()}
    return out


def standing(parts: Any) -> tuple[str, Mapping[str, Any], list[str]]:
    """Return the optimizer of the lowest pooled AUC, all ratios to random search, and the others near it."""
    ratios = against(parts, ALONE[0])
    order = sorted(ratios, key=lambda n: (ratios[n]["ratio"][0], n))
    to_best = against(parts, order[0])
    return order[0], ratios, [n for n in order[1:] if alike(to_best[n]["ratio"])]
