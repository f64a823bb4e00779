"""Figures of the guide from the shipped reference runs and tables, and from other studies.

Reading the runs takes two minutes, so the results of each suite are kept, with a hash of the runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import frame
import numpy as np
import runs
from frame import Table
from pool_seeds import TAUGHT
from ratios import against, beside, code, shown

from hpo_gym.bench import FOLDER, POOLED, auc
from hpo_gym.problem import Task
from hpo_gym.suites import load_suite

LOOKS = "shows what reference.py looked at"
PRETRAINED = Path(__file__).resolve().parents[2] / "agents" / "hpo_agents" / "pretrained"
LISTS = (
    "q-learning",
    "q-portfolio",
    "dqn",
    "a2c",
    "ppo",
    "maskable-ppo",
    "ppo-bare",
)
POOLS = ("ppo-pool-tables", "untrained", "ppo-pool")
META = ("maml", "fomaml", "maml-rl")
MEMORY = ("recurrent-ppo",)
CLOSED = ("transfer-mix", "ebgp", "task-mixture", "gp-warm", "rgpe", "fsbo", "average-rank")
ALONE = ("random", "default", "gp-ei", "tpe", "cma-es", "ga", "asha", "hyperband", "successive-halving", "bohb")
TAKEN = ("portfolio", *ALONE, *CLOSED, *LISTS, *POOLS, *META, *MEMORY)
"""Whose runs are taken."""
PAID = ("SVM", "Linear", "Boosting", "MLP", "AutoML")
"""Suites for which the break-even is worked out: ten test families or more, and costs in seconds."""


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
"""Suites by kind; without those of one test family, and `LM`, where the portfolio leaves nothing to gain."""
SHOWN = ("transfer-mix", "portfolio", "ppo-pool-tables", "untrained", "gp-ei", "asha")
HALVING = ("asha", "bohb", "hyperband", "successive-halving")
TIMED = (
    "random", "portfolio", "q-learning", "gp-warm", "task-mixture", "transfer-mix", "ppo-pool-tables", "untrained",
    "ppo-bare", "gp-ei", "tpe", "maml", "ga", "rgpe",
)  # fmt: skip


BASE, LEARNED = "untrained", "ppo-pool-tables"
COMMON = ("AutoML", "Boosting", "MLP", "SVM")
"""The suites on which all of these ran."""
RESULTS = (
    "portfolio", "gp-ei", "maml", "fomaml", "maml-rl", "recurrent-ppo", "ppo-bare", "maskable-ppo",
    "q-learning", "q-portfolio", "transfer-mix", LEARNED, BASE,
)  # fmt: skip
CHEAP = {("suites", "NAS"): ()}

Found = Mapping[str, Any]


cells = frame.grid(("suites",), sorted(path.stem for path in FOLDER.glob("*.json")))


def cell(_: str, suite: str) -> dict[str, Any]:
    """Return tasks, families, AUC of each, the mean course of the regret, times; and facts of the table."""
    results = runs.reference_run(suite, "cold")
    taken, times = (
        {c.optimizer: c for c in results.curves[suite] if c.optimizer in TAKEN},
        results.data["timings"][suite],
    )
    first = next(iter(taken.values()))
    out = {
        "tasks": list(first.tasks),
        "families": list(first.families),
        "auc": {n: np.round(auc(c), 5).tolist() for n, c in taken.items()},
        "ms": {n: [round(times[n]["ms_per_suggestion"][p], 3) for p in ("p50", "p95")] for n in taken},
        "training": {n: round(times[n]["train_seconds"], 1) for n in taken if times[n]["train_seconds"]},
        "table": about(suite),
    }
    course = {n: np.round(c.regret.mean((0, 1)), 5).tolist() for n, c in taken.items()}
    return {**out, "course": course} if suite in PAID else out


def about(suite: str) -> dict[str, Any]:
    """Return the space of a suite, and the seconds that measuring its earlier tasks took."""
    loaded = load_suite(suite)
    train, test = loaded.tasks("train"), loaded.tasks("test")
    space = train[0].space
    active = space.active(space.sample(np.random.default_rng(0), 1000))
    return {
        "hyperparameters": space.d,
        "conditional": int((~active.all(0)).sum()),
        "rows": len(train[0].pool) if train[0].pool is not None else None,
        "fidelities": len(train[0].fidelities),
        "train": len(train),
        "seconds": round(sum(_spent(t) for t in train), 1) if suite in PAID else None,
        "evaluation": round(float(np.mean([t.cost_unit for t in test])), 4) if suite in PAID else None,
    }


def _spent(task: Task) -> float:
    """Return the seconds of all full evaluations of a table."""
    return float(np.nansum(task.evaluations().cost))


# ---------------------------------------------------------------------- which method when
def tables(stored: Found) -> dict[str, Table]:
    """Return all tables of the guide that no other study has."""
    suites = stored["suites"]
    return {
        "kinds": kinds(suites), "fidelities": fidelities(suites), "times": times(suites), "results": results(suites),
    }  # fmt: skip


def kinds(suites: Found) -> Table:
    """AUC as a ratio to random search by kind of space, from the shipped reference runs."""
    rows = []
    for kind, names in KINDS.items():
        parts, about = {s: suites[s] for s in names}, [suites[s]["table"] for s in names]
        ratios = against(parts, "random", SHOWN)
        size = ", ".join(f"{a['hyperparameters']} ({a['conditional']})" for a in about)
        families = len({f for part in parts.values() for f in part["families"]})
        known = ", ".join(str(a["train"]) for a in about)
        rows.append((kind, code(names), size, known, str(families), *(shown(ratios, n) for n in SHOWN)))
    heads = ("tuned", "suites", "hyperparameters (conditional)", "earlier tasks", "test families")
    return Table.of((*heads, *(f"`{n}`" for n in SHOWN)), rows)


def fidelities(suites: Found) -> Table:
    """The gain of halving, on suites with lower fidelities."""
    several, names = {s: p for s, p in suites.items() if p["table"]["fidelities"] > 1}, (*HALVING, "portfolio")
    ratios = against(several, "random", names, POOLED)
    order = sorted(names, key=lambda n: ratios[n]["ratio"][0])
    rows = [(f"`{name}`", shown(ratios, name), str(ratios[name]["n_suites"])) for name in order]
    return Table.of(("optimizer", "AUC, of random search's", "suites"), rows)


def times(suites: Found) -> Table:
    """Milliseconds of a suggestion, over all suites of an optimizer, and its AUC."""
    ratios = against({s: p for s, p in suites.items() if s != "Functions"}, "random", TIMED, POOLED)
    medians = {n: float(np.median([p["ms"][n][0] for p in suites.values() if n in p["ms"]])) for n in TIMED}
    rows = []
    for name in beside(sorted(TIMED, key=lambda n: medians[n])):
        slow = max(p["ms"][name][1] for p in suites.values() if name in p["ms"])
        trained = [p["training"][name] for p in suites.values() if name in p["training"]]
        training = f"{np.median(trained):.0f}" if trained else ""
        held = (shown(ratios, name), str(ratios[name]["n_suites"]))
        rows.append((f"`{name}`", f"{medians[name]:.2f}", f"{slow:.0f}", training, *held))
    heads = ("optimizer", "ms, median", "ms, 95 %, slowest suite", "training, seconds a suite")
    return Table.of((*heads, "AUC, of random search's", "suites"), rows)


def results(suites: Found) -> Table:
    """AUC and training seconds on the suites on which all ran."""
    parts, rows = {s: suites[s] for s in COMMON}, list[tuple[str, ...]]()
    by = {anchor: against(parts, anchor, RESULTS) for anchor in ("random", "portfolio")}
    for name in beside(sorted(RESULTS, key=lambda n: by["random"][n]["ratio"][0])):
        trained = [suites[s]["training"][name] for s in COMMON if name in suites[s]["training"]]
        seconds = f"{min(trained):.0f} to {max(trained):.0f}" if trained else ""
        if name == LEARNED:
            seconds = f"{training_of(name, {}):.0f} for {len(TAUGHT)} suites at once"
        rows.append((f"`{name}`", shown(by["random"], name), shown(by["portfolio"], name), seconds))
    return Table.of(("optimizer", "AUC, of random search's", "of the portfolio's", "training, seconds a suite"), rows)


def training_of(agent: str, part: Found) -> float:
    """Return the processor seconds of a training: of a shipped policy, those of all its suites."""
    path = PRETRAINED / agent / "training.json"
    if path.is_file():
        return float(json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"])
    return float(part["training"].get(agent, 0.0))
