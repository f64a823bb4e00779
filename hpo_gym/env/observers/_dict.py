"""Shared parts of observers of a Dict."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.env.observers import MAX
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


def box(low: float, high: float, *shape: int) -> gym.spaces.Box:
    """Return a Box of float32."""
    return gym.spaces.Box(low, high, shape, np.float32)


def dict_space(contexts: Contexts, parts: dict[str, gym.Space[Any]], context: bool) -> gym.spaces.Dict:
    """Return a Dict of the parts and, if it is shown, of the context."""
    if context:
        parts = parts | {"context": box(-MAX, MAX, contexts.meta.shape[1])}
    return gym.spaces.Dict(parts)


def with_context(contexts: Contexts, runs: Runs, out: dict[str, NDArray[Any]], context: bool) -> dict[str, Any]:
    """Return the observation and, if it is shown, the context."""
    return out | {"context": contexts.meta[runs.task]} if context else out
