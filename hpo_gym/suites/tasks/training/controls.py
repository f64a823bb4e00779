"""`Controls`: the hyperparameters of a training, from points of their search space to the settings of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, unknown
from hpo_gym.problem import Points, SearchSpace
from hpo_gym.suites.tasks.training.epoch import Settings
from hpo_gym.suites.tasks.training.recipe import LARGEST, Recipe

RATE, MOMENTUM, BATCH = "learning_rate", "momentum", "batch"
CONTROLS = (RATE, MOMENTUM, BATCH)
"""Hyperparameters that can be controlled; the learning rate always is."""


def control_space(recipe: Recipe, controls: tuple[str, ...] = (RATE,)) -> SearchSpace:
    """Return the search space of a training: `learning_rate` in [1e-5, 10], `momentum` in [0, .99], `batch` in rows.

    Raises:
        UnknownNameError: A control that is none.
        InvalidValueError: An epoch is shorter than the largest available batch.
    """
    if BATCH in controls and recipe.slots < LARGEST:
        raise InvalidValueError(f"`slots >= {LARGEST}` must hold where the batch is controlled, got {recipe.slots}.")
    batches = [recipe.slot * 2**k for k in range(LARGEST.bit_length())]
    real = {"type": "uniform_float"}
    known: dict[str, dict[str, Any]] = {
        RATE: {**real, "lower": 1e-5, "upper": 10.0, "default_value": 0.01, "log": True},
        MOMENTUM: {**real, "lower": 0.0, "upper": 0.99, "default_value": recipe.momentum, "log": False},
        BATCH: {"type": "ordinal", "sequence": batches, "default_value": recipe.slot},
    }
    for name in controls:
        if name not in known:
            raise unknown("control of a training", name, known)
    columns = [{**known[name], "name": name, "meta": None} for name in CONTROLS if name in (RATE, *controls)]
    return SearchSpace({"hyperparameters": columns, "conditions": [], "forbiddens": []})


class Controls:
    """Read the settings of epochs from points; settings without control are the recipe's."""

    def __init__(self, space: SearchSpace, recipe: Recipe) -> None:
        self._columns = {h.name: (j, h) for j, h in enumerate(space.hyperparameters)}
        self._momentum, self._slot = recipe.momentum, recipe.slot

    def __call__(self, at: Points) -> Settings:
        """Return the settings of canonical points ``(m, d)``."""
        m = len(at)
        rate = self._numbers(RATE, at).astype(np.float32)
        decay = np.full(m, self._momentum, np.float32)
        every = np.ones(m, np.int64)
        if MOMENTUM in self._columns:
            decay = self._numbers(MOMENTUM, at).astype(np.float32)
        if BATCH in self._columns:
            every = 2 ** self._numbers(BATCH, at).astype(np.int64)
        return Settings(rate, decay, every)

    def _numbers(self, name: str, at: Points) -> Any:
        j, h = self._columns[name]
        return h.numbers(at[:, j])
