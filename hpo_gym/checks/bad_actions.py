"""Actions that an env must refuse: not a number, out of range, of another shape or type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike

from hpo_gym.checks.choices import actions, space_of
from hpo_gym.checks.drive import Env, codec_of, is_vector

Named = tuple[str, Any]


def bad_actions(env: Env) -> Iterator[Named]:
    """Each kind of bad action once; of a vector env, one run's action is bad."""
    good, space = next(actions(env, codec_of(env), 3)), space_of(env)
    yield from _no_arrays(good)
    if is_vector(env):
        for what, one in _of(space, good[-1]):
            if np.shape(one) == good.shape[1:]:
                batch = good.astype(np.result_type(good.dtype, np.asarray(one).dtype))
                batch[-1] = one
                yield f"{what} of one run", batch
        yield "An action less than runs", good[:-1]
        yield "An action more than runs", np.concatenate([good, good[:1]])
    else:
        yield from _of(space, good)


def _no_arrays(good: ArrayLike) -> Iterator[Named]:
    yield "The action None", None
    yield "The action 'up'", "up"
    yield "An action of nested lists of several lengths", [[0.0, 0.0], [0.0]]
    yield "A dictionary as action", {"action": 0}
    yield "An action of complex numbers", np.asarray(good) + 0j
    yield "An action of strings", np.asarray(good).astype(str)
    yield "An action of Python objects", np.full(np.shape(good), None, object)


def _of(space: Any, good: Any) -> Iterator[Named]:
    if isinstance(space, gym.spaces.Discrete):
        yield from _discrete(int(space.n))
        return
    grid = isinstance(space, gym.spaces.MultiDiscrete)
    if not (grid or isinstance(space, gym.spaces.Box)):
        return
    for place in (0, -1):
        outside = {"-1": -1, "one above the last": space.nvec[place]} if grid else _beyond(space.high.flat[0])
        for name, value in outside.items():
            bad = good.copy()
            bad[place] = value
            yield f"{name} in an action", bad
    if grid:
        yield "Fractions in an action", good + 0.5
        yield "NaN in an action", good * np.nan
    else:
        low = good.copy()
        low[-1] = space.low.flat[-1] - 1.0
        yield "An action below the bound", low
    yield "An action with a number too many", np.append(good, good[:1])
    yield "An action with a number too few", good[:-1]
    yield "An action with an axis too many", good[None]
    yield "A single number as action", good[0]


def _beyond(high: float) -> dict[str, float]:
    hair = np.nextafter(high, np.float32(9))
    values = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf, "1.5 times the bound": 1.5 * high}
    return {**values, "a hair above the bound": hair}


def _discrete(n: int) -> Iterator[Named]:
    yield "The action -1", -1
    yield "The action one above the last", n
    yield "A huge action", np.uint64(2**63 + 1)
    yield "The action 0.5", 0.5
    yield "NaN in an action", float("nan")
    yield "An action with an axis too many", np.array([0])
