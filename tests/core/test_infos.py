"""Infos of the vector env: made once, when they are asked for, and what may be done with them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import core_toys as toys
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import hpo_gym
from hpo_gym.env.infos import MixedInfo, ResetInfo, StepInfo

KEYS = ["cost", "fidelity", "incumbent_score", "score", "status", "t", "task", "task_index"]


def env(suite: Any, n: int = 2, **options: Any) -> hpo_gym.HPOVectorEnv:
    one = hpo_gym.HPOVectorEnv(n, suite, **{"codec": "pool", "budget": 3, "statistics": False, **options})
    one.reset(seed=0, options={"task": ["a", "b"][:n]})
    return one


def counted(one: hpo_gym.HPOVectorEnv, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often cost and status are looked up."""
    calls, batch = [], one.kernel.batch
    real = batch.outcome

    def outcome(*given: Any) -> Any:
        calls.append(1)
        return real(*given)

    monkeypatch.setattr(batch, "outcome", outcome)
    return calls


def test_infos_by_hand() -> None:
    one = env(toys.square())
    one.step(np.array([0, 1]))
    info = one.step(np.array([2, 2]))[4]
    assert type(info) is StepInfo
    assert {key: (value.dtype.str, value.tolist()) for key, value in info.items()} == {
        "task": ("|O", ["a", "b"]), "task_index": ("<i8", [0, 1]), "score": ("<f4", [0.0, 10.0]),
        "incumbent_score": ("<f4", [2.0, 10.0]), "fidelity": ("<f8", [1.0, 1.0]), "cost": ("<f8", [1.0, 1.0]),
        "status": ("|i1", [0, 0]), "t": ("<i8", [2, 2]),
    }  # fmt: skip


def test_costs_and_failures_are_looked_up_at_their_level() -> None:
    one = env(toys.levels(), codec={"name": "pool", "fidelity": True})
    info = one.step(np.array([[2, 1], [1, 0]]))[4]
    assert (info["cost"].tolist(), info["status"].tolist()) == ([5.0, 1.0], [1, 0])
    assert info["fidelity"].tolist() == [0.5, 0.25]


@pytest.mark.parametrize("suite", [toys.square, toys.odd, toys.levels, toys.noisy, toys.slopes])
def test_key_by_key_or_all_in_one_go(suite: Any) -> None:
    made, options = suite(), {"codec": "pool"} if suite is not toys.slopes else {"codec": "box"}
    one, two = (hpo_gym.HPOVectorEnv(3, made, budget=4, statistics=False, **options) for _ in range(2))
    for each in (one, two):
        each.reset(seed=1)
        each.action_space.seed(1)
    for _ in range(9):
        whole, single = one.step(one.action_space.sample())[4], two.step(two.action_space.sample())[4]
        by_key = {key: single[key] for key in KEYS}
        assert sorted(whole) == KEYS and len(single) == len(KEYS)
        for key, value in dict(whole.items()).items():
            assert value.dtype == by_key[key].dtype and value.tobytes() == by_key[key].tobytes()


def test_the_outcome_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = env(toys.levels())
    calls = counted(one, monkeypatch)
    info = one.step(np.array([0, 0]))[4]
    assert not calls
    assert info["status"].tolist() == [0, 0] and info["cost"].tolist() == [4.0, 5.0] and len(calls) == 1
    assert info.items() and len(calls) == 1
    assert one.step(np.array([1, 1]))[4].items() and len(calls) == 2


def test_an_info_is_one_object_for_who_asks_twice() -> None:
    info = env(toys.square()).step(np.array([0, 1]))[4]
    first = dict(info.items())
    assert all(info[key] is first[key] for key in KEYS)


