"""What the policy over pools begins with, on the meta-train tasks of suites, each known by nothing of its family.

    python benchmarks/studies/pool_base.py [SUITE ...]

Mean normalised regret over 33 trials, from a cold start; whole pools. `untrained` is `ppo-pool` before its training:
the product of two expected improvements, of which `process` is the first alone. The others are optimizers.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch

import hpo_gym
from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.network import Scorer
from hpo_agents.ppo_pool import PoolActor, PPOPool
from hpo_gym.bench import mean_regret

SUITES = ("SVM", "MLP", "Linear", "Boosting", "Curves", "FineTune")
BESIDE = ("transfer-mix", "ebgp", "task-mixture", "portfolio")
TASKS = 80


class OneFeature(PoolActor):
    """Chooses the candidate with the most of one feature."""

    def __init__(self, name: str) -> None:
        self.column = FEATURES.index(name)

    def logits(self, seen: PoolFeatures, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """That feature."""
        return seen.at(rows[None])[0, :, self.column].astype(np.float64)


def untrained(actor: PoolActor | None = None) -> PPOPool:
    """The agent with its first policy, or another one."""
    agent = PPOPool()
    torch.manual_seed(0)
    agent._actor = actor or PoolActor(Scorer(len(FEATURES), agent.network[0], agent.kind, agent.sharpness))
    return agent


if __name__ == "__main__":
    who = {"untrained": untrained(), "process": untrained(OneFeature("improvement"))}
    who |= {name: hpo_gym.make_optimizer(name) for name in BESIDE}
    print(f"| suite | tasks | {' | '.join(f'`{name}`' for name in who)} |\n|---|---:|{'---:|' * len(who)}")
    for suite in map(hpo_gym.load_suite, sys.argv[1:] or SUITES):
        tasks = suite.tasks("train")[:TASKS]
        cells = [f"{mean_regret(optimizer, tasks, prior=suite.prior()):.4f}" for optimizer in who.values()]
        print(f"| {suite.name} | {len(tasks)} | {' | '.join(cells)} |", flush=True)
