"""`check_env` blames no registered env, single or vector, and takes less than 30 seconds of processor time for each."""

import time
from typing import Any

import gymnasium as gym
import pytest

from hpo_gym import check_env

IDS = sorted(name for name in gym.registry if name.startswith("hpo_gym/"))
MOST = 30.0  # seconds


def keywords(name: str) -> dict[str, Any]:
    """Of a short episode; of live tasks the cost is no measured time, which differs from run to run."""
    return {"task": "wine-svm", "budget": 3, "cost": "fidelity"} if name == "hpo_gym/Live-v0" else {"budget": 5}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:.*so the check left out")
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_no_registered_env_is_blamed_and_the_check_is_short(name, many, record_property):
    env = gym.make_vec(name, num_envs=3, **keywords(name)) if many else gym.make(name, **keywords(name))
    start = time.process_time()
    check_env(env, processes=False, render=False)
    spent = time.process_time() - start
    record_property("seconds", round(spent, 1))
    assert spent < MOST
