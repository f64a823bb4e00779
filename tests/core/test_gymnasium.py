"""How the envs go together with Gymnasium's own makers and wrappers."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from hpo_gym.base.errors import InvalidValueError

ID = "hpo_gym/SVM-v0"


def episodes(envs: Any, steps: int) -> list[tuple[int, float, int]]:
    """Run, return and length of each episode that ends."""
    envs.reset(seed=0)
    envs.action_space.seed(0)
    found = []
    for _ in range(steps):
        info = envs.step(envs.action_space.sample())[4]
        if "episode" in info:
            reported = info["episode"]
            found += [
                (int(i), float(reported["r"][i]), int(reported["l"][i])) for i in np.flatnonzero(info["_episode"])
            ]
    return found


LOSES = pytest.mark.skipif(  # numbers are compared as numbers: "1.10" comes after "1.4"
    tuple(map(int, gym.__version__.split(".")[:2])) < (1, 4),
    reason="Gymnasium before 1.4 leaves the first step of each next episode out where it is reset in the same step",
)


@pytest.mark.parametrize("mode", ["NEXT_STEP", pytest.param("SAME_STEP", marks=LOSES)])
@pytest.mark.smoke
def test_gymnasiums_statistics_stand_around_the_vector_env_and_agree_with_our_own(mode: str) -> None:
    made: dict[str, Any] = {"num_envs": 3, "budget": 4, "autoreset_mode": mode}
    theirs = episodes(RecordEpisodeStatistics(gym.make_vec(ID, **made)), 12)
    ours = episodes(gym.make_vec(ID, **made, statistics=True), 12)
    assert [(i, length) for i, _, length in theirs] == [(i, length) for i, _, length in ours]
    assert len(ours) == (6 if mode == "NEXT_STEP" else 9) and {length for *_, length in ours} == {4}
    assert [r for _, r, _ in theirs] == pytest.approx([r for _, r, _ in ours], rel=1e-6)


@pytest.mark.smoke
def test_the_wrapper_of_one_env_works() -> None:
    env = gym.wrappers.RecordEpisodeStatistics(gym.make(ID, budget=3))
    env.reset(seed=0)
    env.action_space.seed(0)
    steps = [env.step(env.action_space.sample()) for _ in range(3)]
    assert steps[-1][4]["episode"]["r"] == pytest.approx(sum(float(step[1]) for step in steps))


@pytest.mark.parametrize("seed", [-1, 2**64, 2**64 + 5, 10**400, True, 1.0, "1"])
def test_a_seed_that_would_be_taken_for_another_is_refused(seed: Any) -> None:
    one, many = gym.make(ID), gym.make_vec(ID, num_envs=2)
    for call in (one.reset, many.reset):
        with pytest.raises((InvalidValueError, gym.error.Error), match="seed"):
            call(seed=seed)
    with pytest.raises(InvalidValueError, match="seed"):
        many.reset(seed=[0, seed])


def test_the_largest_seed_is_one_of_its_own() -> None:
    env = gym.make(ID, codec="pool", observer="history")
    first, last, nil = (env.reset(seed=seed)[1]["task"] for seed in (2**64 - 1, 2**64 - 1, 0))
    assert first == last and first != nil
