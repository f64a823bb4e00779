"""The first policy over pools, on meta-train tasks of suites, with the task's own family held out.

Mean normalised regret over 33 trials, from a cold start; whole pools. `process` is the first of the two expected
improvements whose product is `untrained`. The others are optimizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from ratios import bare
from regrets import mean_regret

import hpo_gym

LOOKS = "training tasks"
SUITES = ("SVM", "MLP", "Linear", "Boosting", "Curves", "FineTune")
SHOWN = ("untrained", "process", "transfer-mix", "ebgp", "task-mixture", "portfolio")
TASKS = 80
CHEAP = {("MLP", "portfolio"): ()}


cells = frame.grid(SUITES, ("tasks", *SHOWN))


def cell(suite: str, name: str) -> float:
    """Return the number of tasks, or the regret of an optimizer."""
    loaded = hpo_gym.load_suite(suite)
    tasks = loaded.tasks("train")[:TASKS]
    if name == "tasks":
        return len(tasks)
    optimizer = process() if name == "process" else hpo_gym.make_optimizer(name)
    return round(mean_regret(optimizer, tasks, prior=loaded.prior()), 4)


def process() -> Any:
    """Return the agent with the first of the two expected improvements alone."""
    from hpo_agents._pool.features import FEATURES
    from hpo_agents.ppo_pool import PoolActor, PPOPool

    class OneFeature(PoolActor):
        """Chooses the candidate with the most of one feature."""

        def __init__(self, name: str) -> None:
            self.column = FEATURES.index(name)

        def logits(self, seen: Any, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.asarray(seen.at(rows[None])[0, :, self.column], np.float64)

    agent = PPOPool()
    agent._actor = OneFeature("improvement")
    return agent


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each suite."""
    rows = [(s, str(part["tasks"]), *(bare(part[n]) for n in SHOWN)) for s, part in found.items()]
    return {"regret": Table.of(("suite", "tasks", *(f"`{n}`" for n in SHOWN)), rows)}
