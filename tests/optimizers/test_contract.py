"""What every registered optimizer keeps to, agents and schedules too: a file is found by the registry, so it is tested.

The fast tests try the optimizers of the day (`drawn`), the long ones all.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import toys
from batches import assert_a_batch_is_its_runs
from objectives import ALL, MIXED, loop, objective, ready_for, table
from small import (
    ENTRIES,
    EVERY,
    HEAVY,
    HERE,
    RULES,
    TRAINABLE,
    made,
    need,
    ready,
    ready_without_tables,
    rng,
    smoke_of,
)

from hpo_gym import check_optimizer
from hpo_gym.base.errors import StateError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.env.runs.runs import Runs
from hpo_gym.optimize.forms import form_of, make_optimizer
from hpo_gym.optimize.protocol import OPTIMIZERS, BatchOptimizer, Context, Optimizer, Resumable, Trainable
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.nearest.pool import keys
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.task import Task
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

FAMILIES = {"control", "no-transfer", "evolutionary", "transfer", "multi-fidelity", "schedule", "rl", "multi-objective"}
BATCHED = [name for name in HERE if hasattr(OPTIMIZERS.get(name), "ask_batch")]
RESUMABLE = [name for name in HERE if hasattr(OPTIMIZERS.get(name), "train_in")]
BASELINES = [name for name, e in ENTRIES.items() if e.package == "hpo_baselines"]
SUITE = toys.gappy()


@functools.cache
def trainings() -> dict[str, Suite]:
    """What schedules are for: networks of one recipe, and of many."""
    small = Recipes(width=(16,), depth=(1,), batch=(64,), rows=(64, 128))
    return {"small": trainings_with(small), "fits": trainings_with()}


def case(name: str, *values: Any, usual: bool) -> Any:
    """Return a case of an optimizer: what is not usual is `slow`, and so is all of a heavy optimizer."""
    return pytest.param(name, *values, marks=() if usual and name not in HEAVY else pytest.mark.slow)


@pytest.fixture(params=sorted(EVERY))
def name(request: pytest.FixtureRequest) -> str:
    return need(request.param)


# ---------------------------------------------------------------------- what it says of itself
def test_it_states_its_family_reference_version_and_what_it_can(name: str) -> None:
    maker, about, optimizer = OPTIMIZERS.get(name), EVERY[name].about, make_optimizer(name)
    assert about["family"] in FAMILIES
    assert isinstance(maker.version, int)  # type: ignore[attr-defined]
    assert "**Reference**" in (maker.__doc__ or "")
    assert "**Differs from the paper" in (maker.__doc__ or "")
    assert isinstance(optimizer, Optimizer)
    assert isinstance(optimizer, Trainable) is about["trainable"]
    assert isinstance(optimizer, BatchOptimizer) is (name in BATCHED)
    assert isinstance(optimizer, Resumable) is (name in RESUMABLE)


def test_made_by_its_own_settings_it_is_the_same(name: str) -> None:
    for optimizer in (make_optimizer(name), made(name)):
        settings = getattr(optimizer, "settings", vars(optimizer))
        again = type(optimizer)(**settings)
        assert getattr(again, "settings", vars(again)) == settings
        parameters = set(inspect.signature(type(optimizer)).parameters)
        assert set(settings) <= parameters
        assert all(getattr(optimizer, left) is None for left in parameters - set(settings))  # without it, as before it


@pytest.mark.parametrize("name", [name for name, e in EVERY.items() if e.package == "hpo_baselines"])
def test_a_constructor_only_stores_its_arguments(name: str) -> None:
    defaults = {key: known.default for key, known in inspect.signature(OPTIMIZERS.get(need(name))).parameters.items()}
    assert {key: value for key, value in vars(make_optimizer(name)).items() if not key.startswith("_")} == defaults


def test_smoke_holds_settings_and_is_none(name: str) -> None:
    smoke, optimizer = smoke_of(name), made(name)
    for key, value in smoke.items():
        own = getattr(optimizer, key)
        assert own == ({**own, **value} if isinstance(value, Mapping) else value)
    for entrant in (Entrant.of(form_of(name)), Entrant.of(form_of({"name": name, **smoke}))):
        assert "smoke" not in json.dumps(entrant.identity)


def test_ask_before_reset_is_an_error(name: str) -> None:
    with pytest.raises(StateError, match=r"reset|train"):
        made(name).ask()


# ---------------------------------------------------------------------- choosing
def checked_cases() -> Iterator[Any]:
    """Usual are functions; of baselines without training also trials that fail and pools of their own.

    Other processes repeat a run on the table, and of rules on trainings of all recipes.
    """
    for name in ENTRIES:
        yield pytest.param(name, "functions", marks=pytest.mark.long if name in TRAINABLE else ())
        yield pytest.param(name, "table", marks=pytest.mark.slow if name in HEAVY else pytest.mark.long)
    for name in BASELINES:
        for of in (*ALL, "some fail"):
            usual = of in ("some fail", "own pools") and name not in TRAINABLE
            yield case(name, of, usual=usual)
    for name in RULES:
        yield case(name, "small", usual=True)
        yield case(name, "fits", usual=False)


@pytest.mark.parametrize(("name", "on"), list(checked_cases()))
def test_the_public_contract_is_kept(name: str, on: str) -> None:
    need(name)
    if on == "table":
        task, train = SUITE.tasks("test")[0], SUITE.tasks("train")
        check_optimizer(lambda: made(name), task, budget=6, prior=SUITE.prior(), train=train)
    elif on == "functions":
        formulas = toys.formulas()
        check_optimizer(
            ready_without_tables(name), formulas.tasks("test")[0], budget=3, prior=formulas.prior(), processes=False
        )
    elif name in RULES:
        check_optimizer(
            lambda: made(name), trainings()[on].tasks("val")[0], budget=9, may_repeat=True, processes=on == "fits"
        )
    else:
        with np.errstate(all="raise", under="ignore"):
            task = objective("conditional", on) if on == "some fail" else ALL[on]
            check_optimizer(lambda: ready_for(name, task.space), task, budget=8, processes=False)


def batch_cases() -> Iterator[Any]:
    """Usual are, of what needs no training, a table after an initial design, functions and mixed tasks."""
    for name in BATCHED:
        if name in RULES:
            for of in ("small", "fits"):
                yield case(name, of, 0, usual=of == "small")
            continue
        usual = [("ToyGappy", 2), ("ToyFormulas", 0), ("pools and none", 0)][: 0 if name in TRAINABLE else 3]
        cases = [(of, n_init) for of in toys.SUITE_NAMES for n_init in (0, 2)]
        for each in cases + [(of, 0) for of in MIXED if name in BASELINES]:
            yield case(name, *each, usual=each in usual)


@pytest.mark.parametrize(("name", "of", "n_init"), list(batch_cases()))
def test_a_batch_runs_as_its_runs_one_by_one(name: str, of: str, n_init: int) -> None:
    for make, tasks, budget, prior in batches_of(name, of):
        assert_a_batch_is_its_runs(make, tasks, budget, n_init=n_init, prior=prior)


def batches_of(name: str, of: str) -> Iterator[tuple[Any, Sequence[Task], float, Any]]:
    """How the optimizer is made, tasks, budget and prior: mixed tasks at once, those of a suite by their spaces."""
    if of in MIXED:
        widest = max((task.space for task in MIXED[of]), key=lambda space: space.d)
        yield lambda: ready_for(name, widest), MIXED[of] * 2, 12.0, ()
    elif name in RULES:
        yield lambda: made(name), [*trainings()[of].tasks("val")[:3]] * 2, 9.0, ()
    else:
        suite = load_suite(of)
        of_one_space: dict[Any, list[Task]] = {}
        for task in suite.tasks("test"):
            of_one_space.setdefault((task.space, task.fidelities), []).append(task)
        for tasks in of_one_space.values():
            yield ready(name, of), tasks * (1 if name in HEAVY else 2), 3.0 if name in HEAVY else 7.0, suite.prior()


@pytest.mark.parametrize("name", [name for name in BATCHED if name in BASELINES])
def test_a_batch_of_another_size_than_the_runs_is_an_error(name: str) -> None:
    task = ALL["conditional"]
    optimizer = ready_for(name, task.space)
    optimizer.reset(Context.of(task, 3), rng(0))
    with pytest.raises(StateError, match="2 contexts"):
        optimizer.ask_batch(Runs(batch_of([task]), 2, 3, budget=3))


# ---------------------------------------------------------------------- where nothing is left to try
def begin(name: str, task: Task, seed: int = 0, budget: float = 12.0) -> Any:
    optimizer = ready_for(name, task.space)
    optimizer.reset(Context.of(task, budget), rng(seed, 7))
    return optimizer


@pytest.fixture(params=[pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in BASELINES])
def baseline(request: pytest.FixtureRequest) -> str:
    return need(request.param)


def in_each(*usual: str) -> list[Any]:
    """Return every baseline with every kind of task."""
    return [case(name, of, usual=of in usual) for name in BASELINES for of in ALL]


@pytest.mark.parametrize(("name", "of"), in_each("conditional", "small"))
def test_no_configuration_is_tried_twice_not_even_a_given_one(name: str, of: str) -> None:
    task = ALL[of]
    trials = loop(begin(need(name), task), task, init=[task.run(task.space.default)])
    assert max(Counter(str(sorted(t.config.items())) for t in trials).values()) == 1
    x = np.array([task.space.to_unit(t.config) for t in trials])
    assert np.array_equal(task.space.snap(x), x) and task.space.legal(x).all()
    assert of in ("small", "finite") or len(trials) == 1 + 12


@pytest.mark.parametrize(("name", "of"), in_each("conditional"))
def test_a_budget_of_one_is_enough(name: str, of: str) -> None:
    assert len(loop(begin(need(name), ALL[of], budget=1), ALL[of], budget=1)) == 1


def test_a_pool_is_tried_to_its_last_available_row_and_then_the_run_ends(baseline: str) -> None:
    for task in table("small"):
        optimizer = begin(baseline, task, budget=40)
        x = task.space.encode([t.config for t in loop(optimizer, task, budget=40)])
        there = task.table.pool(0).x[task.measured]
        assert sorted(keys(x)) == sorted(set(keys(there)))
        assert optimizer.ask() is None
        assert optimizer.ask() is None


def test_a_finite_space_is_tried_to_its_last_configuration_and_then_the_run_ends(baseline: str) -> None:
    task = ALL["finite"]
    optimizer = begin(baseline, task, budget=40)
    assert len(loop(optimizer, task, budget=40)) == 7
    assert optimizer.ask() is None


def test_a_space_of_one_value_gives_one_trial(baseline: str) -> None:
    task = objective("one value")
    assert [dict(t.config) for t in loop(begin(baseline, task), task)] == [{"only": "this"}]


def test_a_pool_without_an_available_row_gives_no_trial(baseline: str) -> None:
    task = table("one pool")[0]
    optimizer = begin(baseline, task)
    optimizer.reset(Context(task.space, 12.0, pool=task.pool, available=np.zeros(150, bool)), rng(0))
    assert optimizer.ask() is None
