"""Proximal policy optimisation, as Stable-Baselines3 has it."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3 import PPO as Algorithm

from hpo_agents._policy.sb3 import SB3Agent, logits_of
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "ppo",
    family="rl",
    extra="rl",
    trainable=True,
    state="the last configuration, its score, the incumbent's, the budget left",
    action="one of 64 candidates",
)
class PPO(SB3Agent):
    """Proximal policy optimisation over candidates (Stable-Baselines3).

    **Reference**: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization algorithms", 2017.

    **Differs from the paper**: nothing in the algorithm, that of Stable-Baselines3; the learning rate falls linearly.
    Configurations tried by the run are masked when it acts, not while it trains (`maskable-ppo` does both).
    """

    name = "ppo"
    maker = Algorithm

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions."""
        return logits_of(policy.get_distribution(obs).distribution), None
