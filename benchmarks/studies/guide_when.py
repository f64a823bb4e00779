"""Of the guide: which method when, by earlier tasks, budget, kind of space, fidelities and time of a suggestion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from earlier_tasks import ALONE, BUDGETS, COST, FIRST, KNOWN
from guide_ratios import against, alike, code, joined, shown

from hpo_gym.tuning import taken

Found = Mapping[str, Any]
KINDS: Mapping[str, tuple[str, ...]] = {
    "learning curves of networks": ("Curves",),
    "kernel and linear models": ("SVM", "Linear"),
    "boosted trees": ("Boosting", "Studies"),
    "networks": ("MLP", "NAS", "Vision"),
    "fine-tuning of networks": ("FineTune",),
    "pipelines, most hyperparameters conditional": ("AutoML", "Pipelines", "Text"),
    "policies for control": ("Control",),
    "formulas": ("Functions",),
}
"""Suites by what is tuned; those of one test family, and `LM`, where the portfolio leaves nothing to gain, are none."""
SHOWN = ("transfer-mix", "portfolio", "ppo-pool-tables", "gp-ei", "asha")
HALVING = ("asha", "bohb", "hyperband", "successive-halving")
TIMED = (
    "random", "portfolio", "q-learning", "gp-warm", "task-mixture", "transfer-mix", "ppo-pool-tables", "ppo-bare",
    "gp-ei", "tpe", "maml", "ga", "rgpe",
)  # fmt: skip


def when(found: Found) -> Iterator[str]:
    """A row for each number of earlier tasks and budget: who has the lowest AUC, and who cannot be told from it."""
    heads = ["earlier tasks", "budget", "lowest AUC", "of random search's", "not told apart from it", "`auto` takes"]
    yield f"| {' | '.join(heads)} | of random search's |"
    yield "|---|---|---|---:|---|---|---:|"
    for known in KNOWN:
        for budget in BUDGETS:
            parts = joined(found[budget]["0"], found[budget][known])
            best, rows, near = standing(parts)
            n = 61 if known == "all" else int(known)
            choice = FIRST if known == "0" else taken(n, in_cost=budget == COST)
            name = budget if budget == COST else f"{budget} evaluations"
            cells = [known, name, code([best]), shown(rows, best), code(near) or "none", code([choice])]
            cells.append(shown(rows, choice))
            yield f"| {' | '.join(cells)} |"


def standing(parts: Any) -> tuple[str, Mapping[str, Any], list[str]]:
    """Who has the lowest pooled AUC, all ratios to random search, and who cannot be told from the former."""
    rows = against(parts, ALONE[0])
    order = sorted(rows, key=lambda n: (rows[n]["ratio"][0], n))
    best = order[0]
    to_best = against(parts, best)
    return best, rows, [n for n in order[1:] if alike(to_best[n]["ratio"])]


def kinds(suites: Found) -> Iterator[str]:
    """A row for each kind of space: AUC as a ratio to random search, of the shipped reference runs."""
    heads = ["tuned", "suites", "hyperparameters (conditional)", "earlier tasks", "test families"]
    yield f"| {' | '.join([*heads, *(f'`{n}`' for n in SHOWN)])} |"
    yield f"|---|---|---|---|---:|{'---:|' * len(SHOWN)}"
    for kind, names in KINDS.items():
        parts = {s: suites[s] for s in names}
        rows = against(parts, "random", SHOWN)
        about = [suites[s]["table"] for s in names]
        size = ", ".join(f"{a['hyperparameters']} ({a['conditional']})" for a in about)
        known = ", ".join(str(a["train"]) for a in about)
        families = len({f for part in parts.values() for f in part["families"]})
        cells = [kind, code(names), size, known, str(families), *(shown(rows, n) for n in SHOWN)]
        yield f"| {' | '.join(cells)} |"


def fidelities(suites: Found) -> Iterator[str]:
    """What halving is worth, on suites with lower fidelities."""
    several = {s: p for s, p in suites.items() if p["table"]["fidelities"] > 1}
    rows = against(several, "random", (*HALVING, "portfolio"))
    yield "| optimizer | AUC, of random search's | suites |"
    yield "|---|---:|---:|"
    for name in sorted((*HALVING, "portfolio"), key=lambda n: rows[n]["ratio"][0]):
        yield f"| `{name}` | {shown(rows, name)} | {rows[name]['n_suites']} |"


def times(suites: Found) -> Iterator[str]:
    """Milliseconds of a suggestion, over all suites on which an optimizer ran, and its AUC."""
    rows = against({s: p for s, p in suites.items() if s != "Functions"}, "random", TIMED)
    heads = ["optimizer", "ms, median", "ms, 95 %, slowest suite", "training, seconds a suite"]
    yield f"| {' | '.join(heads)} | AUC, of random search's | suites |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in sorted(TIMED, key=lambda n: median_ms(suites, n)):
        ran = [p for p in suites.values() if name in p["ms"]]
        slow = max(p["ms"][name][1] for p in ran)
        trained = [p["training"][name] for p in ran if name in p["training"]]
        training = f"{np.median(trained):.0f}" if trained else ""
        ms = f"{median_ms(suites, name):.2f} | {slow:.0f}"
        yield f"| `{name}` | {ms} | {training} | {shown(rows, name)} | {rows[name]['n_suites']} |"


def median_ms(suites: Found, name: str) -> float:
    """The median over suites of the medians."""
    return float(np.median([p["ms"][name][0] for p in suites.values() if name in p["ms"]]))
