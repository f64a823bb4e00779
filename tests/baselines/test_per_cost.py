"""Baselines that look at the clock: what they expect configurations to cost, and what they make of it, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import toys
from ConfigSpace import ConfigurationSpace

from hpo_baselines._models.log_cost import LogCost
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._runs.cheap_first import cheap_first
from hpo_baselines._runs.multi_fidelity import FidelityRun, Tried
from hpo_baselines._runs.prices import mean_prices
from hpo_baselines._transfer.earlier import Place
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run as Rollout
from hpo_gym.optimize.rollouts import run_one
from hpo_gym.problem.earlier import FIDELITY, TEST, Evaluations, Measurement
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
THREE = SPACE.snap(np.array([[0.1, 0.2], [0.5, 0.5], [0.9, 0.7]]))
A, B = [0.0, 1.0, 2.0], [0.0, 2.0, 1.0]  # standardised mean (-1.2247, .6124, .6124)
A_COST, B_COST = np.exp([0.0, 1.0, 2.0]), np.exp([0.0, 0.0, 3.0])
LOG_COST = [-1.0, -0.5, 1.5]  # the mean of (-1, 0, 1) and (-1, -1, 2)
ROWS = np.arange(3)
THIRDS = (1 / 9, 1 / 3, 1.0)
PER_COST = ["gp-ei-per-cost", "transfer-mix-per-cost", "random-cheapest"]
WITHOUT = {"gp-ei-per-cost": "gp-ei", "transfer-mix-per-cost": "transfer-mix", "random-cheapest": "random"}
FIDELITIES = ["asha", "bohb", "hyperband", "successive-halving"]
BAD = [0.0, -1.0, np.nan, np.inf]


def earlier(name: str, score: Any, cost: Any, x: np.ndarray = THREE, further: Any = ()) -> Evaluations:
    y = np.asarray(score, float)
    return Evaluations(name, name, x, y, np.asarray(cost, float), np.zeros(len(y), np.int8), further)


TWO = (earlier("a", A, A_COST), earlier("b", B, B_COST))


def context(prior: Sequence[Evaluations] = TWO, x: np.ndarray | None = THREE, **more: Any) -> Context:
    return Context(SPACE, 33.0, pool=x, prior=prior, **more)


def run(*args: Any, **more: Any) -> Run:
    return Run(context(*args, **more), np.random.default_rng(0))


def at(x: np.ndarray, exact: bool = True) -> Place:
    return Place(x, np.arange(len(x)), exact)


def points(m: int, seed: int = 0) -> np.ndarray:
    return SPACE.snap(np.random.default_rng(seed).random((m, 2)))


def asked(name: str, of: Context, count: int, cost: Any = lambda x: 1.0, **options: Any) -> np.ndarray:
    optimizer, out = make_optimizer(name, **options), []
    optimizer.reset(of, np.random.default_rng(0))
    for _ in range(count):
        query = optimizer.ask()
        if query is None:
            break
        out.append(SPACE.to_unit(query.config))
        optimizer.tell(Trial(query, float(out[-1][0]), cost=float(cost(out[-1]))))
    return np.array(out).reshape(-1, SPACE.d)


# ---------------------------------------------------------------------- the model of log cost
def test_before_a_cost_is_paid_it_is_that_of_earlier_tasks() -> None:
    foretold = LogCost(run()).fit(at(THREE[:0]), np.array([]))
    assert foretold is not None and foretold(at(THREE)) == pytest.approx(LOG_COST)


def test_one_trial_says_how_dear_the_task_is() -> None:
    foretold = LogCost(run()).fit(Place(THREE[:1], ROWS[:1]), np.exp([2.0]))  # three more than the -1 of earlier tasks
    assert foretold is not None and foretold(at(THREE)) == pytest.approx([2.0, 2.5, 4.5])


def test_without_earlier_tasks_it_is_learned_from_the_runs_own_costs() -> None:
    x = SPACE.snap(np.array([[0.1, 0.1], [0.9, 0.9], [0.5, 0.5]]))
    foretold = LogCost(run((), x)).fit(Place(x[:2], ROWS[:2]), np.exp([1.0, 3.0]))
    assert foretold is not None
    low, high, middle = foretold(at(x))
    assert middle == pytest.approx(2.0)  # by symmetry
    assert (low, high) == pytest.approx((1.0, 3.0), abs=0.1) and low + high == pytest.approx(4.0)


@pytest.mark.parametrize("bad", BAD)
def test_a_cost_that_is_none_is_unknown(bad: float) -> None:
    assert LogCost(run(())).fit(Place(THREE[:2], ROWS[:2]), np.array([bad, bad])) is None
    foretold = LogCost(run()).fit(Place(THREE[:2], ROWS[:2]), np.array([np.exp(2.0), bad]))
    assert foretold is not None and foretold(at(THREE)) == pytest.approx([2.0, 2.5, 4.5])


def test_equal_costs_tell_configurations_apart_only_where_earlier_ones_differed() -> None:
    assert LogCost(run(())).fit(at(THREE), np.full(3, 7.0)) is None
    assert LogCost(run((earlier("same", A, [2.0, 2.0, 2.0]),))).fit(at(THREE[:0]), np.array([])) is None
    foretold = LogCost(run()).fit(at(THREE), np.full(3, 7.0))
    assert foretold is not None and np.ptp(foretold(at(THREE))) < np.ptp(LOG_COST)


def test_where_there_is_no_pool_a_point_costs_what_the_nearest_known_one_does() -> None:
    foretold = LogCost(run(x=None)).fit(at(THREE[:0], False), np.array([]))
    assert foretold is not None
    assert foretold(at(SPACE.snap(np.array([[0.12, 0.2], [0.95, 0.7]])), False)) == pytest.approx([-1.0, 1.5])


# ---------------------------------------------------------------------- improvement per cost
@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_log_improvement_of_gp_ei_is_less_by_the_log_cost(exponent: float) -> None:
    x, values = points(12), {}
    prior = (earlier("t", x[:, 0], np.exp(3.0 * x[:, 1]), x),)
    seen = Place(x[:6], np.arange(6))
    for e in (0.0, exponent):
        optimizer: Any = make_optimizer("gp-ei-per-cost", cost_exponent=e)
        one = run(prior, x)
        one.cost = np.exp(x[:6, 0]).tolist()
        values[e] = optimizer.begin(one).fit(seen, x[:6, 1])(at(x))
    foretold = LogCost(run(prior, x)).fit(seen, np.exp(x[:6, 0]))
    assert foretold is not None
    assert values[0.0] - values[exponent] == pytest.approx(exponent * foretold(at(x)))


def test_the_first_trial_of_transfer_mix_has_the_best_mean_less_its_cost() -> None:
    c, values = 1.5**0.5, {}
    for e in (0.0, 1.5):
        optimizer: Any = make_optimizer("transfer-mix-per-cost", cost_exponent=e)
        model = optimizer.begin(run())
        values[e] = [
            model.fit(Place(THREE[rows], rows), np.ones(len(rows)))(at(THREE)) for rows in (ROWS[:0], ROWS[:1])
        ]
    assert values[0.0][0] == pytest.approx([-2 * c, c, c], abs=1e-5)
    assert values[1.5][0] == pytest.approx([-2 * c + 0.9, c + 0.45, c - 1.35], abs=1e-5)  # .6 x 1.5 of the log cost
    assert values[0.0][1] - values[1.5][1] == pytest.approx([-1.5, -0.75, 2.25])


# ---------------------------------------------------------------------- the cheaper, the sooner
def ordered(cost: Sequence[float], exponent: float = 1.0, stream: Sequence[int] = (0, 1, 2, 3)) -> list[Choice]:
    x = points(len(cost))
    one = run((earlier("t", np.arange(len(cost)), cost, x),), x)
    return list(cheap_first(one, iter(stream), exponent))


def test_configurations_come_by_cost_times_the_time_that_they_have_waited() -> None:
    """Of four, the clocks ring at 1/4, 7/12, 13/12 and 25/12."""
    assert ordered([8.0, 1.0, 1.0, 1.0]) == [1, 2, 0, 3]  # 2, .583, 1.083, 2.083
    assert ordered([9.0, 1.0, 1.0, 1.0]) == [1, 2, 3, 0]  # 2.25
    assert ordered([9.0, 1.0, 1.0, 1.0], 0.5) == [1, 0, 2, 3]  # .75
    assert ordered([1.0, 1.0, 1.0, 9.0], stream=(3, 2, 0, 1)) == [2, 0, 1, 3]
    assert ordered([9.0, 1.0, 1.0, 1.0], 0.0) == [0, 1, 2, 3]
    assert ordered([5.0, 5.0, 5.0, 5.0], stream=(2, 0, 3, 1)) == [2, 0, 3, 1]


def test_in_a_space_without_a_pool_it_takes_the_first_of_each_64() -> None:
    x = points(300, 1)
    prior = (earlier("t", x[:, 0], np.exp(6.0 * x[:, 0]), x),)
    cheap = asked("random-cheapest", context(prior, None), 40)
    assert cheap[:, 0].mean() < 0.3 < asked("random", context(prior, None), 40)[:, 0].mean()


# ---------------------------------------------------------------------- without costs, and what is refused
@pytest.mark.long
@pytest.mark.parametrize("name", PER_COST)
@pytest.mark.parametrize("x", [points(30), None], ids=["pool", "space"])
def test_without_costs_it_is_the_method_that_does_not_look_at_them(name: str, x: np.ndarray | None) -> None:
    at_points = points(30)
    prior = tuple(earlier(f"t{i}", at_points[:, i] + 0.1 * i, np.full(30, 3.0), at_points) for i in range(2))
    for of in (context((), x), context(prior, x), context(prior, x, unit=2.0)):
        assert np.array_equal(asked(name, of, 10), asked(WITHOUT[name], of, 10))
    costs = context((earlier("t", at_points[:, 0], np.exp(at_points[:, 1]), at_points),), x)
    assert np.array_equal(asked(name, costs, 10, cost_exponent=0.0), asked(WITHOUT[name], costs, 10))


# ---------------------------------------------------------------------- rungs in cost
def level(fidelity: float, cost: Any, name: str = FIDELITY) -> Measurement:
    c = np.asarray(cost, float)
    return Measurement(name, fidelity, np.ones(len(c)), c, np.zeros(len(c), np.int8))


THIRDS_COST = (level(1 / 3, [1.0, 2.0, 3.0]), level(1 / 9, [0.5, 1.0, 1.5]))  # of 4 + 4 + 4: a half and a quarter


def fidelity_run(prior: Sequence[Evaluations] = (), unit: float | None = 10.0, x: Any = THREE, **more: Any) -> Any:
    of = Context(SPACE, more.pop("budget", 33.0), fidelities=THIRDS, pool=x, prior=prior, unit=unit)
    return FidelityRun(of, np.random.default_rng(0))


def test_the_price_of_a_fidelity_is_measured_on_earlier_tasks() -> None:
    one = earlier("t", A, [4.0, 4.0, 4.0], further=(level(1.0, A_COST, TEST), *THIRDS_COST))
    assert mean_prices((one,), THIRDS) == pytest.approx([0.25, 0.5, 1.0])
    assert mean_prices((one,), (1 / 27, 27**-0.5, 1.0)) == pytest.approx([0.25 / 3, 0.125**0.5, 1.0])
    other = earlier("u", A, [1.0, 1.0, 1.0], further=(level(1 / 3, [0.125] * 3),))
    assert mean_prices((one, other), THIRDS) == pytest.approx([0.25, 0.25, 1.0])  # the root of .5 x .125
    assert mean_prices((), THIRDS) == pytest.approx(THIRDS)
    dear = earlier("v", A, [1.0, 1.0, 1.0], further=(level(1 / 3, [5.0] * 3), level(1 / 9, [np.nan, 0.0, -1.0])))
    assert mean_prices((dear,), THIRDS) == pytest.approx([1.0, 1.0, 1.0])  # no more than in full


def test_rungs_are_at_equal_ratios_of_the_mean_price() -> None:
    prior = (earlier("t", A, [4.0, 4.0, 4.0], further=THIRDS_COST),)
    assert fidelity_run(prior).ladder(3) == (0, 2)  # 1/4 is nearer to 1/3 than 1/2 is
    assert fidelity_run(prior).ladder(2) == (0, 1, 2)
    assert fidelity_run(prior, unit=None).ladder(3) == fidelity_run().ladder(3) == (0, 1, 2)


def test_a_run_spends_what_its_trials_cost() -> None:
    for unit, spent in ((10.0, 0.25), (None, 1 / 9)):
        one = fidelity_run(unit=unit)
        one.reported(THREE[0], 1.0, 1.0, cost=80.0)  # given
        ask = one.follow_asks(lambda r: iter([(1, 0)]))
        assert ask == (1, 0)
        one.reported(THREE[1], 1.0, 1 / 9, cost=2.5)
        assert one.spent == pytest.approx(spent)


def test_what_is_cheap_begins_further_up() -> None:
    prior = (earlier("t", A, np.exp([0.0, 1.2, 3.6])),)
    one = fidelity_run(prior)
    share = 3 * np.exp([-1.6, -0.4, 2.0]) / np.exp([-1.6, -0.4, 2.0]).sum()
    assert one.prices.share([0, 1, 2]) == pytest.approx(share)
    assert share == pytest.approx([0.0733, 0.2434, 2.6833], abs=1e-4)
    assert [one.start(row, (0, 1, 2)) for row in range(3)] == [2, 1, 0]  # .0733 <= 1/9; .2434 / 3 <= 1/9 < .2434
    assert [one.start(row, (1, 2)) for row in range(3)] == [2, 2, 1]
    assert one.prices.of(2, 1) == pytest.approx(2.6833 / 3, abs=1e-4)
    assert fidelity_run(prior, unit=None).start(0, (0, 1, 2)) == 0


def test_a_rung_in_cost_also_has_what_began_above_it() -> None:
    one = fidelity_run()
    one.reported(THREE[0], 3.0, 1.0, cost=1.0)
    one.reported(THREE[1], 2.0, 1 / 9, cost=1.0)
    one.reported(THREE[1], 5.0, 1 / 3, cost=1.0)
    reported = [[(round(float(r.x[0]), 6), score) for r, score in one.rung(level)] for level in range(3)]
    assert reported == [[(0.1, 3.0), (0.5, 2.0)], [(0.1, 3.0), (0.5, 5.0)], [(0.1, 3.0)]]
    assert one.best([0, 1, 2], 0) == [0, 1]
    assert Tried(0, THREE[0]).score_from(0) is None
    plain = fidelity_run(unit=None)
    plain.reported(THREE[0], 3.0, 1.0)
    assert plain.rung(0) == []


def test_what_is_left_goes_to_the_best_stopped_one_that_fits() -> None:
    one = fidelity_run((earlier("t", A, np.exp([0.0, 1.2, 3.6])),), budget=2.0)
    for row, score in ((0, 1.0), (1, 2.0), (2, 3.0)):
        one.note(one.entry(row), score, 1 / 9, cost=np.nan)
    assert one.stopped(2).choice == 1  # row 2 would take 2.68 units of the 2 that are left
    one.context = Context(SPACE, 3.0, fidelities=THIRDS, pool=THREE, unit=10.0)
    assert one.stopped(2).choice == 2
    one.context = Context(SPACE, 0.01, fidelities=THIRDS, pool=THREE, unit=10.0)
    assert one.stopped(2).choice == 2  # nothing fits


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_trial_of_unknown_cost_counts_as_the_mean(bad: float) -> None:
    one = fidelity_run()
    one.follow_asks(lambda r: iter([(1, 1)]))
    one.reported(THREE[1], 1.0, 1 / 3, cost=bad)
    assert one.spent == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", FIDELITIES)
def test_a_run_in_cost_uses_up_its_budget_and_repeats_nothing(name: str) -> None:
    suite = toys.gappy()
    task = suite.tasks("test")[0]
    known = Context.of(task, 4.3, suite.prior(), unit=task.cost_unit)
    run_ = Rollout(task, known, 0)
    run_one(make_optimizer(name), run_, known, rng(1))
    asked_ = [(str(sorted(t.config.items())), t.fidelity) for t in run_.trials]
    assert len(set(asked_)) == len(asked_) and any(t.fidelity == 1.0 for t in run_.trials)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_gp_ei_per_cost_looks_for_the_cheap_among_equals() -> None:
    x = points(40)
    found = asked("gp-ei-per-cost", context((), x, unit=1.0), 16, cost=lambda p: np.exp(4.0 * p[1]))
    plain = asked("gp-ei", context((), x, unit=1.0), 16, cost=lambda p: np.exp(4.0 * p[1]))
    assert np.array_equal(found[:5], plain[:5])  # random ones
    assert found[5:9, 1].mean() < plain[5:9, 1].mean() - 0.2
