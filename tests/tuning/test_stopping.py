"""`Halving`: who stops at which rung, worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_gym.base.errors import InvalidValueError
from hpo_gym.tuning.stopping import Halving, Steps

VALUES = st.lists(st.floats(-10, 10), min_size=1, max_size=12)


def at(step: int, *values: float) -> dict[int, Steps]:
    """One trial for each value, all of them reported at one step."""
    return {number: [(step, value)] for number, value in enumerate(values)}


# ---------------------------------------------------------------------- one rung
@pytest.mark.parametrize(
    ("values", "eta", "goes_on"),
    [
        ([1.0], 3, [True]),  # the only one
        ([1.0, 2.0], 3, [False, True]),  # of fewer than eta, the best
        ([5, 4, 3, 2, 1, 0], 3, [True, True, False, False, False, False]),  # floor(6 / 3) = 2
        ([5, 4, 3, 2, 1], 3, [True, False, False, False, False]),  # floor(5 / 3) = 1
        ([5, 4, 3, 2], 2, [True, True, False, False]),
        ([7, 7, 7, 1], 4, [True, True, True, False]),  # equals go on together
        ([math.nan, -9, math.inf, -10], 3, [False, True, False, False]),  # what is no finite number stops
    ],
)
def test_the_best_of_eta_go_on(values: list[float], eta: int, goes_on: list[bool]) -> None:
    rule = Halving(eta)
    assert [not rule.stops(at(1, *values), number) for number in range(len(values))] == goes_on


def test_those_whose_value_is_no_number_count_among_the_n_that_came_as_far() -> None:
    # floor(6 / 3) = 2 of six go on: 3 and 2; of the three that are numbers it would be one
    rule, six = Halving(3), at(1, 3.0, 2.0, 1.0, math.nan, math.nan, -math.inf)
    assert [not rule.stops(six, number) for number in range(6)] == [True, True, False, False, False, False]


@given(VALUES, st.integers(2, 5))
def test_less_is_better_where_it_is_minimised(values: list[float], eta: int) -> None:
    for number in range(len(values)):
        more = Halving(eta).stops(at(1, *values), number)
        assert more == Halving(eta).stops(at(1, *(-v for v in values)), number, "minimize")


# ---------------------------------------------------------------------- several rungs
def test_rungs_are_the_powers_of_eta_and_a_trial_is_judged_once_at_each() -> None:
    better_at = {0: [(s, 0.0) for s in range(1, 31)], 1: [(s, 1.0) for s in range(1, 31)]}
    for rule, rungs in ((Halving(3), [1, 3, 9, 27]), (Halving(2, min_steps=5), [5, 10, 20])):
        stops = (rule.stops({0: better_at[0][:s], 1: better_at[1]}, 0) for s in range(1, 31))
        assert [step for step, stop in enumerate(stops, 1) if stop] == rungs
    worse, better = [(1, 1.0), (2, 0.0), (3, 1.0)], [(1, 0.0), (2, 9.0), (3, 2.0)]
    assert not Halving(3).stops({0: worse[:2], 1: better[:2]}, 0), "step 2 is no rung"
    assert Halving(3).stops({0: worse, 1: better}, 0)
    assert not Halving(3).stops({0: worse, 1: better[:2]}, 0), "nobody else is there yet"
    assert not Halving(3).stops({0: [*worse, (4, 0.0)], 1: better}, 0), "it has passed the rung"


def test_the_first_report_at_a_rung_or_above_it_counts() -> None:
    own = [(2, 1.0), (10, 5.0)]
    other = [(2, 0.5), (5, 6.0), (9, 0.0)]  # at rung 3: 6; at rung 9: 0
    assert Halving(3).stops({0: own, 1: other}, 0), "5 at rung 3 is less than 6"
    assert not Halving(3, min_steps=9).stops({0: own, 1: other}, 0), "5 at rung 9 is more than 0"
    assert not Halving(3).stops({0: own, 1: [(1, 3.0)]}, 0)


def test_before_the_first_rung_and_without_a_report_nothing_stops() -> None:
    assert not Halving(3, min_steps=2).stops({0: [(1, -9.0)], 1: [(1, 9.0)]}, 0)
    assert not Halving(3).stops({0: [(0, math.nan)], 1: [(0, 9.0)]}, 0), "steps may count from 0"
    assert not Halving(3).stops({0: [], 1: [(1, 9.0)]}, 0)


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(-9, 9).map(float), min_size=9, max_size=9), min_size=1, max_size=8), st.booleans())
def test_it_is_the_successive_halving_of_optuna(curves: list[list[float]], up: bool) -> None:
    optuna = pytest.importorskip("optuna", reason="needs Optuna")
    direction, pruner = "maximize" if up else "minimize", optuna.pruners.SuccessiveHalvingPruner(1, 2)
    study = optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    steps: dict[int, Steps] = {}
    for number, curve in enumerate(curves):
        trial = study.ask()
        for step, value in enumerate(curve, 1):
            trial.report(value, step)
            steps[number] = list(enumerate(curve[:step], 1))
            assert Halving(2).stops(steps, number, direction) == trial.should_prune()
            if trial.should_prune():
                break
        study.tell(trial, curve[0])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"eta": 1}, "`eta` .* >= 2"), ({"min_steps": 0}, "`min_steps` .* >= 1")],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        Halving(**wrong)
    with pytest.raises(InvalidValueError, match="'maximize' or 'minimize', got 'up'"):
        Halving().stops({0: [(1, 1.0)]}, 0, "up")


# ---------------------------------------------------------------------- the own end of a trial
@pytest.mark.parametrize(
    ("lengths", "whole", "step", "ends"),
    [
        ((), (), 27, False),  # of nobody the end is known
        ((27,), (0,), 27, True),  # all that came as far ended there
        ((27,), (0,), 9, False),  # nobody ended there
        ((27, 27), (0,), 27, True),  # the second one was stopped there: who knows
        ((1,), (0,), 1, True),  # one that ends early lets the next one through
        ((1, 27), (0, 1), 1, False),  # and no more: half are not most
        ((1, 2), (0,), 1, False),  # the second one still runs
        ((1, 1, 27), (0, 1, 2), 1, True),
        ((9, 27, 81), (0, 1, 2), 9, False),  # one of three
        ((9, 27, 81), (0, 1, 2), 27, False),
        ((9, 27, 81), (0, 1, 2), 81, True),
        ((5, 27), (0,), 5, False),  # no rung: nobody stops there anyway
    ],
)
def test_a_trial_is_at_its_own_end_where_most_others_were(
    lengths: tuple[int, ...], whole: tuple[int, ...], step: int, ends: bool
) -> None:
    trials = {n: [(s, 1.0) for s in range(1, length + 1)] for n, length in enumerate(lengths)}
    trials[99] = [(s, 0.0) for s in range(1, step + 1)]
    assert Halving(3).ends(trials, whole, 99) is ends


def test_the_last_reports_of_trials_need_not_be_at_one_step() -> None:
    """The rung 729 is passed at 1,000 by the one and at 1,024 by the other, with the last report of both."""
    trials: dict[int, Steps] = {0: [(500, 1.0), (1000, 1.0)], 1: [(512, 0.0), (1024, 0.0)]}
    assert Halving(3).ends(trials, {0}, 1)
    assert not Halving(3).ends({**trials, 0: [(500, 1.0), (1000, 1.0), (1500, 1.0)]}, {0}, 1)
    assert not Halving(3).ends({1: []}, (), 1)
