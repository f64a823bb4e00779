"""The start of a training from the weights of another agent with the same scorer."""

from __future__ import annotations

from typing import Any

import torch

from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import load


def begin_as(folder: str, scorer: torch.nn.Module) -> frozenset[str]:
    """Give a scorer the weights of a trained agent, and return the families that the agent has seen.

    Raises:
        InvalidValueError: It has no scorer, or one of another shape.
    """
    agent: Any = load(folder)
    found = getattr(getattr(agent, "_actor", None), "scorer", None)
    own, given = scorer.state_dict(), {} if found is None else found.state_dict()
    if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in given.items()}:
        raise InvalidValueError(
            f"`start` must be a trained agent with the same scorer, such as `bc` with the same `kind` and `network`, "
            f"got {type(agent).__name__!r} in {folder}."
        )
    scorer.load_state_dict(given)
    return frozenset(agent.seen)
