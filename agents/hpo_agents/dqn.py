"""Deep Q-learning, as Stable-Baselines3 has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from stable_baselines3 import DQN as Algorithm

from hpo_agents._policy.sb3 import SB3Agent
from hpo_agents._policy.settings import tiny_off_policy
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("dqn", family="rl", extra="rl", trainable=True, state="as `ppo`", action="as `ppo`")
class DQN(SB3Agent):
    """Deep Q-learning over candidates (Stable-Baselines3).

    **Reference**: Mnih et al., "Human-level control through deep reinforcement learning", Nature 518, 2015.

    **Differs from the paper**: nothing in the algorithm, that of Stable-Baselines3 (Adam, and no images).
    Configurations tried by the run are masked when it acts, not while it trains. A run that draws (``greedy=False``)
    does so from the softmax of the values.
    """

    name = "dqn"
    maker = Algorithm
    smoke = tiny_off_policy()
    actions = (gym.spaces.Discrete,)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Values of the actions."""
        return policy.q_net(obs), None
