"""Lists of candidates where each task has points of its own, and all share the default configuration alone."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_agents._candidates.chosen import Candidates, choose_candidates
from hpo_agents._candidates.view import CandidateCodec
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.own.suite import table_suite

NAMES = [f"t{i}" for i in range(6)]
TOP = 0.3


@pytest.fixture(name="suite", scope="module")
def _suite() -> Suite:
    """Six tasks with a top at .3, on 30 points of their own: the default .9, and 29 that are drawn."""
    x = np.random.default_rng(0).random((6, 30, 1))
    x[:, 0] = 0.9
    space = ConfigurationSpace({"a": (0.0, 1.0)})
    space["a"].default_value = 0.9
    splits = {"train": NAMES[:4], "test": NAMES[4:]}
    return table_suite("Own", space, x, -((x[..., 0] - TOP) ** 2), tasks=NAMES, splits=splits)


def test_half_of_them_are_the_portfolio_of_what_surrogates_foretell(suite: Suite) -> None:
    found = choose_candidates(suite.tasks("train"), 8, np.random.default_rng(0))
    assert found.rows is None and found.x.shape == (8, 1)
    assert np.abs(found.x - TOP).min() < 0.01, "the first of the portfolio is at the top that all tasks share"
    assert len(np.unique(found.x)) == 8


def test_all_are_open_though_one_of_them_is_a_row_of_every_pool(suite: Suite) -> None:
    chosen = Candidates(suite.space, np.array([[0.9], [0.3], [0.1], [0.6]]))
    env = HPOVectorEnv(3, suite, codec=CandidateCodec(chosen), budget=6)
    env.reset(seed=0)
    assert env.action_masks().all()
    for action in (1, 0, 3):
        _, _, _, _, info = env.step(np.full(3, action))
        pools = [suite.tasks("train")[i].pool[:, 0] for i in info["task_index"]]
        near = [pool[np.abs(pool - chosen.x[action, 0]).argmin()] for pool in pools]
        assert info["score"] == pytest.approx([-((x - TOP) ** 2) for x in near], abs=1e-6), "the nearest row answers"
        assert not env.action_masks()[:, action].any() and env.action_masks()[:, 2].all()
