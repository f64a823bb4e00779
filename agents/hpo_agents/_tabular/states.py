"""The designs by name, and the agents with a setting `states` for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.designs import Design, Following, Timed
from hpo_agents._tabular.moves import Moves
from hpo_gym.base import unknown

STATES = ("configuration", "move", "trial")


@dataclass(eq=False, repr=False)
class StatesAgent(QAgent):
    """An agent with a Q table whose states and actions are a setting; subclasses add the learning rule.

    Args:
        states: "configuration", "move" or "trial".
        candidates: Number of configurations that are actions (for "configuration" and "trial").
        levels: Levels of a range (for "move").
        max_states: Grid cells that get a row of the table (for "move").
        buckets: Of the incumbent's score (for "trial").
        gamma: Discount.
        alpha_min: Floor of the step size n^-0.7.
        epsilon_min: Share of random actions at the end of the training; it falls from 1 linearly.
        reward: "regret_drop" (reads the oracle, of training tasks only), or a registered reward.
        budget: Trials of a training episode.
        steps: Trials of the training; None: 4,000,000, with moves 1,000,000 (three to six seconds on AutoML).
        runs: Episodes side by side.
        trust: Pairs with fewer updates are chosen last.
    """

    own: ClassVar[tuple[str, ...]] = ("states", "candidates", "levels", "max_states", "buckets")

    states: str = "trial"
    candidates: int = 64
    levels: int = 5
    max_states: int = 20_000
    buckets: int = 3
    gamma: float = 0.1
    alpha_min: float = 0.003
    epsilon_min: float = 0.1
    reward: str = "regret_drop"
    budget: int = 33
    steps: int | None = None
    runs: int = 1024
    trust: int = 20

    def make_design(self) -> Design:
        """Return the design named by `states`.

        Raises:
            UnknownNameError: No such states.
        """
        if self.states == "configuration":
            return Following(self.candidates)
        if self.states == "move":
            return Moves(self.levels, self.max_states)
        if self.states == "trial":
            return Timed(self.candidates, self.budget, self.buckets)
        raise unknown("kind of `states`", self.states, STATES)
