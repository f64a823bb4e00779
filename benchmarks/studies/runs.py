"""Runs that several studies need: by rollout, by the benchmark, and those of the shipped references."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import seeding
from hpo_gym.bench import ANCHORS, FOLDER, Curves, Results, benchmark, pooled, references, regret_of
from hpo_gym.optimize import Context, rollout
from hpo_gym.problem import Evaluations, Query, Task, Trial
from hpo_gym.suites import load_suite

MANIFEST = FOLDER.parents[1] / "manifest.json"
FIRST = "gp-ei+default"
"""`gp-ei` whose first trial is the default configuration: the choice of "auto" without earlier tasks."""


# ---------------------------------------------------------------------- one at a time
def of_families(suite: str, most: int | None = None) -> list[Task]:
    """Return a validation task of each family, perhaps of the first few."""
    return list({task.family: task for task in load_suite(suite).tasks("val")}.values())[:most]


def about(tasks: Sequence[Task]) -> dict[str, Any]:
    """Return the names and families of tasks, as results hold them."""
    return {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks]}


def auc_of(optimizer: Any, task: Task, prior: Sequence[Evaluations] = (), seed: int = 0, **budget: Any) -> float:
    """Return the mean normalised regret of one run; the budget is `budget` or `budget_cost`, 33 trials by default."""
    budget = budget or {"budget": 33}
    return float(regret_of(rollout(optimizer, task, seed=seed, prior=prior, **budget), task, **budget).mean())


class DefaultFirst:
    """An optimizer that observes the default configuration as an initial design."""

    def __init__(self, optimizer: Any, task: Task) -> None:
        self.inner, self.first = optimizer, Query(task.space.default)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.inner.reset(context, rng)
        self.begun = False

    def ask(self) -> Any:
        self.begun, before = True, self.begun
        return self.inner.ask() if before else self.first

    def tell(self, trial: Trial) -> None:
        self.inner.tell(trial)


# ---------------------------------------------------------------------- comparisons
def compared(optimizers: Any, suite: str, **options: Any) -> Results:
    """Run a comparison that must be whole; it continues with what is missing."""
    found = benchmark(optimizers, suite, resume=True, progress=False, **options)
    if found.failed_cells:
        sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
    return found


def mean_auc(group: Sequence[Curves]) -> dict[str, float]:
    """Return the mean AUC by optimizer."""
    return {c.optimizer: round(float(np.mean(c.regret)), 5) for c in group}


def test_families(suite: str) -> int:
    """Return the number of test families of a suite, as many as `tasks` takes a task of each."""
    return len({task.family for task in load_suite(suite).tasks("test")})


# ---------------------------------------------------------------------- reference runs
def version() -> str:
    """Return a hash of the shipped reference runs."""
    files: Mapping[str, Mapping[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return f"{seeding.key({k: v['sha256'] for k, v in files.items() if k.startswith('results/reference/')}):016x}"


def reference_run(suite: str, start: str) -> Results:
    """Return the reference runs of a suite; the folder of the comparison is gone when this returns."""
    if not references({suite: load_suite(suite)}):
        sys.exit(f"The reference runs on {suite} must be of its data, which have moved on since.")
    with tempfile.TemporaryDirectory() as folder:
        return benchmark([], [suite], start=start, with_reference=True, out=Path(folder) / suite, report=False)


def ratios(results: Results, suites: Sequence[str], anchors: Sequence[str] = ANCHORS) -> dict[str, Any]:
    """Return pooled ratios over some suites to some optimizers, formulas apart."""
    formulas = [s for s in suites if load_suite(s).kind != "table"]
    return pooled({s: results.curves[s] for s in suites}, formulas, anchors)
