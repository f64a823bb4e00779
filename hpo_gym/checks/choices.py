"""Actions of a check: random ones, the ends of the space, repeats, and one that stops the episode."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from hpo_gym.base import seeding
from hpo_gym.env import OneChoice

Action = Any

_CORNERS = 6  # columns of which all corners are taken
_DRAWN = 24  # corners of more columns


def space_of(env: Any) -> gym.Space[Any]:
    """Return the action space of one run."""
    space: gym.Space[Any] = env.single_action_space if isinstance(env, gym.vector.VectorEnv) else env.action_space
    return space


def codec_of(env: Any) -> Any:
    """Return the codec inside."""
    return env.unwrapped.kernel.parts.codec


def has_masks(space: gym.Space[Any]) -> bool:
    """Return whether actions can be masked."""
    return isinstance(space, (gym.spaces.Discrete, gym.spaces.MultiDiscrete))


def walk(env: Any, seed: int) -> Iterator[Action]:
    """Actions without end, one or one for each run: a random one, the same again, two at the ends of the space; none
    stops the episode."""
    if not isinstance(env, gym.vector.VectorEnv):
        return _walk_one(env, seed)
    own = [_walk_one(env, seeding.key("walk", seed, i)) for i in range(env.num_envs)]
    return map(np.array, zip(*own, strict=True))


def _walk_one(env: Any, seed: int) -> Iterator[Action]:
    space = copy.deepcopy(space_of(env))
    space.seed(seed)
    ends = itertools.cycle([going_on(action, env) for action in corners(space)] or [None])
    for _ in range(seed % 7):
        next(ends)
    while True:
        action = going_on(space.sample(), env)
        yield action
        yield copy.copy(action)
        for end in itertools.islice(ends, 2):
            yield going_on(space.sample(), env) if end is None else copy.copy(end)


def corners(space: gym.Space[Any]) -> list[Action]:
    """Actions at the ends of the space: the highest and the lowest, each part alone, and others at random."""
    if isinstance(space, gym.spaces.Discrete):
        return [space.start + space.n - 1, space.start]
    if isinstance(space, gym.spaces.Box):
        low, high = space.low, space.high
    elif isinstance(space, gym.spaces.MultiDiscrete):
        low, high = np.zeros_like(space.nvec, space.dtype), (space.nvec - 1).astype(space.dtype)
    else:
        return []
    size = low.size
    if size <= _CORNERS:
        signs = np.array(list(itertools.product((True, False), repeat=size)))
        signs = np.concatenate([signs[[0, -1]], signs[1:-1]])
    else:
        one = np.eye(size, dtype=bool)
        drawn = np.random.default_rng(0).random((_DRAWN, size)) < 0.5
        signs = np.concatenate([np.ones((1, size), bool), np.zeros((1, size), bool), one, ~one, drawn])
    return [np.where(sign.reshape(low.shape), high, low) for sign in signs]


def going_on(action: Action, env: Any) -> Action:
    """Return the action, changed if it would stop the episode."""
    return stopping(action, env, False) if codec_of(env).stop else action


def stopping(action: Action, env: Any, stop: bool = True) -> Action:
    """Return the action with the part that stops the episode as asked; the codec has one."""
    space: Any = space_of(env)
    if isinstance(space, gym.spaces.Discrete):
        return type(action)(space.n - 1) if stop else action % (space.n - 1)
    action = np.array(action)
    if isinstance(space, gym.spaces.Box):
        action[-1] = 1.0 if stop else -abs(action[-1])
    elif isinstance(codec_of(env), OneChoice):  # and a fidelity: the last choice stops
        last = space.nvec[0] - 1
        action[0] = last if stop else action[0] % last
    else:
        action[-1] = stop
    return action
