"""Agents are offered the rows of a shared pool that ships in an order by key, the same on all tasks of a suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import core_toys as toys
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.env.codecs import Proposal
from hpo_gym.problem import Table, TableTask
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import TableSuite, suite_of

ORDER = [2, 0, 3, 1]
"""Rows by place, of the key ("T", 44): found by sorting four hashes, below."""


def keyed(suite: Any, key: tuple[str, int] = ("T", 44)) -> TableSuite:
    table = replace(suite.table, order=key)
    return suite_of(suite.described().model_copy(update={"splits": toys.TRAIN}), table)


def test_the_order_is_that_of_the_hashes() -> None:
    hashes = [int(seeding.mix(np.array([row], np.uint64), seeding.key("offered", "T", 44))[0]) for row in range(4)]
    assert sorted(range(4), key=hashes.__getitem__) == ORDER
    assert keyed(toys.square()).table.offered.tolist() == ORDER


@pytest.mark.smoke
@pytest.mark.parametrize("make", [toys.square, toys.odd, toys.noisy])
def test_an_action_is_a_place_with_one_run_and_with_many(make: Any) -> None:
    suite = keyed(make())
    one = hpo_gym.HPOEnv(suite, task="a", codec="pool", budget=4)
    many = hpo_gym.HPOVectorEnv(2, suite, codec="pool", budget=4)
    one.reset(seed=0)
    many.reset(seed=0)
    for place, row in enumerate(ORDER):
        info = one.step(place)[-1]
        many.step(np.array([place, place]))
        config = dict(zip("uv", toys.X[row], strict=True))
        assert info["config"] == config
        assert [many.history(i).trials[-1].config for i in (0, 1)] == [config, config]


@pytest.mark.parametrize("options", [{}, {"fidelity": True}, {"stop": True}])
def test_encoded_actions_decode_to_the_rows(options: dict[str, bool]) -> None:
    env = hpo_gym.HPOVectorEnv(4, keyed(toys.square()), codec={"name": "pool", **options}, budget=4)
    env.reset(seed=0)
    kernel = env.kernel
    rows, codec = np.array([0, 1, 2, 3]), kernel.parts.codec
    actions = codec.encode(kernel.contexts, kernel.runs, Proposal(rows))
    assert (actions[:, 0] if actions.ndim > 1 else actions).tolist() == [1, 3, 0, 2]
    assert codec.decode(kernel.contexts, kernel.runs, actions).at.tolist() == rows.tolist()


def test_a_policy_outside_the_env_has_the_same_places() -> None:
    task = keyed(toys.square()).members[0]
    policy = hpo_gym.PolicyOptimizer(lambda _, rng: 1, "last", "pool")
    assert hpo_gym.rollout(policy, task, 1).trials[0].config == {"u": 0.0, "v": 0.25}


def table_of(name: str) -> Table:
    task = hpo_gym.load_suite(name).members[0]
    assert isinstance(task, TableTask)
    return task.table


def test_a_table_of_ones_own_is_offered_as_it_is() -> None:
    assert toys.square().table.offered is None  # type: ignore[attr-defined]
    assert table_of("Studies").offered is None  # each task has rows of its own, stored in an order by key


@pytest.mark.parametrize("name", ["SVM", "Control"])
def test_a_saved_suite_keeps_the_order_in_which_agents_see_its_rows(name: str, tmp_path: Path) -> None:
    suite = load_suite(name)
    suite.save(tmp_path / "kept")
    again = load_suite(tmp_path / "kept")
    assert again.data_hash == suite.data_hash
    assert again.members[0].offered.tolist() == suite.members[0].offered.tolist() != list(range(suite.table.m))
