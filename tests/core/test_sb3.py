"""The bridge to Stable-Baselines3: the same episodes as the vector env's own, in SB3's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecMonitor
from toys import gappy

import hpo_gym
from hpo_gym.sb3 import HPOVecEnv, as_vec_env

N, BUDGET = 5, 4


def vector(**keywords: Any) -> hpo_gym.HPOVectorEnv:
    settings: dict[str, Any] = {
        "budget": BUDGET,
        "codec": "pool",
        "autoreset_mode": "SAME_STEP",
        "statistics": True,
        **keywords,
    }
    return hpo_gym.HPOVectorEnv(N, gappy(), **settings)


def actions(env: hpo_gym.HPOVectorEnv, steps: int) -> list[Any]:
    env.action_space.seed(3)
    return [env.action_space.sample() for _ in range(steps)]


@pytest.mark.parametrize("observer", ["last", "tokens", "pool"])
@pytest.mark.parametrize("codec", ["pool", "move", {"name": "pool", "stop": True}], ids=str)
def test_episodes_are_those_of_the_vector_env(observer: Any, codec: Any) -> None:
    ours = vector(observer=observer, codec=codec)
    theirs = as_vec_env(vector(observer=observer, codec=codec), monitor=False)
    theirs.seed(7)
    expected, seen = ours.reset(seed=7)[0], theirs.reset()
    np.testing.assert_equal(seen, expected)
    for a in actions(ours, 3 * BUDGET):
        obs, rewards, terminated, truncated, info = ours.step(a)
        seen, r, dones, infos = theirs.step(a)
        np.testing.assert_equal(seen, obs)
        np.testing.assert_equal(r, rewards)
        np.testing.assert_equal(dones, terminated | truncated)
        assert [bool(i) for i in infos] == dones.tolist()
        for i in np.flatnonzero(dones):
            np.testing.assert_equal(infos[i]["terminal_observation"], info["final_obs"][i])
            assert infos[i]["task"] == ours.task_names[info["final_info"]["task_index"][i]]
            np.testing.assert_equal(infos[i]["incumbent_score"], info["final_info"]["incumbent_score"][i])
            assert infos[i]["episode"]["r"] == info["episode"]["r"][i]


def test_a_limit_of_steps_truncates_and_the_budget_terminates() -> None:
    env = as_vec_env(vector(max_episode_steps=2), monitor=False)
    env.reset()
    found = [env.step(np.zeros(N, np.int64)) for _ in range(2)]
    assert not found[0][2].any()
    assert found[1][2].all()
    assert all(info["TimeLimit.truncated"] for info in found[1][3])
    env = as_vec_env(vector(), monitor=False)
    env.reset()
    for _ in range(BUDGET):
        last = env.step(np.zeros(N, np.int64))
    assert not any(info["TimeLimit.truncated"] for info in last[3])


def test_seeds_tasks_and_attributes() -> None:
    env = as_vec_env(vector(), monitor=False)
    names = env.get_attr("task_names", 0)[0]
    first, again, other = [], [], []
    for seed, out in ((1, first), (1, again), (2, other)):
        env.seed(seed)
        env.reset()
        out += [env.step(a)[1].tolist() for a in actions(vector(), 2)]
    assert first == again != other
    env.set_options({"task": names[0]})
    env.reset()
    for _ in range(BUDGET):
        infos = env.step(np.zeros(N, np.int64))[3]
    assert {info["task"] for info in infos} == {names[0]}
    env.seed()
    env.reset()
    assert env.env_is_wrapped(VecMonitor) == [False] * N
    assert env.get_images() == [None] * N


def test_wrong_use_is_refused() -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match="HPOVectorEnv"):
        HPOVecEnv(hpo_gym.HPOEnv(gappy()))  # type: ignore[arg-type]
    env = as_vec_env(vector(), monitor=False)
    with pytest.raises(hpo_gym.InvalidValueError, match="share"):
        env.set_attr("budget", 3)
    with pytest.raises(hpo_gym.InvalidValueError, match="action_masks"):
        env.env_method("close_all")
    env.set_options([{"task": "a"}, {}, {}, {}, {}])
    with pytest.raises(hpo_gym.InvalidValueError, match="every run"):
        env.reset()
