"""Trained agents by the number of meta-train tasks: `meta_train_tasks.py`, about two minutes of one core.

`q-learning`, `q-portfolio` and `maskable-ppo` are trained on the tasks of a quarter, a half and all of the training
families of `SVM`, drawn twice, and run on its validation tasks, which chose none of these trainings;
`portfolio` and `transfer-mix` read the same tasks. `meta_train_tasks.json` keeps the AUC on each validation task, the
mean over draws, which `guide.py` shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from time_parts import share_of

from hpo_gym.base import seeding
from hpo_gym.bench import regret_of
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
SUITES, SHARES, DRAWS, BUDGET = ("SVM",), (0.25, 0.5, 1.0), 2, 33
STEPS = {"maskable-ppo": 50_000}
"""Trials of a training, of which by default it has 150,000."""
TRAINED, READING = ("q-learning", "q-portfolio", "maskable-ppo"), ("portfolio", "transfer-mix")


def made(name: str, tasks: Sequence[Task], seed: int) -> Any:
    """An optimizer, trained on the tasks if it is one that is trained."""
    optimizer: Any = make_optimizer(name)
    if name in TRAINED:
        optimizer.train(tasks, seeding.generator(seeding.key("meta-train tasks", name, seed)), steps=STEPS.get(name))
    return optimizer


def auc(optimizer: Any, task: Task, prior: Sequence[Evaluations]) -> float:
    """Mean regret over 33 evaluations."""
    return float(regret_of(rollout(optimizer, task, BUDGET, prior=prior), task, BUDGET).mean())


def carry_out() -> dict[str, Any]:
    """By share and suite: `tasks`, `families`, how many training tasks are `known`, and by optimizer the `auc`."""
    out: dict[str, Any] = {}
    for suite in SUITES:
        loaded = load_suite(suite)
        judged, train = loaded.tasks("val"), loaded.tasks("train")
        for share in SHARES:
            runs: dict[str, list[list[float]]] = {}
            for draw in range(DRAWS):
                prior = share_of(tuple(loaded.prior()), share, draw)
                tasks = [t for t in train if t.name in {e.name for e in prior}]
                for name in (*TRAINED, *READING):
                    optimizer = made(name, tasks, draw)
                    runs.setdefault(name, []).append([auc(optimizer, t, prior) for t in judged])
            out.setdefault(f"{share:.0%}", {})[suite] = {
                "tasks": [t.name for t in judged], "families": [t.family for t in judged], "known": len(tasks),
                "auc": {name: np.round(np.mean(found, 0), 5).tolist() for name, found in runs.items()},
            }  # fmt: skip
            print(suite, share, len(tasks), {n: round(float(np.mean(v)), 4) for n, v in runs.items()}, flush=True)
    return out


if __name__ == "__main__":
    FOUND.write_text(json.dumps(carry_out(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
