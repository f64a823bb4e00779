"""Shared parts of observers of one flat Box."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np

from hpo_gym.base import Singles
from hpo_gym.env.observers import MAX, Observer
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.scales import ServedScores

Limits = list[tuple[float, float, int]]
"""Low, high and count of each stretch."""


class Flat(Observer):
    """An observer of one flat Box: stretches of numbers between a low and a high, then the context.

    Attributes:
        alike: Whether runs without a trial differ in their context alone.
    """

    alike = True

    def __init__(self, context: bool = False, served: ServedScores | None = None) -> None:
        super().__init__(context, served)
        self.blank = self.alike and not context

    @abstractmethod
    def limits(self, contexts: Contexts) -> Limits:
        """Return the stretches."""

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        parts = self.limits(contexts)
        if self.context:
            parts = [*parts, (-MAX, MAX, contexts.meta.shape[1])]
        low = np.concatenate([np.full(w, lo, np.float32) for lo, _, w in parts])
        high = np.concatenate([np.full(w, hi, np.float32) for _, hi, w in parts])
        return gym.spaces.Box(low, high, dtype=np.float32)

    def finish(self, contexts: Contexts, runs: Runs, out: Singles) -> Singles:
        """Append the context, if it is shown."""
        return np.concatenate([out, contexts.meta[runs.task]], 1) if self.context else out
