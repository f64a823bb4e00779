"""Twin delayed deep deterministic policy gradient, as Stable-Baselines3 has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from stable_baselines3 import TD3 as Algorithm

from hpo_agents._policy.sb3 import SB3Agent
from hpo_agents._policy.settings import tiny_off_policy
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "td3",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`",
    action="a point in [-1, 1]^d; the nearest of the candidates not yet tried",
)
class TD3(SB3Agent):
    """Twin delayed DDPG (Stable-Baselines3).

    The next configuration is the candidate nearest to a point in [-1, 1]^d.

    **Reference**: Fujimoto, van Hoof and Meger, "Addressing function approximation error in actor-critic methods",
    ICML 2018.

    **Differs from the paper**: the algorithm is that of Stable-Baselines3; its exploration noise is the setting
    `action_noise`, a standard deviation.
    """

    name = "td3"
    maker = Algorithm
    smoke = tiny_off_policy()
    actions = (gym.spaces.Box,)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Return the action."""
        return policy.actor(obs), None
