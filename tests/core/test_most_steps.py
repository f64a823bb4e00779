"""`most_steps`: how long an episode can be. The env has it, not its spec, by which Gymnasium would truncate."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

POOL = {"name": "pool", "fidelity": True}
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "a full trial a step": ({"suite": "SVM", "budget": 4}, 4),
    "the budget of the suite": ({"suite": "Trainings"}, 24),
    "the initial design is no step": ({"suite": "SVM", "budget": 4, "n_init": 3}, 4),
    "trials in flight": ({"suite": "SVM", "budget": 4, "pending": 3}, 4),
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
    assert env.unwrapped.most_steps == steps
    count, terminated, truncated = played(env)
    assert (terminated, truncated) == (True, False)
    assert count <= steps if "budget_cost" in keywords else count == steps
    assert gym.make_vec("hpo_gym/HPO-v0", num_envs=2, **keywords).unwrapped.most_steps == steps
