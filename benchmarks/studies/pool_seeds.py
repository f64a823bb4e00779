"""What training adds to the pool policy: `python benchmarks/studies/pool_seeds.py [FOLDER] [--check]`.

    python benchmarks/studies/pool_seeds.py results/pool   # trains and compares what is missing there, writes the table
    python benchmarks/studies/pool_seeds.py [--check]      # writes it from what is stored, or names a page out of date

The policy that ships, two trainings of other seeds, and the policy before its first step, from a cold start on a test
task of every family. `pool_seeds.json` keeps the AUC on each task, the mean over three runs: of the test regret where a
suite has test scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import looks
import numpy as np
from marks import ratio, renew
from reference import families

from hpo_gym.bench import Curves, auc, benchmark, pooled
from hpo_gym.optimize import train

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"
SHIPPED, UNTRAINED = "ppo-pool-tables", "untrained"
SETTINGS = {"segments": 16, "patience": 8}
TRAININGS: dict[str, dict[str, Any]] = {
    "seed-1": {"steps": 160_000, "seed": 1, "settings": SETTINGS},
    "seed-2": {"steps": 160_000, "seed": 2, "settings": SETTINGS},
    UNTRAINED: {"steps": 1, "settings": {"algorithm": {"learning_rate": 1e-12}}},
}
"""By the name of the folder: how `ppo-pool` is trained. What ships has seed 0."""
BESIDE = ("portfolio", "transfer-mix", "random")
SHOWN = (SHIPPED, *TRAININGS, *BESIDE)
TAUGHT, OTHERS = ("SVM", "Boosting", "Linear", "MLP"), ("Curves", "FineTune", "Pipelines")
"""What the policies are trained on, and what else they run on: tables of several test families, AutoML left out, where
the policies are slow."""


def carry_out(folder: Path) -> dict[str, Any]:
    """By suite: `tasks`, their `families`, and by optimizer the `auc` on each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, how in TRAININGS.items():
        train("ppo-pool", TAUGHT, **how, out=folder / name, resume=True)
    found = {}
    entrants = [SHIPPED, *(str(folder / name) for name in TRAININGS), *BESIDE]
    for suite in (*TAUGHT, *OTHERS):
        results = benchmark(entrants, suite, tasks=families(suite), seeds=3, out=folder / suite, resume=True)
        if results.failed_cells:
            sys.exit(f"{folder / suite} must be whole, {results.failed_cells} cells failed")
        curves = results.curves[suite]
        found[suite] = {
            "tasks": list(curves[0].tasks),
            "families": list(curves[0].families),
            "auc": {Path(c.optimizer).name: np.round(auc(c), 5).tolist() for c in curves},
        }
        print(suite, flush=True)
    return found


def table(found: dict[str, Any]) -> Iterator[str]:
    """AUC on each suite, then pooled ratios."""
    yield f"| suite | families | {' | '.join(f'`{name}`' for name in SHOWN)} |"
    yield "|---|---:|" + "---:|" * len(SHOWN)
    curves = {suite: _curves(suite, part) for suite, part in found.items()}
    for suite in (*TAUGHT, *OTHERS):
        cells = [f"{np.mean(found[suite]['auc'][name]):.4f}" for name in SHOWN]
        yield f"| {suite} | {len(set(found[suite]['families']))} | {' | '.join(cells)} |"
    for what, suites, anchor in (
        ("the first four", TAUGHT, UNTRAINED),
        ("the other three", OTHERS, UNTRAINED),
        ("all seven", (*TAUGHT, *OTHERS), "portfolio"),
    ):
        held = pooled({s: curves[s] for s in suites}, (), (anchor,))
        rows = held["anchors"][anchor]["optimizers"]
        cells = ["" if name == anchor else ratio(rows[name]) for name in SHOWN]
        yield f"| {what}: ratio to `{anchor}` | {held['families']} | {' | '.join(cells)} |"


def _curves(suite: str, part: dict[str, Any]) -> Sequence[Curves]:
    """AUC as curves of one trial, so that the statistics of the benchmark take them."""
    return [
        Curves(suite, name, tuple(part["tasks"]), np.array(aucs)[:, None, None], tuple(part["families"]))
        for name, aucs in part["auc"].items()
    ]


def main(arguments: Sequence[str]) -> None:
    """Carry out what is missing, and write the page, or end with a word that it is out of date."""
    folders = [Path(a) for a in arguments if not a.startswith("--")]
    for folder in folders:
        looks.count(
            looks.typed(__file__, [str(folder)]), (*TAUGHT, *OTHERS),
            "regret of the shipped policy, two other trainings and none", "what training adds to the pool policy",
        )  # fmt: skip
        text = json.dumps(carry_out(folder), separators=(",", ":"), sort_keys=True)
        FOUND.write_text(text + "\n", encoding="utf-8")
    found = json.loads(FOUND.read_text(encoding="utf-8"))
    renew(PAGE, [("seeds", table(found))], "pool_seeds.py", check="--check" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
