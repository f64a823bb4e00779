"""Envs with planted faults: a list of them, each with words that the checker must say of it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from hpo_gym import check_env
from hpo_gym.base.errors import CheckFailed
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv

Case = tuple[type, str, dict[str, Any]]


def planting(faults: list[Case]) -> Callable[..., Callable[[type], type]]:
    """A decorator that puts a class with a fault into a list, with words and with keywords of its making."""

    def planted(words: str, **keywords: Any) -> Callable[[type], type]:
        def decorate(kind: type) -> type:
            faults.append((kind, words, keywords))
            return kind

        return decorate

    return planted


class Changes(HPOEnv):
    """Changes parts of each step."""

    def step(self, action: Any) -> Any:
        return self.changed(*super().step(action))

    def changed(self, obs: Any, reward: Any, terminated: Any, truncated: Any, info: Any) -> Any:
        raise NotImplementedError


class ChangesMany(HPOVectorEnv):
    """Changes parts of each step of all runs."""

    def step(self, actions: Any) -> Any:
        return self.changed(*super().step(actions))

    def changed(self, obs: Any, rewards: Any, terminated: Any, truncated: Any, infos: Any) -> Any:
        raise NotImplementedError


def made(kind: type, keywords: dict[str, Any]) -> Any:
    """An env of a class, on a small suite unless the keywords say otherwise; three runs of a vector env."""
    options = {"suite": "ToyPlain", "budget": 5, **keywords}
    return kind(3, **options) if issubclass(kind, gym.vector.VectorEnv) else kind(**options)


def faults_of(env: Any, **options: Any) -> tuple[str, ...]:
    """Return the faults that `check_env` finds in one process without pictures."""
    return found_in(env, **{"processes": False, "render": False, **options})


def found_in(env: Any, **options: Any) -> tuple[str, ...]:
    """Return the faults that `check_env` finds; it must find one."""
    with pytest.raises(CheckFailed) as caught:
        check_env(env, **options)
    return caught.value.faults
