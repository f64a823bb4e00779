"""Envs with trials in flight: launches, deliveries and rewards worked out by hand; vector as single; refusals.

    row     0    1    2    3
    cost    3    1    2    2
    score   .5   .25  1    0

With two workers and the actions 0, 1, 2, 3: row 0 runs from 0 to 3 and row 1 from 0 to 1, then 2 from 1 to 3 and 3
from 3 to 5; they end in the order 1, 0, 2, 3.
"""

from __future__ import annotations

from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
import toys

import hpo_gym
from hpo_gym.base import InvalidValueError
from hpo_gym.env import HPOEnv, HPOVectorEnv
from hpo_gym.problem import SearchSpace

COSTS, SCORES = [3.0, 1.0, 2.0, 2.0], [0.5, 0.25, 1.0, 0.0]
FOUR = (0, 1, 2, 3)


def suite(costs: Any = COSTS) -> hpo_gym.Suite:
    space = cs.ConfigurationSpace()
    space.add(cs.UniformIntegerHyperparameter("row", 0, 3))
    return hpo_gym.table_suite(
        "Flown", SearchSpace(space), [{"row": i} for i in range(4)], np.array([SCORES]), tasks=["a"],
        costs=None if costs is None else np.array([costs]), splits={"train": ["a"]},
    )  # fmt: skip


def pending(q: int, **keywords: Any) -> HPOEnv:
    return HPOEnv(**{"suite": suite(), "codec": "pool", "budget": 4, "pending": q, **keywords})


def played(env: Any, actions: Any = FOUR) -> list[Any]:
    env.reset(seed=0)
    return [env.step(action) for action in actions]


# ---------------------------------------------------------------------- by hand
def test_the_first_step_launches_and_the_last_delivers_all_that_is_left() -> None:
    env = pending(2)
    outcomes = played(env)
    assert [reward for _, reward, *_ in outcomes] == [0.0, 0.25, 0.5, 1.0 + 0.0]
    assert [over for _, _, over, *_ in outcomes] == [False, False, False, True]
    assert [config["row"] for config in env.history().configs] == [1, 0, 2, 3]
    assert [info["t"] for *_, info in outcomes] == [0, 1, 2, 4]
    assert "score" not in outcomes[0][-1] and outcomes[1][-1]["score"] == 0.25


def test_pending_configurations_are_seen_in_the_order_of_their_launch() -> None:
    """Row r of 0..3 is -1, -1/3, 1/3 or 1 in [-1, 1], up to the middle of its quarter."""
    env = pending(3)
    shown = [obs for obs, *_ in played(env)]
    rows = [[round(float(x * 1.5 + 1.5)) for x in obs["pending"][obs["pending_mask"] == 1, 0]] for obs in shown]
    assert rows == [[0], [0, 1], [0, 2], []]
    assert (shown[-1]["pending"] == 0.0).all()
    assert all(env.observation_space.contains(obs) for obs in shown)


def test_without_costs_trials_end_in_the_order_of_their_launch() -> None:
    env = pending(2, suite=suite(costs=None))
    assert [reward for _, reward, *_ in played(env)] == [0.0, 0.5, 0.25, 1.0]


