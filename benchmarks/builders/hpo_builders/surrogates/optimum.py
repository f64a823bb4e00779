"""The best configuration of each task of a surrogate, by search from many starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import Points
from hpo_gym.suites import SurrogateModel

SPREAD, STARTS, ROUNDS, CHILDREN = 4000, 6, 60, 16
"""Configurations that are looked at first, the best of which are improved, how often, and by how many proposals."""


def optima(surrogate: SurrogateModel, rows: list[Points]) -> tuple[Points, NDArray[np.float64], NDArray[np.float64]]:
    """Points ``(k, d)``, their scores ``(k,)``, and the lowest ones of where it starts ``(k,)``.

    Starts are the best of `SPREAD` drawn configurations and of the table's. A proposal draws a quarter of the columns
    anew, one at least, in the first half of the rounds from anywhere, then nearer and nearer; the better of it and its
    parent goes on.

    Raises:
        InvalidValueError: All configurations are foretold to fail on a task.
    """
    space, k = surrogate.space, len(surrogate.heads)
    rng = np.random.default_rng(seeding.key("surrogate", "optimum"))
    x = space.sample(rng, SPREAD)
    best, score, worst = np.empty((k, space.d)), np.empty(k), np.empty(k)
    for task in range(k):
        every = np.concatenate([x, rows[task]])
        value = _scores(surrogate, task, every)
        if not np.isfinite(value).any():
            raise InvalidValueError(f"A configuration must succeed on each task, task {task} foretells none.")
        worst[task] = value[np.isfinite(value)].min()
        first = np.argsort(-value, kind="stable")[:STARTS]
        best[task], score[task] = _climb(surrogate, task, every[first], value[first], rng)
    return best, score, worst


def _climb(
    surrogate: SurrogateModel, task: int, x: Points, value: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Points, float]:
    space = surrogate.space
    for turn in range(ROUNDS):
        reach = min(1.0, 2.0 * (1.0 - turn / ROUNDS) ** 2)
        parent = np.repeat(x, CHILDREN, 0)
        change = rng.random(parent.shape) < 0.25
        change[np.arange(len(parent)), rng.integers(space.d, size=len(parent))] = True
        near = parent + reach * (rng.random(parent.shape) - 0.5)
        drawn = np.where(rng.random(parent.shape) < 0.3, rng.random(parent.shape), np.clip(near, 0.0, 1.0))
        child = space.snap(np.where(change, drawn, parent))
        legal = space.legal(child)
        child[~legal] = parent[~legal]
        got = _scores(surrogate, task, child).reshape(len(x), CHILDREN)
        pick = got.argmax(1)
        better = got.max(1) > value
        x = np.where(better[:, None], child.reshape(len(x), CHILDREN, -1)[np.arange(len(x)), pick], x)
        value = np.where(better, got.max(1), value)
    return x[value.argmax()], float(value.max())


def _scores(surrogate: SurrogateModel, task: int, x: Points) -> NDArray[np.float64]:
    last = np.full(len(x), surrogate.f - 1)
    return surrogate(np.full(len(x), task), x, last).score
