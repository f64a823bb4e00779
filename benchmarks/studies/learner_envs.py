"""Actor-critics in training as a vector env of Stable-Baselines3, for `learners.py`."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from learners import BLIND_SIZE, ENVS, LENGTH, SIZE, TUNED, Runs, away, batch, features
from stable_baselines3.common.vec_env import VecEnv

from hpo_baselines.learner_ppo import HARDEST, KEPT, PUSH

SCALE = 10.0
"""Factor of a rise of the score, the reward."""


class TrainingEnvs(VecEnv):
    """Runs that begin and end together, each time fresh ones of all families to tune on.

    Args:
        blind: Whether the agent sees only time, kind and its own moves.
        seed: Of the first runs.
    """

    def __init__(self, blind: bool, seed: int) -> None:
        self.blind, self._seed = blind, seed
        size = BLIND_SIZE if blind else SIZE
        super().__init__(
            ENVS, gym.spaces.Box(-3, 3, (size,), np.float32), gym.spaces.Box(-HARDEST, HARDEST, (2,), np.float32)
        )

    def reset(self) -> Any:
        """Begin fresh runs."""
        self._seed += 1
        self.runs = Runs(batch("tuned", ENVS // len(TUNED), self._seed))
        return self._seen()

    def _seen(self) -> Any:
        return features(self.runs, blind=self.blind).astype(np.float32)

    def step_async(self, actions: Any) -> None:
        """Take the moves."""
        self._actions, self._before = np.clip(actions, -HARDEST, HARDEST), self.runs.score

    def step_wait(self) -> Any:
        """Train for a stage."""
        runs = self.runs
        runs.at(away(runs, KEPT * runs.moves + PUSH * self._actions))
        over, seen = runs.stage == LENGTH, self._seen()
        infos: list[dict[str, Any]] = [{} for _ in range(ENVS)]
        rewards = (SCALE * (runs.score - self._before)).astype(np.float32)
        if over:
            for info, last in zip(infos, seen, strict=True):
                info["terminal_observation"] = last
            seen = self.reset()
        return seen, rewards, np.full(ENVS, over), infos

    def close(self) -> None:
        """Do nothing."""

    def get_attr(self, name: str, indices: Any = None) -> list[Any]:
        """Return no attribute."""
        return [None] * ENVS

    def set_attr(self, name: str, value: Any, indices: Any = None) -> None:
        """Refuse."""
        raise NotImplementedError

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Refuse."""
        raise NotImplementedError

    def env_is_wrapped(self, wrapper: Any, indices: Any = None) -> list[bool]:
        """Return no everywhere."""
        return [False] * ENVS
