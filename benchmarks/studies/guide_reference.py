"""What the guide takes of the shipped reference runs and tables, kept in `guide.json`, as reading them takes minutes.

It is of the runs whose hashes stand in the manifest: `guide.py --check` names a file that is of other runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from runs import reference_runs

from hpo_gym.base import seeding
from hpo_gym.bench import auc
from hpo_gym.problem import Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_name("guide.json")
MANIFEST = Path(__file__).resolve().parents[2] / "hpo_gym" / "data" / "manifest.json"
LISTS = (
    "q-learning",
    "double-q",
    "sarsa",
    "n-step-q",
    "q-portfolio",
    "dqn",
    "a2c",
    "trpo",
    "ppo",
    "maskable-ppo",
    "ppo-bare",
)
POOLS = ("ppo-pool-tables", "ppo-pool")
META = ("maml", "fomaml", "reptile", "maml-rl", "ga-evolved")
MEMORY = ("recurrent-ppo",)
CLOSED = ("transfer-mix", "ebgp", "task-mixture", "gp-warm", "rgpe", "fsbo", "average-rank")
ALONE = ("random", "default", "gp-ei", "tpe", "cma-es", "ga", "asha", "hyperband", "successive-halving", "bohb")
TAKEN = ("portfolio", *ALONE, *CLOSED, *LISTS, *POOLS, *META, *MEMORY)
"""Whose runs are taken."""
PAID = ("SVM", "Linear", "Boosting", "MLP", "AutoML")
"""Suites for which the break-even is worked out: ten test families or more, and costs in seconds."""


def version() -> str:
    """What tells one set of reference runs from another."""
    files: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return f"{seeding.key({k: v['sha256'] for k, v in files.items() if k.startswith('reference/')}):016x}"


def collect() -> dict[str, Any]:
    """By suite: tasks, families, AUC of each, the mean course of the regret, times; and what its table took."""
    results, out = reference_runs()["cold"], {}
    for suite, curves in results.curves.items():
        taken = {c.optimizer: c for c in curves if c.optimizer in TAKEN}
        any_one = next(iter(taken.values()))
        times = results.data["timings"][suite]
        out[suite] = {
            "tasks": list(any_one.tasks),
            "families": list(any_one.families),
            "auc": {n: np.round(auc(c), 5).tolist() for n, c in taken.items()},
            "ms": {n: [round(times[n]["ms_per_suggestion"][p], 3) for p in ("p50", "p95")] for n in taken},
            "training": {n: round(times[n]["train_seconds"], 1) for n in taken if times[n]["train_seconds"]},
            "table": about(suite),
        }
        if suite in PAID:
            out[suite]["course"] = {n: np.round(c.regret.mean((0, 1)), 5).tolist() for n, c in taken.items()}
    return {"of": version(), "suites": out}


def about(suite: str) -> dict[str, Any]:
    """Of a suite: its space, and the seconds that its earlier tasks took to measure."""
    loaded = load_suite(suite)
    train, test = loaded.tasks("train"), loaded.tasks("test")
    space = train[0].space
    return {
        "hyperparameters": space.d,
        "conditional": sum(bool(h) for h in _conditional(train[0])),
        "rows": len(train[0].pool) if train[0].pool is not None else None,
        "fidelities": len(train[0].fidelities),
        "train": len(train),
        "seconds": round(sum(_spent(t) for t in train), 1) if suite in PAID else None,
        "evaluation": round(float(np.mean([t.cost_unit for t in test])), 4) if suite in PAID else None,
    }


def _conditional(task: Task) -> list[bool]:
    """Which hyperparameters are inactive in some configuration, of a thousand that are drawn."""
    active = task.space.active(task.space.sample(np.random.default_rng(0), 1000))
    return (~active.all(0)).tolist()


def _spent(task: Task) -> float:
    """Seconds of all full evaluations of a table."""
    return float(np.nansum(task.evaluations().cost))
