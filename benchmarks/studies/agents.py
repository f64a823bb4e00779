"""Renews the tables of `docs/agents.md`: what agents reach on every test data set.

    python benchmarks/studies/agents.py results/*          # take finished comparisons, one suite each; write the tables
    python benchmarks/studies/agents.py --seeds results/*  # the same of several trainings of the pool policy
    python benchmarks/studies/agents.py [--check]          # write them from what is stored, or name a page out of date

Of a comparison the AUC of each optimizer on each data set is kept, the mean over its replicates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from marks import interval, renewed

from hpo_gym.bench.metrics import Curves, auc, compare, summarise
from hpo_gym.bench.protocol import STARTS
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


def collect(folders: list[Path], place: str | None) -> dict[str, Any]:
    """By start (or in `place`) and suite: `tasks`, their `weights`, and by optimizer the `auc` on each."""
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
                part.update(tasks=tasks, weights=results.weights[suite].tolist(), auc={})
            part["auc"].update({c.optimizer: np.round(auc(c), 5).tolist() for c in curves})
    return found


def values(suite: str, tasks: list[str], name: str, aucs: list[float]) -> Curves:
    """AUC as a curve of one trial, so that the statistics of the benchmark take it."""
    return Curves(suite, name, tuple(tasks), np.array(aucs)[:, None, None])


def pooled(parts: dict[str, Any], suites: list[str]) -> tuple[list[Curves], np.ndarray[Any, Any]]:
    """All tasks of some suites as one, of those who ran on each; and their weights: all suites weigh alike."""
    names = set.intersection(*(set(parts[s]["auc"]) for s in suites))
    tasks = [f"{s}/{t}" for s in suites for t in parts[s]["tasks"]]
    weights = np.concatenate([np.array(parts[s]["weights"]) / np.sum(parts[s]["weights"]) for s in suites])
    return [values("all", tasks, n, [v for s in suites for v in parts[s]["auc"][n]]) for n in sorted(names)], weights


def table(parts: dict[str, Any]) -> Iterator[str]:
    """AUC over all suites and on each, and the gain over the portfolio, on all and on tables; the best first."""
    suites = list(parts)
    overall, tables = [
        summarise(curves, weights=weights)
        for curves, weights in (pooled(parts, suites), pooled(parts, [s for s in suites if s != "Functions"]))
    ]
    heads = [f"{suite} ({len(parts[suite]['tasks'])})" for suite in suites]
    yield f"| optimizer | all suites | gain over the portfolio | gain without `Functions` | {' | '.join(heads)} |"
    yield "|---|---|---|---|" + "---:|" * len(suites)
    names = {n for part in parts.values() for n in part["auc"]}
    for name in sorted(names, key=lambda n: (overall[n]["auc"][0] if n in overall else np.inf, n)):
        mean, gain = [interval(overall[name][k]) for k in ("auc", "gain")] if name in overall else ("", "")
        part = interval(tables[name]["gain"], 4) if name in tables else ""
        cells = [f"{np.average(p['auc'][name], weights=p['weights']):.3f}" if name in p["auc"] else "" for p in
                 parts.values()]  # fmt: skip
        yield f"| {label(name)} | {mean} | {gain} | {part} | {' | '.join(cells)} |"


def shares(parts: dict[str, Any]) -> Iterator[str]:
    """Share of random search's AUC on suites of several test tasks; the best first by the mean over tables."""
    suites = [s for s, part in parts.items() if len(part["tasks"]) > 1]
    yield f"| optimizer | {' | '.join(suites)} |"
    yield "|---|" + "---|" * len(suites)
    names = {n for part in parts.values() for n in part["auc"]} - {"random"}
    lines = {}
    for name in names:
        cells, sizes = [], []
        for suite in suites:
            part = parts[suite]
            if name not in part["auc"]:
                cells.append("")
                continue
            own, other = (values(suite, part["tasks"], n, part["auc"][n]) for n in (name, "random"))
            ratio = compare(own, other, part["weights"])["ratio"]
            cells.append(interval(ratio, 2))
            if suite != "Functions":
                sizes.append(ratio[0])
        lines[name] = (float(np.mean(sizes)), f"| {label(name)} | {' | '.join(cells)} |")
    yield from (line for _, line in sorted(lines.values()))


def seeds(parts: dict[str, Any]) -> Iterator[str]:
    """AUC of trainings of the pool policy on each suite, then what they gain over all."""
    yield f"| suite | data sets | {' | '.join(f'`{name}`' for name in POOL)} |"
    yield "|---|---:|" + "---:|" * len(POOL)
    others = sorted(parts.keys() - set(TAUGHT) - {"Functions"})
    for suite in (*TAUGHT, *others, "Functions"):
        part = parts[suite]
        cells = [f"{np.average(part['auc'][name], weights=part['weights']):.4f}" for name in POOL]
        yield f"| {suite} | {len(part['tasks'])} | {' | '.join(cells)} |"
    for what, suites, other in (
        ("the first four", list(TAUGHT), "untrained"),
        ("the next seven", others, "untrained"),
        ("all", list(parts), "portfolio"),
    ):
        curves, weights = pooled(parts, suites)
        made = summarise(curves, portfolio=other, weights=weights)
        cells = ["" if name == other else interval(made[name]["gain"], 4) for name in POOL]
        yield f"| {what}: gain over `{other}` | {sum(len(parts[s]['tasks']) for s in suites)} | {' | '.join(cells)} |"


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
