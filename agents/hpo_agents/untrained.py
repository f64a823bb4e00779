"""The control of trained policies over pools: `ppo-pool` as it is before the first step of its training."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_agents.ppo_pool import PPOPool
from hpo_baselines._models.networks import own_randomness
from hpo_gym.base import StateError
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Query, Trial


@OPTIMIZERS.register(
    "untrained",
    family="rl",
    extra="rl",
    trainable=False,
    state="as of `ppo-pool`",
    action="any row of any pool",
)
class Untrained:
    """The network of `ppo-pool` with its initial weights: what a trained policy must beat for training to have paid.

    It takes the candidate with the highest product of the two expected improvements; the part that training would
    correct is 0, so no seed of the network, width or kind matters.

    **Reference**: none; as `ppo-pool`.

    **Differs from the paper**: it learns nothing.
    """

    version = 1

    def __init__(self) -> None:
        self._agent: PPOPool | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """None of its own."""
        return {}

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run, in any search space."""
        self._agent = self._agent or fresh()
        self._agent.reset(context, rng)

    def ask(self) -> Query | None:
        """Return the candidate that the policy chooses; None if the budget is spent, or no candidate is left."""
        return self._begun().ask()

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        self._begun().tell(trial)

    def _begun(self) -> PPOPool:
        if self._agent is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._agent


def fresh() -> PPOPool:
    """Return a `ppo-pool` that acts by the initial weights of its network."""
    agent = PPOPool()
    with own_randomness():
        agent._actor = agent.actor_of(agent.scorer())
    return agent
