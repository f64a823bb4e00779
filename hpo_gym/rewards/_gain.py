"""The gain of a trial, as several rewards count it."""

from __future__ import annotations

import numpy as np

from hpo_gym.rewards import Rewards
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs


def gain_of(contexts: Contexts, runs: Runs) -> Rewards:
    """How far the trial lifts the incumbent, counted from the mean score of meta-train, ``(n,)``."""
    floor = contexts.scale.mean
    gain = np.maximum(runs.best, floor) - np.maximum(runs.previous, floor)
    if runs.fidelity is not None:  # else an incumbent never falls
        gain = np.maximum(gain, 0.0)
    return np.asarray(gain, np.float64)
