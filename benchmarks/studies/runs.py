"""Runs that several studies need: by rollout, by the benchmark, and those of the shipped references."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import seeding
from hpo_gym.bench import Curves, Results, benchmark, references, regret_of
from hpo_gym.optimize import Context, Run, make_optimizer, rollout, run_one
from hpo_gym.problem import Belief, Evaluations, Query, Task, Trial, floor_of
from hpo_gym.suites import load_suite

FIRST = "gp-ei+default"
"""`gp-ei` whose first trial is the default configuration: the choice of "auto" without earlier tasks."""


# ---------------------------------------------------------------------- earlier tasks
def some(prior: Sequence[Evaluations], count: int, rng: np.random.Generator) -> tuple[Evaluations, ...]:
    """Draw earlier tasks, in their order."""
    return tuple(prior[i] for i in np.sort(rng.choice(len(prior), count, replace=False)))


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


def run_of(
    optimizer: Any, task: Task, instance: int, prior: Sequence[Evaluations], seed: int, belief: Belief | None = None
) -> Run:
    """Return the cold run of 33 trials of an optimizer in an instance of a task."""
    context = Context.of(task, 33, prior, starts=seeding.starts_seed(instance))
    run = Run(task, 33.0, instance, 0, floor_of(tuple(prior)))
    run_one(optimizer, run, replace(context, belief=belief), np.random.default_rng(seed))
    return run


def made(name: str, task: Task) -> Any:
    """Return the optimizer of a name, which may end with `+default`."""
    plain = name.removesuffix("+default")
    optimizer = make_optimizer(plain)
    return optimizer if plain == name else DefaultFirst(optimizer, task)


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
def reference_run(suite: str, start: str) -> Results:
    """Return the reference runs of a suite; the folder of the comparison is gone when this returns."""
    if not references({suite: load_suite(suite)}):
        sys.exit(f"The reference runs on {suite} must be of its data, which have moved on since.")
    with tempfile.TemporaryDirectory() as folder:
        return benchmark([], [suite], start=start, with_reference=True, out=Path(folder) / suite, report=False)
