"""Infos of the vector env: made once, when they are asked for, and what may be done with them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import core_toys as toys
import numpy as np
import pytest

import hpo_gym
from hpo_gym.env.infos import MixedInfo, ResetInfo, StepInfo

KEYS = ["cost", "fidelity", "incumbent_score", "score", "status", "t", "task", "task_index"]


def env(suite: Any, n: int = 2, **options: Any) -> hpo_gym.HPOVectorEnv:
    one = hpo_gym.HPOVectorEnv(n, suite, **{"codec": "pool", "budget": 3, "statistics": False, **options})
    one.reset(seed=0, options={"task": ["a", "b"][:n]})
    return one


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
