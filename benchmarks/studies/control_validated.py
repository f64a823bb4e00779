"""Rules on the validation tables of `Trainings`, in the manner of `control_pays`: what a choice may see."""

from __future__ import annotations

from typing import Any

import agreement
import fit_learning
import frame
import numpy as np
from frame import Table
from torch_fits import OPTIMIZERS

from hpo_gym.optimize import BatchOptimizer

LOOKS = "validation tables"
SUITES = ("Trainings",)
INSTANCES = {"val": 5, "test": agreement.INSTANCES}
"""Episodes of each table."""
RULES = ("polynomial", "gap", "autopilot")
CHEAP = {("12", "sgd"): ("polynomial",)}

cells = frame.grid(map(str, fit_learning.LENGTHS), OPTIMIZERS)


def cell(length: str, optimizer: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the mean test score of each rule on each validation table."""
    rules: dict[str, Any] = dict(agreement.controllers(optimizer, names or RULES))
    tasks = agreement.suite_of(optimizer).tasks("val")
    found = {name: scores(rule, length, optimizer, "val") for name, rule in rules.items()}
    return {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "score": found}


def scores(controller: BatchOptimizer, length: str, optimizer: str, split: str) -> list[float]:
    """Return the mean test score on each table of a split, with one optimizer of the networks."""
    tasks = agreement.suite_of(optimizer).tasks(split)
    found: list[float] = fit_learning.last(controller, tasks, int(length), INSTANCES[split]).round(5).tolist()
    return found


def tables(found: Any) -> dict[str, Table]:
    """Return the mean scores by length."""
    rows = [(length, *(f"{mean(of, rule):.3f}" for rule in RULES)) for length, of in found.items()]
    return {"scores": Table.of(("epochs", *(f"`{rule}`" for rule in RULES)), rows)}


def mean(of: Any, rule: str) -> float:
    """Return the mean score of a rule over optimizers and tables."""
    return float(np.mean([part["score"][rule] for part in of.values()]))
