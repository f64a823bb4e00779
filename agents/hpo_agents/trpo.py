"""Trust region policy optimisation, as sb3-contrib has it."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib import TRPO as Algorithm

from hpo_agents._policy.sb3 import SB3Agent, logits_of
from hpo_agents._policy.settings import tiny
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "trpo",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, and the best configuration so far",
    action="as `ppo`",
)
class TRPO(SB3Agent):
    """Trust region policy optimisation over candidates (sb3-contrib).

    **Reference**: Schulman, Levine, Moritz, Jordan and Abbeel, "Trust region policy optimization", ICML 2015.

    **Differs from the paper**: advantages are estimated by GAE, as sb3-contrib has it. Configurations that the run has
    tried are masked when it acts, not while it trains.
    """

    name = "trpo"
    maker = Algorithm
    smoke = tiny(n_steps=5, batch_size=20, sub_sampling_factor=1)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions."""
        return logits_of(policy.get_distribution(obs).distribution), None
