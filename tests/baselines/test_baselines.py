"""Every baseline keeps the protocol: found by the registry, so a new file is tested by existing."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    InCondition,
    Integer,
    OrdinalHyperparameter,
)

from hpo_baselines._runs.baseline import Run
from hpo_baselines.default import ring
from hpo_gym import seeding
from hpo_gym.errors import InvalidValueError, StateError
from hpo_gym.optimizer import OPTIMIZERS, BatchOptimizer, Context, Trainable, make_optimizer
from hpo_gym.pool import keys
from hpo_gym.space import SearchSpace
from hpo_gym.state.runs import Runs
from hpo_gym.task import Evaluated, Task, bank_of
from hpo_gym.tasks.table import Table, TableTask
from hpo_gym.trial import Status, Trial

ENTRIES = {n: e for n, e in OPTIMIZERS.entries().items() if e.module.startswith("hpo_baselines.")}
TRAINABLE = {n for n, e in ENTRIES.items() if e.about["trainable"]}  # their own tests train them, and call those here
FAMILIES = {"control", "no-transfer", "evolutionary", "transfer", "multi-fidelity"}
BUDGET = 12.0

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Objective(Task):
    """A task that scores points by a function; where it says NaN, the trial fails."""

    function: Score = None  # type: ignore[assignment]

    def evaluate(self, x: Any, fidelity: Any, key: Any) -> Evaluated:
        score = np.asarray(self.function(x), float)
        failed = np.isnan(score)
        return Evaluated(np.where(failed, -1e9, score), np.ones(len(x)), failed.astype(np.int8))


def peak(x: np.ndarray) -> np.ndarray:
    return -((x - 0.3) ** 2).sum(1)


def some_fail(x: np.ndarray) -> np.ndarray:
    return np.where(x[:, 0] < 0.5, np.nan, peak(x))


SCORES: dict[str, Score] = {
    "peak": peak,
    "some fail": some_fail,
    "all fail": lambda x: np.full(len(x), np.nan),
    "constant": lambda x: np.zeros(len(x)),
    "huge": lambda x: np.where(x[:, 0] < 0.5, -1e308, 1e308),
}


def conditional() -> ConfigurationSpace:
    """Two methods; one of them has a solver, which has a power."""
    cs = ConfigurationSpace()
    method, solver = Categorical("method", ["a", "b", "c"]), Categorical("solver", ["s", "t"])
    rate, depth = Float("rate", (1e-4, 1.0), log=True), Integer("depth", (1, 40), log=True)
    power, size = Integer("power", (0, 3)), OrdinalHyperparameter("size", ["small", "middle", "large"])
    cs.add([method, solver, rate, depth, power, size])
    cs.add([
        EqualsCondition(solver, method, "b"),
        InCondition(rate, method, ["a", "b"]),
        AndConjunction(EqualsCondition(power, method, "b"), EqualsCondition(power, solver, "t")),
    ])  # fmt: skip
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(method, "c"), ForbiddenEqualsClause(size, "large")))
    return cs


def finite() -> ConfigurationSpace:
    """Three values for each of two, and a switch for one of them: 2 + 3 * 2 = 8 configurations less a forbidden one."""
    cs = ConfigurationSpace()
    on, level, kind = Categorical("on", [True, False]), Integer("level", (1, 3)), Categorical("kind", ["x", "y"])
    cs.add([on, level, kind])
    cs.add(EqualsCondition(level, on, True))
    cs.add(ForbiddenAndConjunction(ForbiddenEqualsClause(on, False), ForbiddenEqualsClause(kind, "y")))
    return cs


@functools.cache
def space(name: str) -> SearchSpace:
    spaces: dict[str, Any] = {
        "floats": lambda: ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(4)}),
        "narrow": lambda: ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(2)}),
        "conditional": conditional,
        "finite": finite,
        "one value": lambda: ConfigurationSpace(space={"only": ["this"]}),
        "many choices": lambda: ConfigurationSpace(space={"c": list(range(3000)), "x": (1, 1000)}),
    }
    return SearchSpace(spaces[name]())


def objective(of: str, score: str = "peak", name: str = "task") -> Objective:
    return Objective(name, name, "Test", space(of), best=1.0, worst=-1.0, function=SCORES[score])


@functools.cache
def table(kind: str) -> tuple[TableTask, ...]:
    """Three tasks with failures and rows that were not measured; `kind` is "one pool", "own pools" or "small"."""
    rng = np.random.default_rng(5)
    k, m, of = 3, 9 if kind == "small" else 150, "narrow" if kind == "own pools" else "conditional"
    x = space(of).sample(rng, k * m if kind == "own pools" else m)
    if kind == "small":
        x[7:] = x[:2]  # rows that stand there twice
    x = x.reshape(k, m, -1) if kind == "own pools" else x
    score = rng.normal(size=(k, m, 1)).astype(np.float32)
    score[:, 1:7:3] = -np.inf
    for i in range(k):
        score[i, [i, i + 3]] = np.nan
    t = Table(space(of), x, score)
    return tuple(TableTask(f"{kind}-{i}", f"f{i}", "Test", space(of), 5.0, -5.0, table=t, index=i) for i in range(k))


def world_of(task: Task, seed: int) -> int:
    return seeding.world_seed("Test", task.name, "test", seed)


def begin(name: str, task: Task, seed: int = 0, budget: float = BUDGET, **options: Any) -> Any:
    optimizer = make_optimizer(name, **options)
    optimizer.reset(Context.of(task, budget), np.random.default_rng([seed, 7]))
    return optimizer


def loop(optimizer: Any, task: Task, seed: int = 0, budget: float = BUDGET, init: Sequence[Trial] = ()) -> list[Trial]:
    trials = list(init)
    for trial in init:
        optimizer.tell(trial)
    for _ in range(int(budget)):
        query = optimizer.ask()
        if query is None:
            break
        trials.append(task.run(query.config, query.fidelity, world_of(task, seed)))
        optimizer.tell(trials[-1])
    return trials


def batch(optimizer: Any, tasks: Sequence[Task], seeds: Sequence[int], init: Any, budget: float = BUDGET) -> Runs:
    """What `loop` does, for many runs at once; `init` is what is evaluated first, ``(g, n, ...)`` or None."""
    bank: Any = bank_of(list(dict.fromkeys(tasks)))
    place = {t: j for j, t in enumerate(bank.tasks)}
    runs = Runs(bank, len(tasks), int(budget) + (0 if init is None else len(init)), budget=budget)
    worlds = np.array([world_of(t, s) for t, s in zip(tasks, seeds, strict=True)], np.uint64)
    runs.begin(None, np.array([place[t] for t in tasks]), worlds)
    if init is not None:
        runs.give(init, np.arange(len(tasks)))
    optimizer.reset_batch([Context.of(t, budget) for t in tasks], [np.random.default_rng([s, 7]) for s in seeds])
    for _ in range(int(budget)):
        chosen, fidelity = optimizer.ask_batch(runs)
        if np.issubdtype(chosen.dtype, np.integer):
            stop = chosen < 0
            at = bank.measured_rows(runs.task, np.where(stop, bank.measured.argmax(1)[runs.task], chosen))
        else:
            stop = np.isnan(chosen).all(1)
            at = bank.place(runs.task, np.where(stop[:, None], 0.5, chosen))
        if stop.all():
            break
        runs.submit(at, fidelity, stop if stop.any() else None)
    return runs


def given_points(task: Task, seed: int, g: int) -> np.ndarray:
    """Legal points, measured rows where there is a table, ``(g, d)``."""
    x = task.space.sample(np.random.default_rng([seed, 3]), g)
    return np.asarray(task.table.pool(task.index).x[task.rows(x)]) if isinstance(task, TableTask) else x


def seen(trials: Sequence[Trial]) -> list[tuple[Any, float]]:
    return [(dict(t.config), t.score) for t in trials]


SLOW = {"smac"}
"""A third of a second a trial; `pytest -m slow` runs them."""


@pytest.fixture(
    params=[pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in sorted(set(ENTRIES) - TRAINABLE)]
)
def name(request: pytest.FixtureRequest) -> str:
    if not OPTIMIZERS.installed(request.param):
        pytest.skip(f"needs the extra {ENTRIES[request.param].extra!r}")
    return str(request.param)


ALL = [objective(of) for of in ("floats", "conditional", "finite", "many choices")]
ALL += [table(kind)[0] for kind in ("one pool", "own pools", "small")]  # type: ignore[misc]
NAMES = [t.name if isinstance(t, TableTask) else repr(t.space) for t in ALL]


# ---------------------------------------------------------------------- what a baseline says of itself
def test_every_family_that_the_field_compares_with_is_found_by_the_registry() -> None:
    controls = "default portfolio random sobol lhs grid"
    searches = "local-search annealing ga de pso cma-es tpe gp-ei smac"
    fidelities = "successive-halving hyperband asha bohb freeze-thaw"
    transfer = "average-rank gp-warm rgpe tst-r taf-r fsbo ebgp task-mixture transfer-mix"
    learned = "maml fomaml reptile maml-rl ga-portfolio ga-evolved"
    assert set(" ".join([controls, searches, fidelities, transfer, learned]).split()) <= set(ENTRIES)


@pytest.fixture(params=sorted(ENTRIES))
def any_name(request: pytest.FixtureRequest) -> str:
    if not OPTIMIZERS.installed(request.param):
        pytest.skip(f"needs the extra {ENTRIES[request.param].extra!r}")
    return str(request.param)


def test_a_baseline_states_its_family_reference_and_version(any_name: str) -> None:
    maker, about = OPTIMIZERS.get(any_name), ENTRIES[any_name].about
    assert about["family"] in FAMILIES
    assert about["trainable"] is isinstance(make_optimizer(any_name), Trainable)
    assert isinstance(maker.version, int)
    assert "**Reference**" in (maker.__doc__ or "")
    assert "**Differs from the paper**" in (maker.__doc__ or "")


def test_a_constructor_only_stores_its_arguments(any_name: str) -> None:
    defaults = {p.name: p.default for p in inspect.signature(OPTIMIZERS.get(any_name)).parameters.values()}
    assert {k: v for k, v in vars(make_optimizer(any_name)).items() if not k.startswith("_")} == defaults


def test_every_baseline_has_a_row_in_the_readme() -> None:
    text = (Path(__file__).parents[2] / "baselines" / "README.md").read_text()
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert rows == set(ENTRIES)


def test_ask_before_reset_is_an_error(any_name: str) -> None:
    with pytest.raises(StateError, match=r"reset|train"):
        make_optimizer(any_name).ask()


@pytest.mark.parametrize("untrained", sorted(TRAINABLE))
def test_a_trainable_baseline_must_be_trained(untrained: str) -> None:
    with pytest.raises(StateError, match="train"):
        begin(untrained, objective("floats"))


# ---------------------------------------------------------------------- what it proposes
@pytest.mark.parametrize("task", ALL, ids=NAMES)
def test_proposals_are_legal_configurations_of_active_hyperparameters(name: str, task: Task) -> None:
    optimizer, asked = begin(name, task), []
    for _ in range(int(BUDGET)):
        query = optimizer.ask()
        if query is None:
            break
        asked.append(task.space.to_unit(query.config))  # raises where a value, or an activity, is wrong
        optimizer.tell(task.run(query.config))
    x = np.array(asked)
    assert np.array_equal(task.space.snap(x), x)
    assert task.space.legal(x).all()
    assert len(x) == (7 if task.space.size < 20 else 6 if task.name == "small-0" else BUDGET)


@pytest.mark.parametrize("task", ALL, ids=NAMES)
def test_no_configuration_is_tried_twice_not_even_a_given_one(name: str, task: Task) -> None:
    init = [task.run(task.space.default)]
    trials = loop(begin(name, task), task, init=init)
    assert max(Counter(str(sorted(t.config.items())) for t in trials).values()) == 1


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
    x = np.full((1000, 2), 0.25)
    t = Table(space("narrow"), x, np.zeros((1, 1000, 1), np.float32))
    task = TableTask("equal", "equal", "Test", space("narrow"), 1.0, -1.0, table=t, index=0)
    assert len(loop(begin(name, task), task)) == 1


def test_a_pool_without_an_available_row_gives_no_trial(name: str) -> None:
    task = table("one pool")[0]
    optimizer = make_optimizer(name)
    nothing = np.zeros(150, bool)
    optimizer.reset(Context(task.space, BUDGET, pool=task.pool, available=nothing), np.random.default_rng(0))
    assert optimizer.ask() is None


@pytest.mark.parametrize("score", sorted(SCORES))
@pytest.mark.parametrize("of", ["floats", "conditional"])
def test_degenerate_scores_do_no_harm(name: str, score: str, of: str) -> None:
    task = objective(of, score)
    with np.errstate(all="raise", under="ignore"):
        trials = loop(begin(name, task, budget=24), task, budget=24)
    assert len(trials) == 24
    assert all(np.isfinite(t.score) for t in trials)
    assert score != "all fail" or {t.status for t in trials} == {Status.FAILED}


def test_a_budget_of_one_is_enough(name: str) -> None:
    for task in ALL:
        assert len(loop(begin(name, task, budget=1), task, budget=1)) == 1


# ---------------------------------------------------------------------- seeds and batches
@pytest.mark.parametrize("task", ALL, ids=NAMES)
def test_the_same_seed_gives_the_same_trials(name: str, task: Task) -> None:
    optimizer = begin(name, task)
    once = seen(loop(optimizer, task))
    optimizer.reset(Context.of(task, BUDGET), np.random.default_rng([0, 7]))
    assert seen(loop(optimizer, task)) == once
    assert seen(loop(begin(name, task), task)) == once


def test_another_seed_gives_other_trials(name: str) -> None:
    task = objective("floats")
    assert seen(loop(begin(name, task), task)) != seen(loop(begin(name, task, seed=1), task))


MIXED = {
    "floats of two widths": [objective("floats", name="wide"), objective("narrow", name="narrow")],
    "conditional": [objective("conditional", "some fail", name="a"), objective("conditional", name="b")],
    "finite": [objective("finite")],
    "one pool": list(table("one pool")),
    "own pools": list(table("own pools")),
    "small pool": list(table("small")),
    "pools and none": [table("one pool")[0], objective("conditional")],
}


@pytest.mark.parametrize("g", [0, 2])
@pytest.mark.parametrize("tasks", MIXED.values(), ids=list(MIXED))
def test_a_batch_chooses_as_ask_and_tell_do(name: str, tasks: list[Task], g: int) -> None:
    if not isinstance(make_optimizer(name), BatchOptimizer):
        pytest.skip("no batched form")
    many = [t for t in tasks for _ in range(2)]
    seeds = list(range(len(many)))
    bank: Any = bank_of(tasks)
    which = np.array([tasks.index(t) for t in many])
    points = np.full((g, len(many), bank.d), 0.5)
    for i, task in enumerate(many):
        points[:, i, : task.space.d] = given_points(task, i, g)
    init = np.stack([bank.place(which, x) for x in points]) if g else None
    runs = batch(make_optimizer(name), many, seeds, init)
    for i, task in enumerate(many):
        given = [] if init is None else [task.run(bank.config(which[i], at[i])) for at in init]
        alone = loop(begin(name, task, seeds[i]), task, seeds[i], init=given)
        assert seen(runs.view(i).trials) == seen(alone)


def test_a_batch_of_another_size_than_the_runs_is_an_error(name: str) -> None:
    if not isinstance(make_optimizer(name), BatchOptimizer):
        pytest.skip("no batched form")
    task = objective("floats")
    optimizer: Any = make_optimizer(name)
    optimizer.reset(Context.of(task, BUDGET), np.random.default_rng(0))
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
