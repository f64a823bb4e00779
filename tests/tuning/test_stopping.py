"""`Halving`: who stops at which rung, worked out by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
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
    assert Halving(3).reached(0, 30) == [1, 3, 9, 27]
    assert Halving(4, min_steps=5).reached(0, 100) == [5, 20, 80]
    assert Halving(3).reached(0, 9, since=3) == [9]
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
    assert Halving(3).stops({0: own, 1: [(1, 3.0)]}, 0, since=0), "not judged at rung 1 so far: 1 is less than 3"
    assert not Halving(3).stops({0: own, 1: [(1, 3.0)]}, 0)


def test_before_the_first_rung_and_without_a_report_nothing_stops() -> None:
    assert not Halving(3, min_steps=2).stops({0: [(1, -9.0)], 1: [(1, 9.0)]}, 0)
    assert not Halving(3).stops({0: [(0, math.nan)], 1: [(0, 9.0)]}, 0), "steps may count from 0"
    assert not Halving(3).stops({0: [], 1: [(1, 9.0)]}, 0)


# ---------------------------------------------------------------------- brackets
def test_brackets_have_the_shares_of_hyperband_and_their_own_rungs() -> None:
    rule = Halving(3, brackets=5)  # R = 81: 81, 27, 9, 6, 5 configurations
    shares = Counter(rule.bracket(number) for number in range(12_800))
    assert [round(shares[b] / 100) for b in range(5)] == [81, 27, 9, 6, 5]
    first = {b: next(n for n in range(1000) if rule.bracket(n) == b) for b in range(5)}
    assert [rule.reached(first[b], 81)[0] for b in range(5)] == [1, 3, 9, 27, 81]
    early = Counter(rule.bracket(number) for number in range(32))
    assert set(early) >= {0, 1, 2}, "not one bracket after the other"


def test_trials_of_another_bracket_do_not_count() -> None:
    rule = Halving(3, brackets=2)
    zeros = [n for n in range(20) if rule.bracket(n) == 0][:2]
    one = next(n for n in range(20) if rule.bracket(n) == 1)
    assert not rule.stops({zeros[0]: [(3, 1.0)], one: [(3, 2.0)]}, zeros[0])
    assert rule.stops({zeros[0]: [(3, 1.0)], zeros[1]: [(3, 2.0)]}, zeros[0])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"eta": 1}, "`eta` .* >= 2"), ({"min_steps": 0}, "`min_steps` .* >= 1"), ({"brackets": 0}, "`brackets` .* >= 1")],
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
