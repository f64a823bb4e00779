"""The genetic algorithm: its operators, its selection, and what it is worth."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_baselines.baseline import Run
from hpo_baselines.genetic import GeneticAlgorithm, _cross, _mutated
from hpo_gym.errors import InvalidValueError
from hpo_gym.optimizer import Context, make_optimizer
from hpo_gym.space import SearchSpace
from hpo_gym.trial import Trial

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
    after = _mutated(h, u, sd * rng.standard_normal(50), rng.random(50))
    assert (h.numbers(after) != h.numbers(u)).all()
    assert (h.numbers(after) >= h.low).all()
    assert (h.numbers(after) <= h.high).all()
    assert np.allclose(h.units(h.numbers(after)), after)


def test_every_other_choice_of_a_categorical_is_as_likely() -> None:
    h, rng = column("colour"), np.random.default_rng(0)
    u = h.units(np.zeros(3000))
    values, counts = np.unique(h.numbers(_mutated(h, u, np.zeros(3000), rng.random(3000))), return_counts=True)
    assert values.tolist() == [1.0, 2.0]
    assert counts.min() > 1350  # 1500, sd 27


def test_a_float_moves_by_the_step_and_stays_in_range() -> None:
    moved = _mutated(column("rate"), np.array([0.5, 0.95, 0.05]), np.array([0.1, 0.1, -0.1]), np.zeros(3))
    assert moved == pytest.approx([0.6, 1.0, 0.0])


def test_equal_parents_have_their_like() -> None:
    rng = np.random.default_rng(0)
    a = mixed().sample(rng, 40)
    side, spread, fresh = rng.random((3, 40, mixed().d))
    both = mixed().active(a)
    child = _cross(mixed(), a, a, side, spread, fresh, 5.0)
    assert np.allclose(child[both], a[both])


def test_a_column_that_one_parent_uses_is_that_parents() -> None:
    s = mixed()
    off = s.to_unit({"kind": "a", "depth": 3, "few": 1, "size": "t", "colour": "r"})
    on = s.to_unit({"kind": "b", "rate": 0.2, "depth": 3, "few": 1, "size": "t", "colour": "r"})
    rng = np.random.default_rng(0)
    a, b = np.tile(off, (60, 1)), np.tile(on, (60, 1))
    side, spread, fresh = rng.random((3, 60, s.d))
    configs = s.decode(_cross(s, a, b, side, spread, fresh, 5.0))
    rates = [c["rate"] for c in configs if c["kind"] == "b"]
    assert 10 < len(rates) < 50
    assert rates == pytest.approx([0.2] * len(rates))
    assert all("rate" not in c for c in configs if c["kind"] == "a")


def test_crossover_keeps_the_mean_of_the_parents() -> None:
    rng = np.random.default_rng(1)
    a, b = np.full((20000, 4), 0.4), np.full((20000, 4), 0.6)
    side, spread, fresh = rng.random((3, 20000, 4))
    child = _cross(FLOATS, a, b, side, spread, fresh, 5.0)
    assert child.mean() == pytest.approx(0.5, abs=0.002)
    assert (np.minimum(abs(child - 0.4), abs(child - 0.6)) < 0.05).mean() > 0.9


def run_of(scores: list[float], budget: float = 33.0) -> Run:
    run = Run(Context(FLOATS, budget), np.random.default_rng(0))
    for x, score in zip(FLOATS.sample(np.random.default_rng(1), len(scores)), scores, strict=True):
        run.told(x, score)
    return run


def test_parents_are_the_best_of_all_trials_and_of_equals_the_earliest() -> None:
    scores = [3.0, 1.0, 3.0, 9.0, -1e308, 1e308, 0.0, 3.0, 2.0, 1.0]
    assert GeneticAlgorithm(population=4)._ranked(run_of(scores)) == [5, 3, 0, 2]
    assert len(GeneticAlgorithm()._ranked(run_of(scores))) == 8  # a quarter of 33


def test_parents_change_from_generation_to_generation_only() -> None:
    algorithm = GeneticAlgorithm(population=2, offspring=3)
    scores = [1.0, 2.0, 9.0, 8.0, 7.0, 6.0]
    assert [algorithm._ranked(run_of(scores[:t])) for t in (2, 4, 5, 6)] == [[1, 0], [1, 0], [2, 3], [2, 3]]


def test_without_mutation_a_child_lies_between_or_around_its_parents() -> None:
    run = run_of([1.0] * 8)
    x = np.array(run.x)
    children = GeneticAlgorithm(sd=0.0, eta=1e6)._children(FLOATS, [run] * 50, [range(8)] * 50)
    assert all(np.abs(x[:, j] - u).min() < 1e-4 for child in children for j, u in enumerate(child))


@pytest.mark.parametrize("options", [{"population": -1}, {"offspring": 0}, {"sd": -0.1}, {"eta": -1.0}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    optimizer = make_optimizer("ga", **options)
    optimizer.reset(Context(FLOATS, 5.0), np.random.default_rng(0))
    with pytest.raises(InvalidValueError, match="population >= 1"):
        optimizer.ask()


def best_of(name: str, score: Any, seed: int, budget: int, space: SearchSpace = FLOATS) -> float:
    optimizer = make_optimizer(name)
    optimizer.reset(Context(space, float(budget)), np.random.default_rng(seed))
    best = -np.inf
    for _ in range(budget):
        query = optimizer.ask()
        assert query is not None
        value = float(score(space.to_unit(query.config)))
        optimizer.tell(Trial(query, value))
        best = max(best, value)
    return best


def test_a_bowl_is_climbed_ten_times_nearer_than_at_random() -> None:
    def bowl(x: np.ndarray) -> float:
        return -float(((x - 0.37) ** 2).sum())

    ga, random = (np.median([best_of(n, bowl, s, 120) for s in range(10)]) for n in ("ga", "random"))
    assert ga > random / 10


@pytest.mark.slow
@pytest.mark.parametrize("function", ["bowl", "valley", "waves"])
def test_the_algorithm_is_of_the_quality_of_pymoo(function: str) -> None:
    pytest.importorskip("pymoo", reason="needs the extra 'bo'")
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.optimize import minimize

    def loss(x: np.ndarray) -> float:
        z = 4.0 * (x - 0.37)
        if function == "bowl":
            return float((z**2).sum())
        if function == "valley":
            return float((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum())
        return float((z**2 - 10 * np.cos(2 * np.pi * z) + 10).sum())

    class Problem(ElementwiseProblem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_var=4, n_obj=1, xl=0.0, xu=1.0)

        def _evaluate(self, x: np.ndarray, out: Any, *args: Any, **kwargs: Any) -> None:
            out["F"] = loss(x)

    ours = [-best_of("ga", lambda x: -loss(x), s, 100) for s in range(30)]
    theirs = [float(minimize(Problem(), GA(pop_size=20), ("n_eval", 100), seed=s).F[0]) for s in range(30)]
    print(f"\n{function}: median loss {np.median(ours):.3g}, pymoo {np.median(theirs):.3g}")
    assert np.median(ours) <= 1.25 * np.median(theirs)
