"""The designs by name, and the agents with a setting `states` for them."""

from __future__ import annotations

from dataclasses import dataclass

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

    The other settings are those of `QAgent`.
    """

    states: str = "trial"
    candidates: int = 64
    levels: int = 5
    max_states: int = 20_000
    buckets: int = 3

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
