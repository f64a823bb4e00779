"""Optimizers that begin at random begin alike in one cell, and what is drawn from a pool is drawn by its rows."""

from __future__ import annotations

import itertools
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from small import need

import hpo_gym
from hpo_baselines._runs.baseline import Run
from hpo_baselines._runs.strata import Strata
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.task import Task
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.function import function_task

# How many of its first trials are the instance's, at a budget of 33.
BEGIN = {
    "gp-ei": 2, "tpe": 10, "ga": 8, "de": 8, "local-search": 3, "hyperband": 3, "asha": 2,
    "successive-halving": 3, "bohb": 2, "smac": 8,
}  # fmt: skip


def first(name: str, task: Task, seed: int = 0, count: int = 33) -> list[Any]:
    """Configurations of a rollout."""
    need(name)
    return [dict(t.config) for t in hpo_gym.rollout(make_optimizer(name), task, count, seed=seed)]


@pytest.mark.long
@pytest.mark.parametrize("name", BEGIN)
@pytest.mark.parametrize("of", ["pool", "function"])
def test_those_that_begin_at_random_begin_with_what_random_tries(name: str, of: str) -> None:
    task = load_suite("SVM").tasks("train")[0] if of == "pool" else function_task("levy-d3-s1")
    for seed in (0, 1):
        wanted, got = first("random", task, seed), first(name, task, seed)
        new = [c for i, c in enumerate(got) if c not in got[:i]]
        count = BEGIN[name]
        assert new[:count] == wanted[:count]
    assert first("random", task, 0)[:3] != first("random", task, 1)[:3]
    assert len({str(c) for c in wanted}) == 33


def test_the_stream_is_of_the_world_and_not_of_the_optimizer() -> None:
    task = load_suite("SVM").tasks("train")[0]
    context = Context.of(task, 10.0, starts=5)
    one, two, other = (
        list(itertools.islice(Run(c, np.random.default_rng(rng)).stream, 500))
        for c, rng in ((context, 1), (context, 2), (Context.of(task, 10.0, starts=6), 1))
    )
    assert one == two != other and sorted(one) == list(range(500)) == sorted(other)
    own = [list(itertools.islice(Run(Context.of(task, 10.0), np.random.default_rng(r)).stream, 9)) for r in (1, 1, 2)]
    assert own[0] == own[1] != own[2]


def test_what_was_tried_meanwhile_is_skipped_and_nothing_else() -> None:
    context = Context.of(load_suite("SVM").tasks("train")[0], 10.0, starts=5)
    a, b = (Run(context, np.random.default_rng(0)) for _ in range(2))
    stream = [a.uniform() for _ in range(6)]
    assert b.take(stream[1]) == stream[1] and b.take(stream[4]) == stream[4]  # type: ignore[arg-type]
    assert [b.uniform() for _ in range(4)] == [stream[i] for i in (0, 2, 3, 5)]


# ---------------------------------------------------------------------------------------------- by rows
CROWD = np.array([[0.0, 0.0], [0.01, 0.02], [0.02, 0.01], [0.03, 0.03], [0.02, 0.03], [1.0, 1.0]])
"""Five rows in a corner and one alone: the nearest row of a uniform point is the lone one half of the time."""


def test_each_row_has_its_exact_share_of_the_square() -> None:
    """Four rows and 64 x 64 points in the middles of equal cells: 1,024 points a row, wherever the rows lie."""
    strata, ticks = Strata(CROWD[[0, 1, 2, 5]]), (np.arange(64) + 0.5) / 64
    found = list(strata.rows(np.array(list(itertools.product(ticks, ticks))), np.ones(4, bool)))
    assert np.bincount(found).tolist() == [1024] * 4
    there = np.array([True, False, True, True])
    u = np.array(list(itertools.product((np.arange(60) + 0.5) / 60, ticks)))
    assert np.bincount(list(strata.rows(u, there))).tolist() == [1280, 0, 1280, 1280]


def test_the_halves_by_hand() -> None:
    """By u: rows 3 and 0 (.1, .2) and rows 2 and 1 (.6, .9); by v within them 0 before 3 and 1 before 2."""
    strata = Strata(np.array([[0.2, 0.1], [0.9, 0.3], [0.6, 0.8], [0.1, 0.7]]))
    assert strata.order.tolist() == [0, 3, 1, 2] and strata.columns == [0, 1]
    corners = np.array([(0.0, 0.0), (0.49, 0.51), (0.5, 0.49), (0.99, 1.0)])
    assert list(strata.rows(corners, np.ones(4, bool))) == [0, 3, 1, 2]
    alone = np.array([[0.3, 0.9]])
    assert list(strata.rows(alone, np.array([True, False, True, False]))) == [0]  # none other is in its half


def test_sobol_spreads_over_the_rows_of_a_pool() -> None:
    """Of 16 points, one in each sixteenth of the rows by the first column, in a pool that is crowded at its low end."""
    space = SearchSpace(cs.ConfigurationSpace({"u": (0.0, 1.0)}))
    x = np.linspace(0.0, 1.0, 256)[:, None] ** 3
    task = hpo_gym.table_suite("Skew", space, x, np.arange(256.0)[None]).members[0]
    for seed in range(4):
        rows = [task.row_of(c) for c in first("sobol", task, seed, 16)]  # type: ignore[attr-defined]
        assert np.bincount(np.array(rows) // 16, minlength=16).tolist() == [1] * 16
        cells = [task.row_of(c) * 16 // 256 for c in first("grid", task, seed, 16)]  # type: ignore[attr-defined]
        assert sorted(cells) == list(range(16))
