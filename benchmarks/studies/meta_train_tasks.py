"""Trained agents by the number of meta-train tasks: about two minutes of one core.

`q-learning`, `q-portfolio` and `maskable-ppo` are trained on the tasks of a quarter, a half and all of the training
families of `SVM`, drawn twice, and run on its validation tasks, which chose none of these trainings; `portfolio` and
`transfer-mix` read the same tasks. Results are the AUC on each validation task, the mean over draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import against, shown
from runs import about, auc_of
from time_parts import share_of

from hpo_gym.base import seeding
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Task
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES, SHARES, DRAWS = ("SVM",), {"25%": 0.25, "50%": 0.5, "100%": 1.0}, 2
STEPS = {"maskable-ppo": 50_000}
"""Trials of a training, of which by default it has 150,000."""
CHEAP = {("25%", "SVM"): ("q-learning",)}
TRAINED, READING = ("q-learning", "q-portfolio", "maskable-ppo"), ("portfolio", "transfer-mix")


cells = frame.grid(SHARES, SUITES)


def cell(share: str, suite: str, names: Sequence[str] = (*TRAINED, *READING)) -> dict[str, Any]:
    """Return `tasks`, `families`, how many training tasks are `known`, and by optimizer the `auc`."""
    loaded = load_suite(suite)
    judged, runs, known = loaded.tasks("val"), dict[str, list[list[float]]](), 0
    for draw in range(DRAWS):
        prior = share_of(tuple(loaded.prior()), SHARES[share], draw)
        tasks = [t for t in loaded.tasks("train") if t.name in {e.name for e in prior}]
        known = len(tasks)
        for name in names:
            optimizer = made(name, tasks, draw)
            runs.setdefault(name, []).append([auc_of(optimizer, t, prior) for t in judged])
    aucs = {name: np.round(np.mean(found, 0), 5).tolist() for name, found in runs.items()}
    return {**about(judged), "known": known, "auc": aucs}


def made(name: str, tasks: Sequence[Task], seed: int) -> Any:
    """Return an optimizer, trained on the tasks if it is one that is trained."""
    optimizer: Any = make_optimizer(name)
    if name in TRAINED:
        optimizer.train(tasks, seeding.generator(seeding.key("meta-train tasks", name, seed)), steps=STEPS.get(name))
    return optimizer


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUC of each optimizer with half and a quarter of the families, as a ratio to that with all."""
    rows = [(f"`{name}`", *(_ratio(found, share, name) for share in ("50%", "25%"))) for name in (*TRAINED, *READING)]
    return {"fewer": Table.of(("optimizer", "half of the tasks", "a quarter"), rows)}


def _ratio(found: Mapping[str, Any], share: str, name: str) -> str:
    parts = {
        suite: {**part, "auc": {name: found[share][suite]["auc"][name], "all": part["auc"][name]}}
        for suite, part in found["100%"].items()
    }
    return shown(against(parts, "all"), name)
