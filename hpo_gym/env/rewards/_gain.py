"""The gain of a trial, as several rewards count it."""

from __future__ import annotations

import numpy as np

from hpo_gym.env.rewards import Rewards
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.runs import Runs


def gain_of(contexts: Contexts, runs: Runs) -> Rewards:
    """Return the trial's improvement of the incumbent, counted from the mean score of meta-train, ``(n,)``."""
    floor = contexts.scale.mean
    gain = np.maximum(runs.reached, floor) - np.maximum(runs.reached_before, floor)
    if "fidelity" in runs.kept:  # else an incumbent never falls
        gain = np.maximum(gain, 0.0)
    return np.asarray(gain, np.float64)


def gain_of_one(contexts: Contexts, runs: Runs) -> float:
    """Return `gain_of` for the only run at full fidelity; with float32 scores, floor and gain are rounded too."""
    if runs.best is runs.previous:
        return 0.0
    best, before, floor = runs.reached.item(0), runs.reached_before.item(0), contexts.scale.mean
    if runs.single:
        floor = float(np.float32(floor))
    gain = (best if best > floor else floor) - (before if before > floor else floor)
    return float(np.float32(gain)) if runs.single else gain
