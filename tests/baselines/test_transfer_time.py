"""`transfer-time` and `portfolio-per-cost`: what they remember of earlier tasks, and what a configuration costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import objectives
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import Steep, steep_of
from hpo_baselines._transfer.memory import memory_of
from hpo_baselines.transfer_time import TimeModel
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.earlier import FIDELITY, TEST, Evaluations, Measurement
from hpo_gym.problem.nearest.pool import keys
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
THREE = SPACE.snap(np.array([[0.1, 0.2], [0.5, 0.5], [0.9, 0.7]]))
A, B = [0.0, 1.0, 2.0], [0.0, 2.0, 1.0]  # standardised mean (-1.2247, .6124, .6124)
A_COST, B_COST = np.exp([0.0, 1.0, 2.0]), np.exp([0.0, 0.0, 3.0])  # mean centred logarithm (-1, -.5, 1.5)


def earlier(name: str, score: Any, cost: Any = None, x: np.ndarray = THREE, **more: Any) -> Evaluations:
    y = np.asarray(score, float)
    return Evaluations(
        name,
        name,
        x,
        y,
        np.ones(len(y)) if cost is None else np.asarray(cost, float),
        np.zeros(len(y), np.int8),
        **more,
    )


TWO = (earlier("a", A, A_COST), earlier("b", B, B_COST))


def context(prior: Sequence[Evaluations] = TWO, x: np.ndarray | None = THREE, **more: Any) -> Context:
    return Context(SPACE, 33.0, pool=x, prior=prior, **more)


def model(prior: Sequence[Evaluations] = TWO, x: np.ndarray = THREE, **options: Any) -> TimeModel:
    optimizer: Any = make_optimizer("transfer-time", **options)
    found = optimizer.begin(Run(context(prior, x), np.random.default_rng(0)))
    assert isinstance(found, TimeModel)
    return found


def values(of: TimeModel, rows: Sequence[int] = (), y: Sequence[float] = (), x: np.ndarray = THREE) -> np.ndarray:
    return np.asarray(of.fit(Place(x[list(rows)], np.array(rows, int)), np.array(y, float))(Place(x, slice(None))))


def asked(name: str, known: Context, count: int, score: Any = lambda x: float(x[0]), **options: Any) -> np.ndarray:
    optimizer, out = make_optimizer(name, **options), []
    optimizer.reset(known, np.random.default_rng(0))
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        out.append(SPACE.to_unit(query.config))
        optimizer.tell(Trial(query, float(score(out[-1]))))
    return np.array(out).reshape(-1, SPACE.d)


def points(m: int, seed: int = 0) -> np.ndarray:
    return SPACE.snap(np.random.default_rng(seed).random((m, 2)))


def smooth(k: int, x: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return -np.exp(rng.normal(size=(k, 1))) * ((x - 0.7 - 0.05 * rng.normal(size=(k, 1, 2))) ** 2).sum(2)


# ---------------------------------------------------------------------- worked out by hand
def test_the_first_trial_has_the_best_mean_less_its_cost() -> None:
    c = 1.5**0.5
    assert values(model(cost_exponent=1.5)) == pytest.approx([-c + 0.45, c / 2 + 0.225, c / 2 - 0.675], abs=1e-5)
    assert values(model(cost_exponent=0.0)) == pytest.approx([-c, c / 2, c / 2], abs=1e-5)


def test_later_values_are_less_by_the_cost() -> None:
    dear, free = (values(model(cost_exponent=e), [0], [1.0]) for e in (1.5, 0.0))
    assert dear - free == pytest.approx([1.5, 0.75, -2.25])


@pytest.mark.parametrize(("believed", "exponent"), [(1.0, 1.5), (0.4, 1.2), (0.0, 1.0)])
def test_doubt_lowers_the_exponent_of_cost_down_to_two_thirds(believed: float, exponent: float) -> None:
    def reported(cost_exponent: float) -> np.ndarray:
        of = model(cost_exponent=cost_exponent)
        values(of, [0], [1.0])
        assert of.doubt is not None
        of.doubt.weights = np.array([believed, 0.0, 1.0 - believed])
        return np.asarray(of._value(Place(THREE, slice(None))))

    # the mean logarithm of cost is (-1, -.5, 1.5): 1.5 (2 + .4) / 3 = 1.2 of it, where .4 is the weight of the prior
    assert reported(1.5) - reported(0.0) == pytest.approx(exponent * np.array([1.0, 0.5, -1.5]))


def test_tasks_weigh_by_the_pairs_that_they_order_otherwise() -> None:
    mixed = model(temperature=1.0)
    values(mixed, [1, 2], [5.0, 3.0])  # a orders them the other way round: its share is 1, that of b 0
    assert mixed.ensemble.weights() == pytest.approx(np.array([np.exp(-1.0), 1.0]) / (1.0 + np.exp(-1.0)))
    values(mixed, [1, 2, 0], [5.0, 3.0, 1.0])  # 1 pair of 3
    assert mixed.ensemble.weights() == pytest.approx(np.array([np.exp(-1 / 3), 1.0]) / (1.0 + np.exp(-1 / 3)))


def test_a_further_measurement_weighs_in_the_mixture_what_it_counts() -> None:
    test = Measurement(TEST, 1.0, np.array([2.0, 1.0, 0.0]), np.ones(3), np.zeros(3, np.int8))
    half = Measurement(FIDELITY, 0.5, np.array([1.0, 0.0, 2.0]), np.ones(3), np.zeros(3, np.int8))
    mixed = model((replace(TWO[0], further=(test, half)), TWO[1]), test_weight=1.0, fidelity_weight=0.5)
    assert mixed.ensemble.weights() == pytest.approx(np.array([1.0, 1.0, 1.0, 0.5]) / 3.5)


def test_the_mixture_gains_by_each_task_over_its_own_best() -> None:
    one = model(temperature=1.0, processes=["matern"], doubts=False)
    two = model((earlier("a", A), earlier("b", [0.0, 2.0, 1.9])), temperature=1.0, processes=["matern"], doubts=False)
    for of, z in ((one, 0.5), (two, 0.95)):
        value = values(of, [0], [1.0])
        process = of.ensemble.posteriors[0].log_acquisition(Place(THREE, slice(None)))
        gain = np.exp(value - process) - 1e-4  # both tasks weigh a half, and have 0 at row 0
        assert gain == pytest.approx([0.0, (0.5 + 1.0) / 2, (1.0 + z) / 2], abs=1e-6)


def test_scores_are_steeper_near_the_top_by_the_usual_range_of_a_task() -> None:
    prior = (earlier("a", [0.0, 1.0, 2.0]), earlier("b", [4.0, 6.0, 8.0]))  # the usual best is 5, the usual range 3
    found = memory_of(SPACE, prior, Run(context(prior), np.random.default_rng(0)).pool)
    assert found is not None
    assert steep_of(found)(np.array([5.0, 2.0, 8.0])) == pytest.approx(np.exp([0.0, -1.5, 1.5]))
    assert Steep(1.0, 0.0)(np.array([1.0, 7.0])).tolist() == [1.0, 1.0]
    assert np.isfinite(Steep(0.0, 1e-9)(np.array([1e100, -1e100]))).all()


# ---------------------------------------------------------------------- cost
def test_the_exponent_is_one_and_a_half_where_the_budget_is_in_cost_else_none() -> None:
    by_default = asked("transfer-time", context(unit=10.0), 3)
    assert np.array_equal(by_default, asked("transfer-time", context(), 3, cost_exponent=1.5))
    assert by_default[0].tolist() == THREE[1].tolist()
    optimizer: Any = make_optimizer("transfer-time")
    assert optimizer._exponent(context()) == 0.0
    assert optimizer._exponent(context(unit=10.0)) == 1.5
    assert optimizer._exponent(Context(SPACE, 33.0)) == 0.0


def test_a_portfolio_per_cost_takes_the_gain_for_its_price() -> None:
    # z of a: 0, .5, 1 and of b: 0, 1, .5; gains 0, .75, .75 at prices exp(.7 (-1, -.5, 1.5)): row 1, then row 2
    assert np.array_equal(asked("portfolio-per-cost", context(), 3), THREE[[1, 2, 0]])
    dear = (
        earlier("a", [0.4, 1.0, 0.0], np.exp([0.0, 3.0, 1.5])),
        earlier("b", [0.4, 1.0, 0.0], np.exp([0.0, 3.0, 1.5])),
    )
    # gains .4, 1, 0; prices exp(.7 (-1.5, 1.5, 0)): 1.14, .35, 0
    assert asked("portfolio-per-cost", context(dear), 1)[0].tolist() == THREE[0].tolist()
    assert asked("portfolio", context(dear), 1)[0].tolist() == THREE[1].tolist()
    assert asked("portfolio-per-cost", context(dear), 1, exponent=0.1)[0].tolist() == THREE[1].tolist()


def test_without_costs_a_portfolio_per_cost_is_the_portfolio() -> None:
    x = points(60)
    known = context([earlier(f"t{i}", row, x=x) for i, row in enumerate(smooth(5, x))], x)
    assert np.array_equal(asked("portfolio-per-cost", known, 60), asked("portfolio", known, 60))


# ---------------------------------------------------------------------- memory
@pytest.mark.parametrize("name", ["transfer-time", "portfolio-per-cost"])
@pytest.mark.parametrize("of", ["floats", "conditional", pytest.param("many choices", marks=pytest.mark.long)])
def test_without_a_pool_tasks_of_points_of_their_own_teach_in_any_space(of: str, name: str) -> None:
    own, prior = objectives.space(of), []
    for i in range(4):
        x = own.sample(np.random.default_rng(i), 80)
        score = -np.abs(x - 0.5).sum(1)
        ones, fine = np.ones(80), np.zeros(80, np.int8)
        test = Measurement(TEST, 1.0, score - 0.1, ones, fine)
        prior.append(Evaluations(f"t{i}", f"t{i}", x, score, np.exp(x[:, 0]), fine, (test,)))
    optimizer, seen = make_optimizer(name), []
    optimizer.reset(Context(own, 33.0, prior=prior, unit=33.0), np.random.default_rng(0))
    for _ in range(12):
        query = optimizer.ask()
        assert query is not None
        seen.append(own.to_unit(query.config))
        optimizer.tell(Trial(query, -float(np.abs(seen[-1] - 0.5).sum())))
    assert len(set(keys(np.array(seen)))) == 12
    random = own.sample(np.random.default_rng(9), 500)
    assert np.abs(np.array(seen) - 0.5).sum(1).mean() < np.abs(random - 0.5).sum(1).mean()


def test_it_is_transfer_mix_where_it_remembers_nothing_more_and_has_one_process() -> None:
    x = points(60)
    known = context([earlier(f"t{i}", row, x=x) for i, row in enumerate(smooth(6, x))], x)
    assert np.array_equal(
        asked("transfer-time", known, 15, processes=["matern"], doubts=False), asked("transfer-mix", known, 15)
    )
