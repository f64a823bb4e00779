"""Proximal policy optimisation with memory (RL^2), as sb3-contrib has it."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib import RecurrentPPO as Algorithm

from hpo_agents._policy.sb3 import SB3Agent, logits_of
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register(
    "recurrent-ppo",
    family="rl",
    extra="rl",
    trainable=True,
    state="as `ppo`, the best configuration so far, and the memory of an LSTM",
    action="as `ppo`",
)
class RecurrentPPO(SB3Agent):
    """PPO with an LSTM that is carried through a run, the form known as RL^2 (sb3-contrib).

    It sees the last trial only (the configuration, its score, the incumbent's, and the budget left), so its knowledge
    of the task is in its memory; a run is an episode of one task, so that the memory learns to learn.

    **Reference**: Duan, Schulman, Chen, Bartlett, Sutskever and Abbeel, "RL^2: fast reinforcement learning via slow
    reinforcement learning", 2016; Wang et al., "Learning to reinforcement learn", 2016.

    **Differs from the paper**: the algorithm is the recurrent PPO of sb3-contrib; the last reward is not shown, as the
    last score and the incumbent's determine it. Configurations tried by the run are masked when it acts, not while it
    trains.
    """

    name = "recurrent-ppo"
    maker = Algorithm
    policy = "MlpLstmPolicy"

    @property
    def policy_kwargs(self) -> dict[str, Any]:
        """The first width is that of the LSTM, the others of the layers behind it."""
        return {"lstm_hidden_size": self.network[0], "net_arch": list(self.network[1:])}

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions, and the state of the LSTM."""
        n, lstm = len(obs), policy.lstm_actor
        if memory is None:
            zeros = torch.zeros(lstm.num_layers, n, lstm.hidden_size)
            memory = (zeros, zeros.clone())
        found, memory = policy.get_distribution(obs, memory, torch.zeros(n))
        return logits_of(found.distribution), memory
