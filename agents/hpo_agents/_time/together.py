"""`Together`: the envs of several suites as one, so that every update of a policy has seen all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices


class Together(VecEnv):
    """The runs of several vector envs side by side; their spaces must be the same.

    Args:
        envs: At least one.
        factor: Rewards times this, so that returns are of the order of 1, and a value is learned as fast as a policy.
    """

    def __init__(self, envs: Sequence[VecEnv], factor: float) -> None:
        self.envs, self._factor = list(envs), factor
        self._cuts = np.cumsum([env.num_envs for env in envs])[:-1]
        super().__init__(sum(env.num_envs for env in envs), envs[0].observation_space, envs[0].action_space)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed the next `reset`; suites get seeds of their own."""
        return [s for i, env in enumerate(self.envs) for s in env.seed(None if seed is None else seed + i)]

    def reset(self) -> Any:
        return _joined([env.reset() for env in self.envs])

    def step_async(self, actions: NDArray[Any]) -> None:
        for env, part in zip(self.envs, np.split(actions, self._cuts), strict=True):
            env.step_async(part)

    def step_wait(self) -> Any:
        obs, rewards, dones, infos = zip(*(env.step_wait() for env in self.envs), strict=True)
        reported = [info for part in infos for info in part]
        return _joined(obs), np.concatenate(rewards) * self._factor, np.concatenate(dones), reported

    def close(self) -> None:
        for env in self.envs:
            env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return self._of(indices, [value for env in self.envs for value in env.get_attr(attr_name)])

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        for env in self.envs:
            env.set_attr(attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        reported = [one for env in self.envs for one in env.env_method(method_name, *method_args, **method_kwargs)]
        return self._of(indices, reported)

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        return self._of(indices, [one for env in self.envs for one in env.env_is_wrapped(wrapper_class)])

    def _of(self, indices: VecEnvIndices, reported: list[Any]) -> list[Any]:
        return [reported[i] for i in self._get_indices(indices)]


def _joined(observations: Sequence[Any]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([obs[name] for obs in observations]) for name in observations[0]}
