"""Truncated quantile critics, as sb3-contrib has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from sb3_contrib import TQC as Algorithm

from hpo_agents._policy.sb3 import SB3Agent
from hpo_agents._policy.settings import tiny_off_policy
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "tqc",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, and the best configuration so far",
    action="a point in [-1, 1]^d; the nearest of the candidates not yet tried",
)
class TQC(SB3Agent):
    """Truncated quantile critics (sb3-contrib).

    The next configuration is the candidate nearest to a point in [-1, 1]^d.

    **Reference**: Kuznetsov, Shvechikov, Grishin and Vetrov, "Controlling overestimation bias with truncated mixture of
    continuous distributional quantile critics", ICML 2020.

    **Differs from the paper**: the algorithm is that of sb3-contrib, and its temperature is a constant by default, as
    that of `sac`. Runs take the mean action.
    """

    name = "tqc"
    maker = Algorithm
    smoke = tiny_off_policy()
    actions = (gym.spaces.Box,)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Return the mean action."""
        return policy.actor(obs, deterministic=True), None
