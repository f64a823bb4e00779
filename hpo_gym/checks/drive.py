"""What an env is, single or vector, wrapped or not; actions to try, also at the ends of the space; and its episodes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.checks.faults import snapshot
from hpo_gym.env import OneChoice

Env = Any
"""A `gymnasium.Env` or `gymnasium.vector.VectorEnv`; both have the same calls."""

Make = Callable[[], Env]
"""A fresh copy of the env that is checked."""

_DRAWN = 24  # corners of an action space, besides the ends of each part

MOST = 2000
"""Steps: an episode that goes on so long is not followed to its end."""

_CLEAR = ("OrderEnforcing", "PassiveEnvChecker", "TimeLimit", "RecordEpisodeStatistics")
_CHANGERS: dict[str, tuple[type, ...]] = {
    "observation": (gym.ObservationWrapper, gym.vector.VectorObservationWrapper),
    "reward": (gym.RewardWrapper, gym.vector.VectorRewardWrapper),
    "action": (gym.ActionWrapper, gym.vector.VectorActionWrapper),
}


# ---------------------------------------------------------------------- what it is
def is_vector(env: Env) -> bool:
    """Return whether many runs are stepped at once."""
    return isinstance(env, gym.vector.VectorEnv)


def mode_of(env: Env) -> AutoresetMode | None:
    """When the runs of a vector env begin again; None of a single one."""
    return env.metadata.get("autoreset_mode") if is_vector(env) else None


def kernel_of(env: Env) -> Any:
    """Return the kernel inside."""
    return env.unwrapped.kernel


def method(env: Env, name: str) -> Any:
    """Return a method of the env or of the first wrapper that has it, outermost first."""
    while not hasattr(env, name):
        env = env.env
    return getattr(env, name)


def history_of(env: Env, i: int = 0) -> Any:
    """Return the history of an env; of a vector env, that of run `i`."""
    return method(env, "history")(*((i,) if is_vector(env) else ()))


def wrappers(env: Env) -> Iterator[Any]:
    """Return the wrappers around an env, outermost first."""
    while isinstance(env, (gym.Wrapper, gym.vector.VectorWrapper)):
        yield env
        env = env.env


def is_limited(env: Env) -> bool:
    """Return whether a limit of steps truncates episodes."""
    return any(isinstance(wrapper, gym.wrappers.TimeLimit) for wrapper in wrappers(env))


def as_inside(env: Env, what: str) -> bool:
    """Return whether the "observation", "reward" or "action" is that of the env inside: no wrapper changes it."""
    if what != "reward" and getattr(env, f"{what}_space") != getattr(env.unwrapped, f"{what}_space"):
        return False
    for wrapper in wrappers(env):
        own = type(wrapper).__module__.startswith("gymnasium.") and type(wrapper).__name__ not in _CLEAR
        if own or isinstance(wrapper, _CHANGERS[what]):
            return False
    return True


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


def most_steps(env: Env) -> int:
    """Return the most steps of an episode, at most `MOST`."""
    contexts = kernel_of(env).contexts
    return int(min(contexts.horizon - contexts.n_init, MOST))


def episode_length(env: Env) -> int:
    """Return the most trials of an episode, at most 40."""
    return int(min(kernel_of(env).contexts.horizon, 40))


# ---------------------------------------------------------------------- actions
def walk(env: Any, seed: int) -> Iterator[Any]:
    """Actions without end, one or one for each run: a random one, the same again, two at the ends of the space; none
    stops the episode."""
    if not isinstance(env, gym.vector.VectorEnv):
        return _walk_one(env, seed)
    own = [_walk_one(env, seeding.key("walk", seed, i)) for i in range(env.num_envs)]
    return map(np.array, zip(*own, strict=True))


def _walk_one(env: Any, seed: int) -> Iterator[Any]:
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


def corners(space: gym.Space[Any]) -> list[Any]:
    """Actions at the ends of the space: the highest and the lowest, each part alone, and others at random."""
    if isinstance(space, gym.spaces.Discrete):
        return [space.start + space.n - 1, space.start]
    if isinstance(space, gym.spaces.Box):
        low, high = space.low, space.high
    elif isinstance(space, gym.spaces.MultiDiscrete):
        low, high = np.zeros_like(space.nvec, space.dtype), (space.nvec - 1).astype(space.dtype)
    else:
        return []
    one = np.eye(low.size, dtype=bool)
    drawn = np.random.default_rng(0).random((_DRAWN, low.size)) < 0.5
    signs = np.concatenate([np.ones_like(one[:1]), np.zeros_like(one[:1]), one, ~one, drawn])
    return [np.where(sign.reshape(low.shape), high, low) for sign in signs]


def going_on(action: Any, env: Any) -> Any:
    """Return the action, changed if it would stop the episode."""
    return stopping(action, env, False) if codec_of(env).stop else action


def stopping(action: Any, env: Any, stop: bool = True) -> Any:
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


# ---------------------------------------------------------------------- steps
def over_of(env: Env, outcome: Any) -> NDArray[np.bool_]:
    """Return which runs the caller has to begin anew after an outcome of a step or a reset."""
    if len(outcome) < 5 or mode_of(env) not in (None, AutoresetMode.DISABLED):
        return np.zeros(1, bool)
    return np.atleast_1d(outcome[2] | outcome[3])


class Driver:
    """Steps an env, first reset by `seed`, by actions of the seed `choose`, and begins anew when an episode is over."""

    def __init__(self, env: Env, seed: int | None = 1, choose: int = 5) -> None:
        self.env, self._actions = env, walk(env, choose)
        self.first, self._over = env.reset(seed=seed), np.zeros(1, bool)

    def with_env(self, env: Env) -> Driver:
        """Return a driver that continues with a copy of the env, and chooses the same actions."""
        other = copy.copy(self)
        self._actions, other._actions = itertools.tee(self._actions)
        other.env = env
        return other

    def step(self) -> Any:
        """Return the next outcome: a step, or after the end of an episode a reset."""
        over, self._over = self._over, np.zeros(1, bool)
        if over.any():
            return self.env.reset(options={"reset_mask": over}) if is_vector(self.env) else self.env.reset()
        outcome = self.env.step(next(self._actions))
        self._over = over_of(self.env, outcome)
        return outcome


def drive(env: Env, seed: int | None = 1, steps: int = 12, choose: int = 5) -> list[Any]:
    """Snapshots of a reset and of `steps` outcomes after it."""
    driver = Driver(env, seed, choose)
    return [snapshot(driver.first), *(snapshot(driver.step()) for _ in range(steps))]
