"""What every baseline keeps to besides the contract of optimizers: found by the registry, trained ones too."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    ConfigurationSpace,
)
from objectives import (
    ALL,
    BUDGET,
    MIXED,
    SCORES,
    Objective,
    assert_a_batch_is_its_runs,
    loop,
    objective,
    peak,
    ready_for,
    seen,
    space,
    table,
)
from small import ENTRIES, EVERY, HEAVY, SCHEDULES, TRAINABLE, need

from hpo_baselines._runs.baseline import Run, _learn
from hpo_baselines.default import ring
from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.env.runs.runs import Runs
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, BatchOptimizer, Context
from hpo_gym.problem.batches import bank_of
from hpo_gym.problem.nearest.pool import keys
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import Table, TableTask
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Status

BASELINES = [name for name, e in ENTRIES.items() if e.package == "hpo_baselines"]


def begin(name: str, task: Task, seed: int = 0, budget: float = BUDGET, **options: Any) -> Any:
    optimizer = ready_for(name, task.space, **options)
    optimizer.reset(Context.of(task, budget), np.random.default_rng([seed, 7]))
    return optimizer


@pytest.fixture(params=[*BASELINES, *SCHEDULES])
def any_name(request: pytest.FixtureRequest) -> str:
    return need(request.param)


@pytest.fixture(params=[pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in BASELINES])
def name(request: pytest.FixtureRequest) -> str:
    return need(request.param)


def each_with(keys: Iterable[Any], few: Collection[Any], of_trained: Collection[Any]) -> list[Any]:
    """Every baseline with every key; slow are those but a few, of those that are trained those but fewer."""
    fast = [(n, k) for n in BASELINES for k in (of_trained if n in TRAINABLE else few) if n not in HEAVY]
    every = [(n, k) for n in BASELINES for k in keys]
    return [pytest.param(n, k, marks=() if (n, k) in fast else pytest.mark.slow) for n, k in every]


# ---------------------------------------------------------------------- what a baseline says of itself
def test_every_family_that_the_field_compares_with_is_found_by_the_registry() -> None:
    controls = "default portfolio portfolio-per-cost random random-cheapest sobol lhs grid"
    searches = "local-search annealing ga de pso cma-es tpe gp-ei gp-ei-per-cost smac"
    fidelities = "successive-halving hyperband asha bohb freeze-thaw"
    transfer = "average-rank gp-warm rgpe tst-r taf-r fsbo ebgp task-mixture transfer-mix transfer-mix-per-cost"
    learned = "transfer-time meta-knn meta-predict maml fomaml reptile maml-rl ga-portfolio ga-evolved"
    assert set(" ".join([controls, searches, fidelities, transfer, learned]).split()) <= set(BASELINES)
    schedules = "constant step cosine one-cycle exponential plateau cosine-sharpness jump alignment hypergradient"
    assert {*schedules.split(), "random-schedule"} <= set(SCHEDULES)


def test_a_constructor_only_stores_its_arguments(any_name: str) -> None:
    defaults = {p.name: p.default for p in inspect.signature(OPTIMIZERS.get(any_name)).parameters.values()}
    assert {k: v for k, v in vars(make_optimizer(any_name)).items() if not k.startswith("_")} == defaults


def test_every_baseline_has_a_row_in_the_readme() -> None:
    text = (Path(__file__).parents[2] / "baselines" / "README.md").read_text()
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert rows == {name for name, e in EVERY.items() if e.package == "hpo_baselines"}


# ---------------------------------------------------------------------- what it proposes
def assert_legal(x: np.ndarray, space: SearchSpace) -> None:
    assert np.array_equal(space.snap(x), x)
    assert space.legal(x).all()


NARROW = [of for of in ALL if of != "many choices"]  # there, models take long, and nothing ends early: once is enough


@pytest.mark.parametrize(("name", "of"), each_with(NARROW, NARROW, ["conditional", "one pool"]))
def test_proposals_are_legal_configurations_of_active_hyperparameters(name: str, of: str) -> None:
    task = ALL[of]
    optimizer, asked = begin(need(name), task), []
    for _ in range(int(BUDGET)):
        query = optimizer.ask()
        if query is None:
            break
        asked.append(task.space.to_unit(query.config))  # raises where a value, or an activity, is wrong
        optimizer.tell(task.run(query.config))
    assert_legal(np.array(asked), task.space)
    assert len(asked) == (7 if task.space.size < 20 else 6 if of == "small" else BUDGET)


@pytest.mark.parametrize(("name", "of"), each_with(ALL, ALL, ["conditional", "small"]))
def test_no_configuration_is_tried_twice_not_even_a_given_one(name: str, of: str) -> None:
    task = ALL[of]
    init = [task.run(task.space.default)]
    trials = loop(begin(need(name), task), task, init=init)
    assert max(Counter(str(sorted(t.config.items())) for t in trials).values()) == 1
    assert_legal(np.array([task.space.to_unit(t.config) for t in trials]), task.space)
    assert of in ("small", "finite") or len(trials) == 1 + BUDGET


def test_a_pool_is_tried_to_its_last_available_row_and_then_the_run_ends(name: str) -> None:
    for task in table("small"):
        optimizer = begin(name, task, budget=40)
        trials = loop(optimizer, task, budget=40)
        x = task.space.encode([t.config for t in trials])
        there = task.table.pool(0).x[task.measured]
        assert sorted(keys(x)) == sorted(set(keys(there)))
        assert optimizer.ask() is None
        assert optimizer.ask() is None


def test_a_finite_space_is_tried_to_its_last_configuration_and_then_the_run_ends(name: str) -> None:
    task = objective("finite")
    optimizer = begin(name, task, budget=40)
    assert len(loop(optimizer, task, budget=40)) == 7
    assert optimizer.ask() is None


def test_a_space_of_one_value_gives_one_trial(name: str) -> None:
    task = objective("one value")
    assert [dict(t.config) for t in loop(begin(name, task), task)] == [{"only": "this"}]


def test_a_pool_of_a_thousand_equal_rows_gives_one_trial(name: str) -> None:
    of = space("conditional")
    t = Table(of, np.tile(of.default_x, (1000, 1)), np.zeros((1, 1000, 1), np.float32))
    task = TableTask("equal", "equal", "Test", of, 1.0, -1.0, table=t, index=0)
    assert len(loop(begin(name, task), task)) == 1


def test_a_pool_without_an_available_row_gives_no_trial(name: str) -> None:
    task = table("one pool")[0]
    optimizer = begin(name, task)
    nothing = np.zeros(150, bool)
    optimizer.reset(Context(task.space, BUDGET, pool=task.pool, available=nothing), np.random.default_rng(0))
    assert optimizer.ask() is None


DEGENERATE = [(of, score) for of in ("floats", "conditional") for score in SCORES]
WORST = [("conditional", "some fail"), ("conditional", "all fail"), ("conditional", "huge")]


@pytest.mark.parametrize(("name", "of"), each_with(DEGENERATE, WORST, WORST[:1]))
def test_degenerate_scores_do_no_harm(name: str, of: tuple[str, str]) -> None:
    task, score = objective(*of), of[1]
    with np.errstate(all="raise", under="ignore"):
        trials = loop(begin(need(name), task, budget=24), task, budget=24)
    assert len(trials) == 24
    assert all(np.isfinite(t.score) for t in trials)
    assert score != "all fail" or {t.status for t in trials} == {Status.FAILED}


@pytest.mark.parametrize(("name", "of"), each_with(ALL, ALL, ["conditional"]))
def test_a_budget_of_one_is_enough(name: str, of: str) -> None:
    assert len(loop(begin(need(name), ALL[of], budget=1), ALL[of], budget=1)) == 1


# ---------------------------------------------------------------------- seeds and batches
@pytest.mark.parametrize(("name", "of"), each_with(ALL, [], []))
def test_the_same_seed_gives_the_same_trials(name: str, of: str) -> None:
    task = ALL[of]
    optimizer = begin(need(name), task)
    once = seen(loop(optimizer, task))
    optimizer.reset(Context.of(task, BUDGET), np.random.default_rng([0, 7]))
    assert seen(loop(optimizer, task)) == once
    assert seen(loop(begin(name, task), task)) == once


def test_another_seed_gives_other_trials(name: str) -> None:
    task = objective("conditional")
    assert seen(loop(begin(name, task), task)) != seen(loop(begin(name, task, seed=1), task))


FEW = [("floats of two widths", 0), ("pools and none", 2)]


@pytest.mark.parametrize(("name", "of"), each_with([(of, g) for of in MIXED for g in (0, 2)], FEW, FEW[-1:]))
def test_a_batch_of_mixed_tasks_chooses_as_ask_and_tell_do(name: str, of: tuple[str, int]) -> None:
    (kind, g), widest = of, max((t.space for t in MIXED[of[0]]), key=lambda s: s.d)
    assert_a_batch_is_its_runs(lambda: ready_for(need(name), widest), MIXED[kind], g)


def test_a_batch_of_another_size_than_the_runs_is_an_error(name: str) -> None:
    task = objective("conditional")
    optimizer = begin(name, task)
    assert isinstance(optimizer, BatchOptimizer)
    with pytest.raises(StateError, match="2 contexts"):
        optimizer.ask_batch(Runs(bank_of([task]), 2, 3, budget=3))


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


def test_a_large_grid_uses_all_levels_equally_often_within_the_budget() -> None:
    wide = SearchSpace(ConfigurationSpace(space={**{f"c{j}": list("abcdef") for j in range(6)}, "x": (0.0, 1.0)}))
    task = Objective("wide", "wide", "Test", wide, 1.0, 0.0, function=peak)
    trials = loop(begin("grid", task, budget=12), task, budget=12)
    for hyperparameter, times in [("c0", 2), ("c5", 2), ("x", 4)]:
        assert set(Counter(t.config[hyperparameter] for t in trials).values()) == {times}


def test_a_grid_of_one_level_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="levels >= 2"):
        begin("grid", objective("narrow"), levels=1).ask()


# ---------------------------------------------------------------------- pools
def test_of_rows_with_one_configuration_the_lowest_available_is_asked_for() -> None:
    s = space("narrow")
    x = s.snap(np.array([[0.1, 0.1], [0.2, 0.2], [0.1, 0.1], [0.2, 0.2]]))
    run = Run(Context(s, 5.0, pool=x, available=np.array([False, True, True, True])), np.random.default_rng(0))
    assert run.open.tolist() == [False, True, True, False]
    assert run.take(x[0]) == 2
    run.told(x[3], 1.0)
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


def test_points_are_looked_up_by_their_rows() -> None:
    s = space("narrow")
    x = s.snap(PAIRS)
    run = Run(Context(s, 5.0, pool=x[:2], available=np.array([True, False])), np.random.default_rng(0))
    row, lacking, none = run.choices(x[[0, 1, 3]])
    assert row == 0  # as a number: it is looked up no more
    assert np.array_equal(lacking, x[1]) and np.array_equal(none, x[3])


def _told_one_by_one(runs: Runs, i: int, context: Context) -> Run:
    """What `tell` would have told, trial by trial."""
    run = Run(context, np.random.default_rng(0))
    for trial in runs.view(i):
        run.told(run.space.to_unit(trial.config), float(trial.score))
    return run


@pytest.mark.parametrize("kind", MIXED)
def test_what_a_batch_is_told_at_once_is_what_each_run_is_told_by_itself(kind: str) -> None:
    tasks, rng = MIXED[kind], np.random.default_rng(1)
    bank, n = bank_of(tasks), len(tasks)
    runs = Runs(bank, n, 6, budget=6)
    runs.begin(None, np.arange(n), np.arange(n).astype(np.uint64))
    contexts = [Context.of(t, 6) for t in tasks]
    batch = [Run(c, np.random.default_rng(0)) for c in contexts]
    for step in range(4):
        x = np.full((n, bank.d), 0.5)
        for i, task in enumerate(tasks):
            x[i, : task.space.d] = task.space.sample(rng, 1)[0]
        runs.submit(bank.place(runs.task, x))
        if step != 1:  # two trials are new at once
            _learn(batch, runs, runs.tabular and all(c.pool is not None for c in contexts), False)
    for i, run in enumerate(batch):
        alone = _told_one_by_one(runs, i, contexts[i])
        assert np.array_equal(np.array(run.x), np.array(alone.x)) and len(run.x) == 4
        assert run.score == alone.score
        assert run.open.tolist() == alone.open.tolist()
        assert run._seen == alone._seen and bool(run._seen) == (run.pool is None)
