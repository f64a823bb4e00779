"""The gain of training for the pool policy.

The policy that ships, two trainings of other seeds, and the policy before its first step, from a cold start on a test
task of every family. Results are the AUC on each task, the mean over three runs: of the test regret where a suite has
test scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from ratios import curves_of, starred
from runs import compared, test_families

from hpo_gym.bench import auc, pooled
from hpo_gym.optimize import train

SHIPPED, UNTRAINED = "ppo-pool-tables", "untrained"
SETTINGS = {"segments": 16, "patience": 8}
TRAININGS: dict[str, dict[str, Any]] = {
    "seed-1": {"steps": 160_000, "seed": 1, "settings": SETTINGS},
    "seed-2": {"steps": 160_000, "seed": 2, "settings": SETTINGS},
}
"""By the name of the folder: the training of `ppo-pool`. The shipped policy has seed 0."""
BESIDE = ("portfolio", "transfer-mix", "random")
SHOWN = (SHIPPED, *TRAININGS, UNTRAINED, *BESIDE)
TAUGHT, OTHERS = ("SVM", "Boosting", "Linear", "MLP"), ("Curves", "FineTune", "Pipelines")
"""The suites of the trainings, and the others: tables of several test families, AutoML left out, where the policies
are slow."""
SUITES = (*TAUGHT, *OTHERS)
LOOKS = Look(
    "regret of the shipped policy, two other trainings and none", "what training adds to the pool policy", SUITES
)
CHEAP = {("SVM",): (SHIPPED,)}
ROWS = (
    ("the first four", TAUGHT, UNTRAINED), ("the other three", OTHERS, UNTRAINED), ("all seven", SUITES, "portfolio"),
)  # fmt: skip


cells = frame.grid(SUITES)


def cell(suite: str, out: Path, names: Sequence[str] = SHOWN) -> dict[str, Any]:
    """Return test `tasks`, one of every family, their `families`, and by optimizer the `auc` on each."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (n for n in names if n in TRAININGS):
        train("ppo-pool", TAUGHT, **TRAININGS[name], out=out / name, resume=True)
    entrants = [str(out / name) if name in TRAININGS else name for name in names]
    curves = compared(entrants, suite, tasks=test_families(suite), seeds=3, out=out / suite).curves[suite]
    return {
        "tasks": list(curves[0].tasks),
        "families": list(curves[0].families),
        "auc": {Path(c.optimizer).name: np.round(auc(c), 5).tolist() for c in curves},
    }


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return AUC on each suite, then pooled ratios."""
    rows = []
    curves = {suite: curves_of(suite, part) for suite, part in found.items()}
    for suite in SUITES:
        cells = [f"{np.mean(found[suite]['auc'][name]):.4f}" for name in SHOWN]
        rows.append((suite, str(len(set(found[suite]["families"]))), *cells))
    for what, suites, anchor in ROWS:
        held = pooled({s: curves[s] for s in suites}, (), (anchor,), least=2)
        of = held["anchors"][anchor]["optimizers"]
        cells = ["" if name == anchor else starred(of[name]) for name in SHOWN]
        rows.append((f"{what}: ratio to `{anchor}`", str(held["families"]), *cells))
    return {"seeds": Table.of(("suite", "families", *(f"`{name}`" for name in SHOWN)), rows)}
