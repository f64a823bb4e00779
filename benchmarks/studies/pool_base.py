"""The first policy over pools, on meta-train tasks of suites, with the task's own family held out.

Mean normalised regret over 33 trials, from a cold start; whole pools. `untrained` is `ppo-pool` before its training:
the product of two expected improvements, of which `process` is the first alone. The others are optimizers.
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
OWN, BESIDE = ("untrained", "process"), ("transfer-mix", "ebgp", "task-mixture", "portfolio")
TASKS = 80
CHEAP = {("MLP", "portfolio"): ()}


cells = frame.grid(SUITES, ("tasks", *OWN, *BESIDE))


def cell(suite: str, name: str) -> float:
    """Return the number of tasks, or the regret of an optimizer."""
    loaded = hpo_gym.load_suite(suite)
    tasks = loaded.tasks("train")[:TASKS]
    if name == "tasks":
        return len(tasks)
    optimizer = untrained(name) if name in OWN else hpo_gym.make_optimizer(name)
    return round(mean_regret(optimizer, tasks, prior=loaded.prior()), 4)


def untrained(name: str) -> Any:
    """Return the agent with its first policy, or with the first of its features alone."""
    import torch

    from hpo_agents._pool.features import FEATURES
    from hpo_agents._pool.network import Scorer
    from hpo_agents.ppo_pool import PoolActor, PPOPool

    class OneFeature(PoolActor):
        """Chooses the candidate with the most of one feature."""

        def __init__(self, name: str) -> None:
            self.column = FEATURES.index(name)

        def logits(self, seen: Any, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.asarray(seen.at(rows[None])[0, :, self.column], np.float64)

    agent = PPOPool()
    torch.manual_seed(0)
    scorer = Scorer(len(FEATURES), agent.network[0], agent.kind, agent.sharpness)
    agent._actor = OneFeature("improvement") if name == "process" else PoolActor(scorer)
    return agent


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each suite."""
    rows = [(s, str(part["tasks"]), *(bare(part[n]) for n in (*OWN, *BESIDE))) for s, part in found.items()]
    return {"regret": Table.of(("suite", "tasks", *(f"`{n}`" for n in (*OWN, *BESIDE))), rows)}
