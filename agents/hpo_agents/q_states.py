"""The designs by name: what an agent's setting `states` chooses among."""

from __future__ import annotations

from hpo_agents.q_designs import Design, Following, Timed
from hpo_agents.q_moves import Moves
from hpo_gym.errors import unknown

STATES = ("configuration", "move", "trial")


def design_of(states: str, *, candidates: int, levels: int, max_states: int, horizon: int, buckets: int) -> Design:
    """A new design.

    Args:
        states: "configuration", "move" or "trial".
        candidates: For "configuration" and "trial".
        levels, max_states: For "move".
        horizon, buckets: For "trial".

    Raises:
        UnknownNameError: No such states.
    """
    if states == "configuration":
        return Following(candidates)
    if states == "move":
        return Moves(levels, max_states)
    if states == "trial":
        return Timed(candidates, horizon, buckets)
    raise unknown("kind of `states`", states, STATES)
