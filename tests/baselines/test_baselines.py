"""Baselines one by one: which there are, and the simple ones by hand; what all keep to: `test_contract`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from objectives import (
    BUDGET,
    MIXED,
    loop,
    objective,
    ready_for,
    space,
    table,
)

from hpo_baselines._runs.baseline import Run, _learn
from hpo_baselines.default import ring
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.nearest.pool import keys
from hpo_gym.problem.task import Task


def begin(name: str, task: Task, seed: int = 0, budget: float = BUDGET, **options: Any) -> Any:
    optimizer = ready_for(name, task.space, **options)
    optimizer.reset(Context.of(task, budget), np.random.default_rng([seed, 7]))
    return optimizer


# ---------------------------------------------------------------------- one by one
def test_default_tries_the_default_then_one_step_then_two() -> None:
    task = objective("conditional")
    near = task.space.neighbours(task.space.default_x)
    trials = loop(begin("default", task, budget=30), task, budget=30)
    x = task.space.encode([t.config for t in trials])
    assert trials[0].config == task.space.default
    assert 5 < len(near) < 15
    assert sorted(keys(x[1 : len(near) + 1])) == sorted(keys(near))
    assert set(keys(x[len(near) + 1 :])) <= set(keys(ring(task.space, 2)))


def test_a_ring_holds_what_is_not_nearer() -> None:
    one, two = ring(space("finite"), 1), ring(space("finite"), 2)
    every = keys(np.concatenate([space("finite").default_x[None], one, two]))
    assert len(set(every)) == len(every)
    assert len(two) > 0


@pytest.mark.long
def test_random_is_uniform_over_the_untried_rows_of_a_pool() -> None:
    task = table("small")[0]
    firsts = Counter(task.row_of(begin("random", task, seed).ask().config) for seed in range(1500))
    assert sorted(firsts) == [1, 2, 4, 5, 6, 7]  # 0 and 3 were not measured, 8 is 1 again
    assert min(firsts.values()) > 190  # 250 each, sd 14.4


def test_the_sobol_sequence_has_a_point_in_each_sixteenth_of_each_column() -> None:
    task = objective("floats")
    x = task.space.encode([t.config for t in loop(begin("sobol", task, budget=16), task, budget=16)])
    for column in x.T:
        assert sorted(np.floor(column * 16).tolist()) == list(range(16))


def test_a_grid_is_about_as_large_as_the_budget() -> None:
    task = objective("narrow")
    x = task.space.encode([t.config for t in loop(begin("grid", task, budget=33), task, budget=33)])
    assert len(np.unique(x, axis=0)) == 33  # of 6 x 6
    assert {len(np.unique(c)) for c in x.T} == {6}
    assert {0.0, 1.0} <= set(x[:, 0])


def test_a_small_grid_is_tried_whole_before_anything_else() -> None:
    task = objective("narrow")
    trials = loop(begin("grid", task, budget=12, levels=3), task, budget=12)
    x = task.space.encode([t.config for t in trials])
    assert sorted(x[:9].tolist()) == [[a, b] for a in (0.0, 0.5, 1.0) for b in (0.0, 0.5, 1.0)]
    assert not np.isin(x[9:], [0.0, 0.5, 1.0]).all(1).any()


# ---------------------------------------------------------------------- pools
def test_of_rows_with_one_configuration_the_lowest_available_is_asked_for() -> None:
    s = space("narrow")
    x = s.snap(np.array([[0.1, 0.1], [0.2, 0.2], [0.1, 0.1], [0.2, 0.2]]))
    run = Run(Context(s, 5.0, pool=x, available=np.array([False, True, True, True])), np.random.default_rng(0))
    assert run.open.tolist() == [False, True, True, False]
    assert run.take(x[0]) == 2
    run.reported(x[3], 1.0)
    assert not run.open.any()
    assert run.uniform() is None


PAIRS = np.array([[0.1, 0.1], [0.2, 0.2], [0.1, 0.1], [0.3, 0.3]])


@pytest.mark.parametrize("available", [None, [True, False, True, True], [False, True, True, False], [False] * 4])
@pytest.mark.parametrize("rows", [[0, 1, 3], [0, 1, 2, 3]])  # the second has a configuration twice
def test_points_that_are_looked_up_at_once_are_the_choices_that_each_would_be(
    available: list[bool] | None, rows: list[int]
) -> None:
    s = space("narrow")
    given = None if available is None else np.array(available)[rows]
    context = Context(s, 5.0, pool=s.snap(PAIRS[rows]), available=given)
    asked = s.snap(np.concatenate([PAIRS, [[0.9, 0.9], [0.11, 0.29]]]))
    choices = Run(context, np.random.default_rng(0)).choices(asked)
    for point, choice in zip(asked, choices, strict=True):
        one, other = Run(context, np.random.default_rng(0)), Run(context, np.random.default_rng(0))
        assert one.take(point) == other.take(choice)
        assert one.open.tolist() == other.open.tolist()
    known = list(Run(context, np.random.default_rng(0)).known(np.tile(asked, (30, 1))))  # in several blocks
    assert [k if isinstance(k, int) else k.tolist() for k in known] == 30 * [
        c if isinstance(c, int) else c.tolist() for c in choices
    ]


def _told_one_by_one(runs: Runs, i: int, context: Context) -> Run:
    """What `tell` would have told, trial by trial."""
    run = Run(context, np.random.default_rng(0))
    for trial in runs.view(i):
        run.reported(run.space.to_unit(trial.config), float(trial.score))
    return run


@pytest.mark.parametrize("kind", MIXED)
def test_what_a_batch_is_told_at_once_is_what_each_run_is_told_by_itself(kind: str) -> None:
    tasks, rng = MIXED[kind], np.random.default_rng(1)
    batch, n = batch_of(tasks), len(tasks)
    runs = Runs(batch, n, 6, budget=6)
    runs.begin(ALL_RUNS, np.arange(n), np.arange(n).astype(np.uint64))
    contexts = [Context.of(t, 6) for t in tasks]
    learners = [Run(c, np.random.default_rng(0)) for c in contexts]
    for step in range(4):
        x = np.full((n, batch.d), 0.5)
        for i, task in enumerate(tasks):
            x[i, : task.space.d] = task.space.sample(rng, 1)[0]
        runs.submit(batch.place(runs.task, x))
        if step != 1:  # two trials are new at once
            _learn(learners, runs, runs.tabular and all(c.pool is not None for c in contexts), False)
    for i, run in enumerate(learners):
        alone = _told_one_by_one(runs, i, contexts[i])
        assert np.array_equal(np.array(run.x), np.array(alone.x)) and len(run.x) == 4
        assert run.score == alone.score
        assert run.open.tolist() == alone.open.tolist()
        assert run._seen == alone._seen and bool(run._seen) == (run.pool is None)