def test_an_agent_does_not_see_what_a_pending_trial_costs() -> None:
    """Two tables that differ in the cost of what runs show the same until it has ended."""
    one, other = (played(pending(2, suite=suite(costs=[3.0, 1.0, last, 2.0])), (0, 1, 2)) for last in (2.0, 9.0))
    for (a, *_), (b, *_) in zip(one, other, strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_pending_row_is_masked_where_repeats_are() -> None:
    env = pending(2, duplicates="mask")
    env.reset(seed=0)
    env.step(2)
    assert env.action_masks().tolist() == [True, True, False, True]
    env.step(1)
    assert env.action_masks().tolist() == [True, False, False, True]


def test_a_dictionary_keeps_its_parts_and_a_vector_of_rewards_is_summed() -> None:
    env = pending(2, observer="tokens", objectives=["score", "cost"])
    outcomes = played(env)
    plain = HPOEnv(suite(), codec="pool", observer="tokens")
    assert set(outcomes[0][0]) == {*plain.observation_space.spaces, "pending", "pending_mask"}
    assert [reward.tolist() for _, reward, *_ in outcomes] == [[0, 0], [0.25, -1], [0.5, -3], [1.0, -4]]


def test_a_bad_action_launches_nothing() -> None:
    env = pending(2)
    env.reset(seed=0)
    with pytest.raises(InvalidValueError):
        env.step(4)
    obs, *_ = env.step(0)
    assert obs["pending_mask"].tolist() == [1]
    for action in (1, 2, 3):
        env.step(action)
    with pytest.raises(hpo_gym.HPOGymError, match="call `reset`"):
        env.step(0)
    obs, _ = env.reset(seed=0)
    assert not obs["pending_mask"].any()


# ---------------------------------------------------------------------- one and many
@pytest.mark.parametrize("codec", ["box", "pool"])
@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
def test_a_vector_env_is_its_single_envs(codec: str, mode: str) -> None:
    keywords: dict[str, Any] = {"suite": toys.plain(), "codec": codec, "budget": 6, "pending": 3, "n_init": 2}
    many = HPOVectorEnv(3, autoreset_mode=mode, **keywords)
    alone, seeds = [HPOEnv(**keywords) for _ in range(3)], [4, 5, 6]
    many.action_space.seed(0)
    many.reset(seed=seeds)
    for env, seed in zip(alone, seeds, strict=True):
        env.reset(seed=seed)
    for step in range(6):
        actions = many.action_space.sample()
        obs, rewards, over, _, info = many.step(actions)
        for i, env in enumerate(alone):
            own, reward, ended, _, _ = env.step(actions[i])
            last = info["final_obs"][i] if ended and mode == "SAME_STEP" else {k: v[i] for k, v in obs.items()}
            assert (reward, ended) == (rewards[i], over[i]) and ended == (step == 5)
            assert all(np.array_equal(own[name], last[name]) for name in own)
    if mode == "SAME_STEP":
        assert not obs["pending_mask"].any() and many.observation_space.contains(obs)
    if mode == "NEXT_STEP":
        obs, rewards, *_ = many.step(actions)
        assert not rewards.any() and not obs["pending_mask"].any()
        assert many.step(actions)[0]["pending_mask"].sum() == 3, "one of each run"


@pytest.mark.parametrize("q", [1, None])
def test_one_worker_is_the_plain_env(q: int | None) -> None:
    more = {} if q is None else {"pending": q}
    env, plain = HPOEnv(suite(), codec="pool", budget=4, **more), HPOEnv(suite(), codec="pool", budget=4)
    assert type(env) is HPOEnv and type(HPOVectorEnv(2, suite(), **more)) is HPOVectorEnv
    for mine, theirs in zip(played(env), played(plain), strict=True):
        assert np.array_equal(mine[0], theirs[0]) and mine[1:] == theirs[1:]


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"codec": "move"}, "with this codec"),
        ({"codec": {"name": "pool", "fidelity": True}}, "with this codec"),
        ({"codec": {"name": "box", "stop": True}}, "with this codec"),
        ({"budget": None, "budget_cost": 3.0}, "with `budget_cost`"),
        ({"suite": "Trainings", "codec": None, "budget": None}, "trials go on from each other"),
    ],
)
def test_trials_are_not_in_flight_where_that_has_no_meaning(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidValueError, match=f"`pending` must be 1 .*{why}"):
        pending(2, **keywords)


@pytest.mark.parametrize("bad", [0, 2.5, True, "4", None])
def test_a_bad_number_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidValueError, match="`pending` must be an integer in"):
        HPOEnv(suite(), pending=bad)
