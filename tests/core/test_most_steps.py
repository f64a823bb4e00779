"""`most_steps`: how long an episode can be; a single env's spec has one more, by which nothing is ever truncated."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TimeAwareObservation

POOL = {"name": "pool", "fidelity": True}
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "a full trial a step": ({"suite": "SVM", "budget": 4}, 4),
    "the budget of the suite": ({"suite": "Trainings"}, 24),
    "the initial design is no step": ({"suite": "SVM", "budget": 4, "n_init": 3}, 4),
    "trials in flight": ({"suite": "SVM", "budget": 4, "pending": 3, "codec": "box"}, 4),
    "fidelities that are not chosen": ({"suite": "Curves", "budget": 4, "codec": "pool"}, 4),
    "all at the lowest fidelity, 1 / 64": ({"suite": "Curves", "budget": 2, "codec": POOL}, 128),
    "sixteen a unit of cost": ({"suite": "SVM", "budget_cost": 3.0}, 48),
}


def played(env: Any) -> tuple[int, bool, bool]:
    """Steps of an episode, always the first action or the middle of the box, and how it ends."""
    env.reset(seed=0)
    idle = np.zeros(env.action_space.shape, env.action_space.dtype)
    for step in range(1, 200):
        *_, terminated, truncated, _ = env.step(idle)
        if terminated or truncated:
            return step, terminated, truncated
    raise AssertionError("no end")


@pytest.mark.long
@pytest.mark.parametrize(("keywords", "steps"), CASES.values(), ids=CASES)
def test_no_episode_has_more_steps_and_one_that_spends_least_has_so_many(keywords: dict[str, Any], steps: int) -> None:
    env = gym.make("hpo_gym/HPO-v0", **keywords)
    assert env.unwrapped.most_steps == steps and env.spec.max_episode_steps == steps + 1
    count, terminated, truncated = played(env)
    assert (terminated, truncated) == (True, False)
    assert count <= steps if "budget_cost" in keywords else count == steps
    assert played(gym.make(env.spec)) == (count, True, False)  # the limit cuts nothing
    assert gym.make_vec("hpo_gym/HPO-v0", num_envs=2, **keywords).unwrapped.most_steps == steps


def test_the_spec_serves_wrappers_that_need_a_number_of_steps() -> None:
    env = gym.make("hpo_gym/SVM-v0", budget=4)
    aware = TimeAwareObservation(env, normalize_time=True)
    aware.reset(seed=0)
    shares = [aware.step(aware.action_space.sample())[0][-1] for _ in range(4)]
    np.testing.assert_allclose(shares, [0.2, 0.4, 0.6, 0.8])  # of 4 + 1 steps
    assert aware.observation_space.shape == (env.observation_space.shape[0] + 1,)
    read = EnvSpec.from_json(env.spec.to_json())
    assert read.max_episode_steps == 5 and gym.make(read).spec == gym.make(read).spec


def test_a_limit_that_was_asked_for_is_that_of_the_spec() -> None:
    env = gym.make("hpo_gym/SVM-v0", budget=4, max_episode_steps=2)
    assert env.spec.max_episode_steps == 2 and played(env) == (2, False, True)
