"""Quantile regression deep Q-learning, as sb3-contrib has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from sb3_contrib import QRDQN as Algorithm

from hpo_agents._policy.sb3 import SB3Agent
from hpo_agents._policy.settings import tiny_off_policy
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "qr-dqn",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, and the best configuration so far",
    action="as `ppo`",
)
class QRDQN(SB3Agent):
    """Distributional deep Q-learning over candidates, by quantile regression (sb3-contrib).

    **Reference**: Dabney, Rowland, Bellemare and Munos, "Distributional reinforcement learning with quantile
    regression", AAAI 2018.

    **Differs from the paper**: nothing in the algorithm, that of sb3-contrib. Configurations tried by the run are
    masked when it acts, not while it trains.
    """

    name = "qr-dqn"
    maker = Algorithm
    smoke = tiny_off_policy(n_quantiles=5)
    actions = (gym.spaces.Discrete,)

    @property
    def policy_kwargs(self) -> dict[str, Any]:
        """Arguments of the policy's class."""
        return {"net_arch": list(self.network), "n_quantiles": self.algorithm["n_quantiles"]}

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Values of the actions: means of their quantiles."""
        return policy.quantile_net(obs).mean(1), None
