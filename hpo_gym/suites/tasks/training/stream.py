"""The rows of training tasks: pools of fresh rows, drawn once for each task by its name."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Singles, seeding
from hpo_gym.suites.tasks.training.generators import GENERATORS
from hpo_gym.suites.tasks.training.generators.common import WIDTH
from hpo_gym.suites.tasks.training.recipe import INPUTS, Recipe

NOISE = 0.1
"""The largest share of labels that are wrong."""


@dataclass(frozen=True)
class StreamSource:
    """Source of a task's rows."""

    family: str
    seed: int

    @property
    def noise(self) -> float:
        """The share of labels that are wrong, in [0, `NOISE`]."""
        return NOISE * float(
            seeding.uniform(np.array([seeding.key("label noise", self.family, self.seed)], np.uint64))[0]
        )

    def rows(self, count: int) -> tuple[Singles, NDArray[np.int8], int]:
        """Return rows ``(count, 16)``, the last column 1, their classes ``(count,)``, and the number of classes.

        Columns have mean 0 and deviation 1 (missing: 0); about half are divided by up to 10, for bad condition.
        """
        rng = seeding.generator(seeding.key("stream", self.family, self.seed))
        x, y = GENERATORS[self.family](rng, count)
        x = (x - x.mean(0)) / (x.std(0) + 1e-12)
        x = x * 10.0 ** -(rng.uniform(0, 1, x.shape[1]) * (rng.random(x.shape[1]) < 0.5))
        out = np.zeros((count, INPUTS), np.float32)
        out[:, : x.shape[1]] = x
        out[:, WIDTH] = 1.0
        return out, y.astype(np.int8), max(int(y.max()) + 1, 2)


@dataclass(frozen=True, eq=False)
class Stream:
    """The rows of `k` tasks; nothing of it is ever written, so copies share it.

    Attributes:
        x: ``(k, chunks, slot, 16)``.
        y: Classes, ``(k, chunks, slot)``.
        valid_x: ``(k, validation, 16)``.
        valid_y: ``(k, validation)``.
        classes: ``(k,)``.
        noise: ``(k,)``.
    """

    sources: tuple[StreamSource, ...]
    recipe: Recipe
    x: Singles
    y: NDArray[np.int8]
    valid_x: Singles
    valid_y: NDArray[np.int8]
    classes: NDArray[np.int64]
    noise: Singles

    def __reduce__(self) -> Any:
        return stream_of, (self.sources, self.recipe)

    def __deepcopy__(self, memo: object) -> Stream:
        return self


@functools.lru_cache(maxsize=4)
def stream_of(sources: tuple[StreamSource, ...], recipe: Recipe) -> Stream:
    """Return the rows of tasks, drawn or already at hand."""
    k, train, valid = len(sources), recipe.chunks * recipe.slot, recipe.validation
    x, y = np.empty((k, train, INPUTS), np.float32), np.empty((k, train), np.int8)
    valid_x, valid_y = np.empty((k, valid, INPUTS), np.float32), np.empty((k, valid), np.int8)
    classes, noise = np.empty(k, np.int64), np.empty(k, np.float32)
    for j, source in enumerate(sources):
        rows, labels, classes[j] = source.rows(train + valid)
        x[j], valid_x[j], y[j], valid_y[j] = rows[:train], rows[train:], labels[:train], labels[train:]
        noise[j] = source.noise
    shape = (k, recipe.chunks, recipe.slot)
    arrays = (x.reshape(*shape, INPUTS), y.reshape(shape), valid_x, valid_y, classes, noise)
    for array in arrays:
        array.flags.writeable = False
    return Stream(sources, recipe, *arrays)