def test_scores_and_names_are_read_only_and_what_is_overwritten_stays() -> None:
    one = env(toys.square())
    info = one.step(np.array([0, 1]))[4]
    fixed = {"task", "score", "incumbent_score"}
    for key in fixed:
        with pytest.raises(ValueError, match="read-only"):
            info[key][0] = 9.0
    for key in set(KEYS) - fixed:
        info[key][0] = 7
    info["cost"] = "mine"
    assert (info["cost"], info["status"].tolist(), dict(info.items())["cost"]) == ("mine", [7, 0], "mine")
    later = one.step(np.array([1, 1]))[4]
    assert (later["score"].tolist(), later["incumbent_score"].tolist()) == ([6.0, 4.0], [6.0, 4.0])
    assert (later["task_index"].tolist(), later["t"].tolist()) == ([0, 1], [2, 2])


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
def test_both_vector_modes_tell_the_task_alike(mode: str) -> None:
    suite, n = toys.square(), 4
    single = [lambda: hpo_gym.HPOEnv(suite, codec="pool", budget=3)] * n
    sync = gym.vector.SyncVectorEnv(single, autoreset_mode=AutoresetMode[mode])
    native = hpo_gym.HPOVectorEnv(n, suite, codec="pool", budget=3, autoreset_mode=mode)
    seeds, told = [3, 1, 4, 1], []
    pairs = [tuple(env.reset(seed=seeds)[1] for env in (sync, native))]
    for row in (0, 1, 2, 3, 0):
        if mode == "DISABLED" and row == 3:
            over = {"reset_mask": np.ones(n, bool)}
            pairs.append((sync.reset(options=over)[1], native.reset(options=over)[1]))
        pairs.append(tuple(env.step(np.full(n, row))[4] for env in (sync, native)))
    for infos in pairs:
        for key, dtype in (("task", object), ("task_index", np.int64)):
            ours, theirs = infos[1][key], infos[0][key]
            assert ours.dtype == theirs.dtype == dtype and ours.tolist() == theirs.tolist()
        names = infos[1]["task"].tolist()
        assert names == [native.task_names[i] for i in infos[1]["task_index"]] and set(map(type, names)) == {str}
        told.append(tuple(names))
    assert len(set(told)) > 1, "all episodes have the same tasks: nothing is compared"


def test_names_of_tasks_are_looked_up_where_runs_begin() -> None:
    one = env(toys.square(), codec={"name": "pool", "stop": True}, autoreset_mode="SAME_STEP")
    first, second = (one.step(np.array([1, 1]))[4]["task"] for _ in range(2))
    assert first is second
    begun = [one.step(np.array([4, 1]))[4]["task"] for _ in range(9)]
    assert first.tolist() == ["a", "b"] and {names[0] for names in begun} == {"a", "b"}


def test_infos_that_are_read_late_tell_of_their_own_step() -> None:
    one = env(toys.square(), autoreset_mode="SAME_STEP")
    kept = [one.step(np.array([row, row]))[4] for row in (0, 1, 2, 3, 0)]
    assert [info["score"].tolist() for info in kept[:2]] == [[2.0, 8.0], [6.0, 4.0]]
    assert type(kept[2]) is ResetInfo and np.isnan(kept[2]["score"]).all()
    assert kept[2]["final_info"]["score"].tolist() == [0.0, 10.0]
    assert [info["t"].tolist() for info in kept] == [[1, 1], [2, 2], [0, 0], [1, 1], [2, 2]]


def test_runs_that_have_just_begun_have_no_trial_to_tell_of() -> None:
    one = env(toys.square(), codec={"name": "pool", "stop": True}, autoreset_mode="SAME_STEP")
    one.step(np.array([1, 1]))
    info = one.step(np.array([4, 2]))[4]
    assert type(info) is MixedInfo
    assert np.isnan(info["score"]).tolist() == [True, False] and info["score"][1] == 10.0
    assert np.isnan(info["incumbent_score"]).tolist() == [True, False] and info["t"].tolist() == [0, 2]
    assert info["cost"].tolist() == [0.0, 1.0]
    assert info["final_info"]["incumbent_score"].tolist() == [6.0, 10.0]


def test_the_fidelity_of_a_run_that_has_just_begun_is_no_neighbours() -> None:
    codec = {"name": "pool", "fidelity": True, "stop": True}
    for mode in ("SAME_STEP", "NEXT_STEP"):
        one = env(toys.levels(), codec=codec, autoreset_mode=mode)
        one.step(np.array([[1, 0], [1, 0]]))
        info = one.step(np.array([[4, 0], [2, 0]]))[4]  # the first run stops
        if mode == "NEXT_STEP":
            info = one.step(np.array([[0, 0], [2, 1]]))[4]
        assert type(info) is MixedInfo and info["t"][0] == 0
        assert info["fidelity"].tolist() == [1.0, {"SAME_STEP": 0.25, "NEXT_STEP": 0.5}[mode]]


def test_an_info_is_a_dictionary() -> None:
    info = env(toys.square()).step(np.array([0, 1]))[4]
    assert "score" in info and "final_obs" not in info and info.get("nothing", 3) == 3
    with pytest.raises(KeyError):
        info["nothing"]
    whole = info.copy()
    assert type(whole) is dict and list(info) == list(whole) and sorted(whole) == KEYS
    for copied in (copy.deepcopy(info), pickle.loads(pickle.dumps(info))):  # noqa: S301 - bytes of this line
        assert type(copied) is dict and copied["score"].tolist() == [2.0, 4.0]
    assert repr(info) == repr(whole)
