"""Driving an env through episodes, single or vector, wrapped or not, so that checks can compare what it gave."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.checks.faults import snapshot

Env = Any
"""A `gymnasium.Env` or `gymnasium.vector.VectorEnv`; both have the same calls."""


def is_vector(env: Env) -> bool:
    """Whether many runs are stepped at once."""
    return isinstance(env, gym.vector.VectorEnv)


def action_space(env: Env) -> gym.Space[Any]:
    """The action space of one run."""
    space: gym.Space[Any] = env.single_action_space if is_vector(env) else env.action_space
    return space


def codec_of(env: Env) -> Any:
    """The codec inside, or None where the env is not ours."""
    return getattr(getattr(getattr(env.unwrapped, "kernel", None), "parts", None), "codec", None)


def wrappers(env: Env) -> Iterator[Any]:
    """The wrappers around an env, outermost first."""
    while isinstance(env, gym.Wrapper):
        yield env
        env = env.env


def is_limited(env: Env) -> bool:
    """Whether a limit of steps truncates episodes."""
    return any(isinstance(wrapper, gym.wrappers.TimeLimit) for wrapper in wrappers(env))


def episode_length(env: Env) -> int:
    """The most steps that an episode can have, at most 40."""
    contexts = getattr(getattr(env.unwrapped, "kernel", None), "contexts", None)
    return min(getattr(contexts, "horizon", 40), 40)


def actions(env: Env, seed: int) -> Iterator[Any]:
    """Actions that stop no episode, without end, from a copy of the action space; one, or one for each run."""
    space, codec = copy.deepcopy(action_space(env)), codec_of(env)
    space.seed(seed)
    while True:
        if is_vector(env):
            yield np.array([going_on(space.sample(), space, codec) for _ in range(env.num_envs)])
        else:
            yield going_on(space.sample(), space, codec)


def going_on(action: np.int64 | NDArray[Any], space: gym.Space[Any], codec: object) -> Any:
    """The action, changed where it would stop the episode."""
    if not getattr(codec, "stop", False):
        return action
    if isinstance(space, gym.spaces.Discrete):
        return action % (space.n - 1)
    action = np.array(action)
    if isinstance(space, gym.spaces.Box):
        action[-1] = -abs(action[-1])
    elif getattr(codec, "levels", None) is not None and len(action) > 2:
        action[-1] = 0
    else:  # one choice and a fidelity: the last choice stops
        action[0] %= space.nvec[0] - 1  # type: ignore[attr-defined]
    return action


class Driver:
    """Steps an env and begins anew when an episode is over.

    Args:
        env: The env.
        seed: Of the first reset.
        choose: Seed of the actions.
    """

    def __init__(self, env: Env, seed: int | None = 1, choose: int = 5) -> None:
        self.env = env
        self._choose, self._taken = choose, 0
        self._actions = actions(env, choose)
        self._over: bool | NDArray[np.bool_] = False
        self.action: object = None
        self.first = env.reset(seed=seed)

    @property
    def over(self) -> bool:
        """Whether the next outcome is that of a reset."""
        return bool(np.any(self._over))

    def with_env(self, env: Env) -> Driver:
        """A driver that goes on with a copy of the env, and chooses the same actions."""
        other = copy.copy(self)
        other.env, other._actions = env, actions(env, self._choose)
        for _ in range(self._taken):
            next(other._actions)
        return other

    def step(self) -> Any:
        """The next outcome: a step, or after the end of an episode a reset."""
        if np.any(self._over):
            over, self._over = self._over, False
            return self.env.reset(options={"reset_mask": over}) if is_vector(self.env) else self.env.reset()
        self.action = next(self._actions)
        self._taken += 1
        outcome = self.env.step(self.action)
        if not is_vector(self.env):
            self._over = outcome[2] or outcome[3]
        elif self.env.metadata.get("autoreset_mode") is AutoresetMode.DISABLED:
            self._over = np.asarray(outcome[2]) | np.asarray(outcome[3])
        return outcome


def drive(env: Env, seed: int | None = 1, steps: int = 12, choose: int = 5) -> list[Any]:
    """Snapshots of a reset and of `steps` outcomes after it."""
    driver = Driver(env, seed, choose)
    return [snapshot(driver.first), *(snapshot(driver.step()) for _ in range(steps))]
