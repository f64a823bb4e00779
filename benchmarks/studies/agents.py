"""Renews the tables of `docs/agents.md`: what agents reach on every test data set.

    python benchmarks/studies/agents.py results/*          # take finished comparisons, one suite each; write the tables
    python benchmarks/studies/agents.py --seeds results/*  # the same of several trainings of the pool policy
    python benchmarks/studies/agents.py [--check]          # write them from what is stored, or name a page out of date

Of a comparison the AUC of each optimizer on each data set is kept, the mean over its replicates: of the test regret
where a suite has test scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from marks import ratio, renewed, standing

from hpo_gym.bench.metrics import Curves, auc, compare
from hpo_gym.bench.pooling import pooled
from hpo_gym.bench.protocol import STARTS
from hpo_gym.bench.report.words import interval
from hpo_gym.bench.runner import report
from hpo_gym.optimizer import OPTIMIZERS

HERE = Path(__file__).resolve().parent
FOUND, PAGE = HERE / "agents.json", HERE.parents[1] / "docs" / "agents.md"
BESIDE = ("random", "default", "portfolio", "gp-ei", "transfer-mix")
"""Who stands beside the agents."""
POOL = ("ppo-pool-tables", "seed-1", "seed-2", "untrained", "portfolio", "transfer-mix", "random")
"""Trainings of the pool policy, and who stands beside them; their folders have these names."""
TAUGHT = ("SVM", "Boosting", "Linear", "MLP")
"""What the pool policy was trained on."""
FORMULAS = ("Functions",)
"""Suites that are no tables."""


def collect(folders: list[Path], place: str | None) -> dict[str, Any]:
    """By start (or in `place`) and suite: `tasks`, their `families`, and by optimizer the `auc` on each."""
    found: dict[str, Any] = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    for folder in folders:
        results = report(folder)
        start = place or results.data["protocol"]["start"]
        if results.failed_cells:
            sys.exit(f"{folder} must be whole, {results.failed_cells} cells failed or are missing")
        for suite, curves in results.curves.items():
            tasks = list(curves[0].tasks)
            part = found.setdefault(start, {}).setdefault(suite, {})
            if part.get("tasks") != tasks:
                part.update(tasks=tasks, families=list(curves[0].families), auc={})
            part["auc"].update({c.optimizer: np.round(auc(c), 5).tolist() for c in curves})
    return found


def curves_of(parts: dict[str, Any], suites: Iterable[str]) -> dict[str, list[Curves]]:
    """AUC as curves of one trial, so that the statistics of the benchmark take them."""
    return {
        suite: [
            Curves(suite, name, tuple(part["tasks"]), np.array(aucs)[:, None, None], tuple(part["families"]))
            for name, aucs in part["auc"].items()
        ]
        for suite, part in ((suite, parts[suite]) for suite in suites)
    }


def table(parts: dict[str, Any]) -> Iterator[str]:
    """Pooled ratios to the portfolio and to random search, and the AUC on each suite; the best first."""
    found = pooled(curves_of(parts, parts), FORMULAS)
    by = {anchor: part["optimizers"] for anchor, part in found["anchors"].items()}
    heads = [f"{suite} ({len(part['tasks'])})" for suite, part in parts.items()]
    yield f"| optimizer | {' | '.join(f'ratio to `{a}`' for a in by)} | suites | {' | '.join(heads)} |"
    yield "|---|" + "---|" * len(by) + "---:|" * (1 + len(heads))
    for name in standing(by["portfolio"]):
        ratios = [ratio(rows[name]) for rows in by.values()]
        cells = [f"{np.mean(p['auc'][name]):.3f}" if name in p["auc"] else "" for p in parts.values()]
        yield f"| {label(name)} | {' | '.join(ratios)} | {by['portfolio'][name]['n_suites']} | {' | '.join(cells)} |"


def shares(parts: dict[str, Any]) -> Iterator[str]:
    """Share of random search's AUC on suites of several test families; the best first by the pooled ratio."""
    suites = [s for s, part in parts.items() if len(set(part["families"])) > 1]
    yield f"| optimizer | {' | '.join(suites)} |"
    yield "|---|" + "---|" * len(suites)
    curves = {s: {c.optimizer: c for c in group} for s, group in curves_of(parts, suites).items()}
    for name in standing(pooled(curves_of(parts, suites), FORMULAS)["anchors"]["random"]["optimizers"]):
        cells = [compare(c[name], c["random"])["ratio"] if name in c else None for c in curves.values()]
        if name != "random":
            yield f"| {label(name)} | {' | '.join('' if c is None else interval(c, 2) for c in cells)} |"


def seeds(parts: dict[str, Any]) -> Iterator[str]:
    """AUC of trainings of the pool policy on each suite, then their pooled ratios."""
    yield f"| suite | data sets | {' | '.join(f'`{name}`' for name in POOL)} |"
    yield "|---|---:|" + "---:|" * len(POOL)
    others = sorted(parts.keys() - set(TAUGHT) - set(FORMULAS))
    for suite in (*TAUGHT, *others, *FORMULAS):
        cells = [f"{np.mean(parts[suite]['auc'][name]):.4f}" for name in POOL]
        yield f"| {suite} | {len(parts[suite]['tasks'])} | {' | '.join(cells)} |"
    for what, suites, other in (
        ("the first four", list(TAUGHT), "untrained"),
        ("the others that are pooled", others, "untrained"),
        ("all that are pooled", list(parts), "portfolio"),
    ):
        found = pooled(curves_of(parts, suites), FORMULAS, (other,))
        rows = found["anchors"][other]["optimizers"]
        size = sum(len(parts[s]["tasks"]) for s in found["suites"])
        cells = ["" if name == other else ratio(rows[name]) for name in POOL]
        yield f"| {what}: ratio to `{other}` | {size} | {' | '.join(cells)} |"


def label(name: str) -> str:
    """Agents are bold, those that are shipped trained among them."""
    known = OPTIMIZERS.entries().get(name)
    return f"`{name}`" if known and known.package != "hpo_agents" else f"**`{name}`**"


def main(arguments: list[str]) -> None:
    """Take what is named, write the page, or end with a word that it is out of date."""
    place = "pool" if "--seeds" in arguments else None
    found = collect([Path(a) for a in arguments if not a.startswith("--")], place)
    before = PAGE.read_text(encoding="utf-8")
    tables = [(f"agents {start}", table(found[start])) for start in STARTS]
    text = renewed(before, [*tables, ("seeds", seeds(found["pool"])), ("shares", shares(found["cold"]))])
    if "--check" in arguments:
        sys.exit(f"out of date: {PAGE.name}; run `python benchmarks/studies/agents.py`" if text != before else 0)
    FOUND.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
