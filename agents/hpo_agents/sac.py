"""Soft actor-critic, as Stable-Baselines3 has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from stable_baselines3 import SAC as Algorithm

from hpo_agents._policy.sb3 import SB3Agent
from hpo_agents._policy.settings import tiny_off_policy
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "sac",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, and the best configuration so far",
    action="a point in [-1, 1]^d; the nearest of the candidates not yet tried",
)
class SAC(SB3Agent):
    """Soft actor-critic (Stable-Baselines3).

    The next configuration is the candidate nearest to a point in [-1, 1]^d.

    **Reference**: Haarnoja, Zhou, Abbeel and Levine, "Soft actor-critic: off-policy maximum entropy deep reinforcement
    learning with a stochastic actor", ICML 2018.

    **Differs from the paper**: the algorithm is that of Stable-Baselines3, and its temperature is a constant by
    default: with a learned one it hardly learned on SVM (docs/agents.md). Runs take the mean action.
    """

    name = "sac"
    maker = Algorithm
    smoke = tiny_off_policy()
    actions = (gym.spaces.Box,)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Return the mean action."""
        return policy.actor(obs, deterministic=True), None
