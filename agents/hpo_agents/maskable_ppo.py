"""Proximal policy optimisation with masked actions, as sb3-contrib has it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from sb3_contrib import MaskablePPO as Algorithm

from hpo_agents._policy.sb3 import SB3Agent, logits_of
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "maskable-ppo",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`",
    action="as `ppo`; none is tried twice, in training either",
)
class MaskablePPO(SB3Agent):
    """Proximal policy optimisation over candidates with masked actions (sb3-contrib).

    None is tried twice: tried candidates are masked in training too.

    **Reference**: Huang and Ontanon, "A closer look at invalid action masking in policy gradient algorithms",
    FLAIRS 2022; Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization algorithms", 2017.

    **Differs from the paper**: nothing in the algorithm, that of sb3-contrib; the learning rate falls linearly.
    """

    name = "maskable-ppo"
    maker = Algorithm
    actions = (gym.spaces.Discrete,)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions."""
        return logits_of(policy.get_distribution(obs).distribution), None
