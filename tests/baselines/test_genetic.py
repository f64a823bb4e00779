"""The genetic algorithm: its operators, its selection, and what it is worth."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import objectives
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import plain

from hpo_baselines._runs.baseline import Run
from hpo_baselines.genetic import GeneticAlgorithm, _cross, mutated
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.table import TableTask
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Trial

FLOATS = SearchSpace(ConfigurationSpace(space={f"x{j}": (0.0, 1.0) for j in range(4)}))


@functools.cache
def mixed() -> SearchSpace:
    cs = ConfigurationSpace()
    kind, rate = Categorical("kind", ["a", "b"]), Float("rate", (1e-4, 1.0), log=True)
    cs.add([kind, rate, Integer("depth", (1, 300), log=True), Integer("few", (0, 2))])
    cs.add([OrdinalHyperparameter("size", list("stuvw")), Categorical("colour", list("rgb"))])
    cs.add(EqualsCondition(rate, kind, "b"))
    return SearchSpace(cs)


def column(name: str) -> Any:
    return mixed().hyperparameters[mixed().names.index(name)]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["depth", "few", "size", "colour", "kind"]),
    st.integers(0, 10**6),
    st.sampled_from([1e-9, 0.1, 2.0]),
)
def test_a_mutation_of_a_discrete_column_always_changes_its_value(name: str, seed: int, sd: float) -> None:
    h, rng = column(name), np.random.default_rng(seed)
    u = h.units(h.numbers(rng.random(50)))
    after = mutated(h, u, sd * rng.standard_normal(50), rng.random(50))
    assert (h.numbers(after) != h.numbers(u)).all()
    assert (h.numbers(after) >= h.low).all()
    assert (h.numbers(after) <= h.high).all()
    assert np.allclose(h.units(h.numbers(after)), after)


def test_every_other_choice_of_a_categorical_is_as_likely() -> None:
    h, rng = column("colour"), np.random.default_rng(0)
    u = h.units(np.zeros(3000))
    values, counts = np.unique(h.numbers(mutated(h, u, np.zeros(3000), rng.random(3000))), return_counts=True)
    assert values.tolist() == [1.0, 2.0]
    assert counts.min() > 1350  # 1500, sd 27


def test_a_float_moves_by_the_step_and_stays_in_range() -> None:
    moved = mutated(column("rate"), np.array([0.5, 0.95, 0.05]), np.array([0.1, 0.1, -0.1]), np.zeros(3))
    assert moved == pytest.approx([0.6, 1.0, 0.0])


def test_a_column_that_one_parent_uses_is_that_parents() -> None:
    s = mixed()
    off = s.to_unit({"kind": "a", "depth": 3, "few": 1, "size": "t", "colour": "r"})
    on = s.to_unit({"kind": "b", "rate": 0.2, "depth": 3, "few": 1, "size": "t", "colour": "r"})
    rng = np.random.default_rng(0)
    a, b = np.tile(off, (60, 1)), np.tile(on, (60, 1))
    side, spread, fresh = rng.random((3, 60, s.d))
    configs = s.decode(_cross(s, a, b, (side, spread, fresh), 5.0))
    rates = [c["rate"] for c in configs if c["kind"] == "b"]
    assert 10 < len(rates) < 50
    assert rates == pytest.approx([0.2] * len(rates))
    assert all("rate" not in c for c in configs if c["kind"] == "a")


def test_crossover_keeps_the_mean_of_the_parents() -> None:
    rng = np.random.default_rng(1)
    a, b = np.full((20000, 4), 0.4), np.full((20000, 4), 0.6)
    side, spread, fresh = rng.random((3, 20000, 4))
    child = _cross(FLOATS, a, b, (side, spread, fresh), 5.0)
    assert child.mean() == pytest.approx(0.5, abs=0.002)
    assert (np.minimum(abs(child - 0.4), abs(child - 0.6)) < 0.05).mean() > 0.9


def run_of(scores: list[float], budget: float = 33.0) -> Run:
    run = Run(Context(FLOATS, budget), np.random.default_rng(0))
    for x, score in zip(FLOATS.sample(np.random.default_rng(1), len(scores)), scores, strict=True):
        run.reported(x, score)
    return run


def test_parents_are_the_best_of_all_trials_and_of_equals_the_earliest() -> None:
    scores = [3.0, 1.0, 3.0, 9.0, -1e308, 1e308, 0.0, 3.0, 2.0, 1.0]
    assert GeneticAlgorithm(population=4)._ranked(run_of(scores)) == [5, 3, 0, 2]
    assert len(GeneticAlgorithm()._ranked(run_of(scores))) == 8  # a quarter of 33


def test_parents_change_from_generation_to_generation_only() -> None:
    algorithm = GeneticAlgorithm(population=2, offspring=3)
    scores = [1.0, 2.0, 9.0, 8.0, 7.0, 6.0]
    assert [algorithm._ranked(run_of(scores[:t])) for t in (2, 4, 5, 6)] == [[1, 0], [1, 0], [2, 3], [2, 3]]


# ---------------------------------------------------------------------- options of the breeding
def test_without_crossover_and_mutation_a_child_is_a_parent() -> None:
    run = run_of([float(i) for i in range(8)])
    children = GeneticAlgorithm(crossover=0.0, mutation=0.0)._children(FLOATS, [run] * 40, [range(8)] * 40)
    assert {tuple(c) for c in children} <= {tuple(x) for x in run.x}
    assert len({tuple(c) for c in children}) > 3


def test_a_larger_tournament_takes_better_parents() -> None:
    run, means = run_of([0.0] * 8), []
    for tournament in (1, 3, 12):
        algorithm = GeneticAlgorithm(tournament=tournament, crossover=0.0, mutation=0.0)
        children = algorithm._children(FLOATS, [run] * 600, [range(8)] * 600)
        means.append(np.mean([next(i for i in range(8) if np.array_equal(run.x[i], c)) for c in children]))
    assert means == pytest.approx([3.5, 1.53, 0.24], abs=0.35)  # the mean of the least of so many ranks of 0..7


def test_so_many_columns_mutate_on_average() -> None:
    run = run_of([0.0] * 8)
    for mutation in (0.5, 1.0, 4.0):
        children = GeneticAlgorithm(crossover=0.0, mutation=mutation)._children(FLOATS, [run] * 500, [[0]] * 500)
        assert (children != run.x[0]).sum(1).mean() == pytest.approx(mutation, abs=0.12)


# ---------------------------------------------------------------------- a portfolio first
def given_points(task: Task, count: int) -> np.ndarray:
    """Return legal points, measured rows of a table, ``(count, d)``."""
    x = task.space.sample(np.random.default_rng([0, 3]), count)
    return np.asarray(task.table.pool(task.index).x[task.rows(x)]) if isinstance(task, TableTask) else x


def trials_of(name: str, task: Task, budget: int, given: int = 0, prior: Any = (), **options: Any) -> list[Trial]:
    optimizer = make_optimizer(name, **options)
    optimizer.reset(Context.of(task, float(budget), prior), np.random.default_rng(3))
    init = [task.run(c) for c in task.space.decode(given_points(task, given))]
    return objectives.loop(optimizer, task, budget=budget, init=init)[given:]


@pytest.mark.parametrize("given", [0, 3])
def test_the_first_population_is_the_portfolio_whatever_was_given(given: int) -> None:
    suite = plain(60)
    task = suite.tasks("test")[0]
    ga, portfolio = (trials_of(n, task, 12, given, suite.prior()) for n in ("ga-portfolio", "portfolio"))
    assert [t.config for t in ga[:3]] == [t.config for t in portfolio[:3]]  # a quarter of 12
    assert [t.config for t in ga] != [t.config for t in portfolio]
