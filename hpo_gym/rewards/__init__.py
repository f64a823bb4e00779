"""Rewards: named, stateless, batch-first functions of contexts and runs, called after each trial; one file each."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from hpo_gym.registry import Registry
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs

Rewards = NDArray[np.float64]

REWARDS: Registry[Reward] = Registry("reward", ("hpo_gym.rewards",), variable="REWARDS")


class Reward(ABC):
    """What a trial is worth to an agent.

    Attributes:
        training_only: Whether it reads the oracle, and so is refused outside the training split.
    """

    training_only = False

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Rewards:
        """Reward of the last trial of each run, a fresh ``(n,)``."""
