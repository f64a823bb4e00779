"""The controls of a fit: learning rate, weight decay and dropout, from points of their search space to numbers."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Singles
from hpo_gym.problem import Points, SearchSpace

RATE, DECAY, DROPOUT = "learning_rate", "weight_decay", "dropout"
CONTROLS = (RATE, DECAY, DROPOUT)


def control_space() -> SearchSpace:
    """`learning_rate` and `weight_decay` in [1e-5, 3], logarithmic, and `dropout` in [0, .7]."""
    strength = {"type": "uniform_float", "lower": 1e-5, "upper": 3.0, "log": True, "meta": None}
    share = {"type": "uniform_float", "lower": 0.0, "upper": 0.7, "default_value": 0.0, "log": False, "meta": None}
    columns = [
        {**strength, "name": RATE, "default_value": 0.01},
        {**strength, "name": DECAY, "default_value": 1e-3},
        {**share, "name": DROPOUT},
    ]
    return SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})


def numbers(space: SearchSpace, at: Points) -> Singles:
    """Return the controls of canonical points ``(m, d)``, in the order of `CONTROLS`: ``(m, 3)``."""
    known = {h.name: (j, h) for j, h in enumerate(space.hyperparameters)}
    columns = [known[name][1].numbers(at[:, known[name][0]]) for name in CONTROLS]
    return np.stack(columns, 1, dtype=np.float32)
