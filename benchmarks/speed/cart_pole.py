"""The anchor of single envs: Gymnasium's CartPole-v1, made by `gym.make`, its episodes begun anew as they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from measured import Found
from timing import Case, against

ACTIONS = 1024
"""Prepared actions of a single env."""


def stepping(env: gym.Env[Any, Any], ring: Sequence[Any]) -> Case:
    """A case that steps a single env with prepared actions in turn, resetting at the end of each episode.

    All actions have been taken once: what an env keeps of rows that it has answered with is there.
    """
    size, done = len(ring), 0
    env.reset(seed=0)

    def run(count: int) -> None:
        nonlocal done
        step, reset = env.step, env.reset
        for i in range(done, done + count):
            _, _, terminated, truncated, _ = step(ring[i % size])
            if terminated or truncated:
                reset()
        done += count

    run(size)
    return run, 1


def cart_pole() -> Case:
    """A case that steps CartPole-v1 with random pushes."""
    return stepping(gym.make("CartPole-v1"), [int(a) for a in np.random.default_rng(0).integers(0, 2, ACTIONS)])


def against_cart_pole(cases: Mapping[str, Case], small: bool) -> Found:
    """Of each case ``ratio``, steps of CartPole-v1 per CPU second being 1, and ``rate``, the steps per CPU second."""
    found = against(cases, cart_pole(), repeats=7 if small else 11, target=0.02 if small else 0.1)
    return {case: {key: figures[key] for key in ("ratio", "rate")} for case, figures in found.items()}
