"""Pickles and copies of envs: a shipped suite is its name in them, one of yours is whole."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.suites import load_suite

SUITES = ["SVM", "Curves", "SVM:surrogate", "Functions", "SVM,Boosting"]
MOST = 100_000  # bytes


@pytest.mark.parametrize("suite", SUITES)
def test_a_pickle_of_a_shipped_suite_is_small_and_goes_on_alike(suite: str) -> None:
    env = gym.make("hpo_gym/HPO-v0", suite=suite)
    env.reset(seed=1)
    env.action_space.seed(1)
    env.step(env.action_space.sample())
    data = pickle.dumps(env)
    assert len(data) <= MOST
    several = [env, pickle.loads(data), copy.deepcopy(env)]  # noqa: S301 - our own bytes
    for action in [env.action_space.sample() for _ in range(4)]:
        first, *others = [(step[0].tobytes(), repr(step[1:])) for step in (one.step(action) for one in several)]
        assert all(step == first for step in others)
    assert len({repr(one.unwrapped.history()) for one in several}) == 1


def test_many_runs_are_small_too_and_copies_share_the_tables() -> None:
    many = gym.make_vec("hpo_gym/SVM-v0", num_envs=3)
    many.reset(seed=1)
    data = pickle.dumps(many)
    assert len(data) <= MOST
    copied = pickle.loads(data)  # noqa: S301 - our own bytes
    assert copied.unwrapped.suite is many.unwrapped.suite is load_suite("SVM")
    actions = many.action_space.sample()
    np.testing.assert_array_equal(copied.step(actions)[0], many.step(actions)[0])


def test_a_changed_suite_is_pickled_whole() -> None:
    suite = load_suite("SVM")
    changed = replace(
        suite, name="Changed", splits=None, members=tuple(replace(t, suite="Changed") for t in suite.members[:2])
    )
    again = pickle.loads(pickle.dumps(changed))  # noqa: S301 - our own bytes
    assert again is not changed and again.name == "Changed" and len(again.members) == 2
    assert pickle.loads(pickle.dumps(suite)) is suite  # noqa: S301 - our own bytes


def test_a_pickle_of_other_data_is_refused() -> None:
    suite = load_suite("SVM")
    data = pickle.dumps(suite)
    other = data.replace(suite.data_hash.encode(), suite.data_hash[::-1].encode())
    assert other != data
    with pytest.raises(hpo_gym.InvalidValueError, match=r"must be version \d with the data"):
        pickle.loads(other)  # noqa: S301 - our own bytes
