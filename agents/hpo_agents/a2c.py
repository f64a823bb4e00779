"""Advantage actor-critic, as Stable-Baselines3 has it."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3 import A2C as Algorithm

from hpo_agents._policy.sb3 import SB3Agent, logits_of
from hpo_agents._policy.settings import tiny
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "a2c",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, and the best configuration so far",
    action="as `ppo`",
)
class A2C(SB3Agent):
    """Synchronous advantage actor-critic over candidates (Stable-Baselines3).

    **Reference**: Mnih et al., "Asynchronous methods for deep reinforcement learning", ICML 2016.

    **Differs from the paper**: synchronous, as Stable-Baselines3 has it. Configurations that the run has tried are
    masked when it acts, not while it trains.
    """

    name = "a2c"
    maker = Algorithm
    smoke = tiny(n_steps=5)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions."""
        return logits_of(policy.get_distribution(obs).distribution), None
