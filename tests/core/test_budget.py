"""What a budget pays for, where fidelities are ninths and their sums round."""

import core_toys
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_gym.optimize.rollouts import Run
from hpo_gym.problem import Query, Refusal
from hpo_gym.problem.budget import affordable, ended_by, horizon, over, payable, pays
from hpo_gym.problem.costs import COST, Budget

LEVELS = (1 / 9, 1 / 3, 1.0)
ninths = st.integers(0, 40)


def summed(count: int) -> float:
    """So many ninths, added one by one: more than the last bit is off."""
    total = 0.0
    for _ in range(count):
        total += 1 / 9
    return total


def test_sums_round_and_the_budget_pays_all_the_same():
    left = 4.0 - summed(35)
    assert left < LEVELS[0]  # what the slack is for
    assert not over(left, LEVELS[0]) and pays(left, LEVELS[0]) and payable(LEVELS, left) == 0
    assert over(4.0 - summed(36), LEVELS[0]) and not over(4.0 - summed(34), LEVELS[0])


@pytest.mark.parametrize(("left", "position"), [(0.0, -1), (0.11, -1), (1 / 9, 0), (0.33, 0), (0.5, 1), (7.0, 2)])
def test_the_highest_level_that_is_paid_for(left, position):
    assert payable(LEVELS, left) == position
    assert affordable(LEVELS, left) == LEVELS[max(position, 0)]


@pytest.mark.long
@given(st.lists(ninths, min_size=1, max_size=5))
def test_many_runs_are_answered_as_each_alone(spent):
    left = np.array([4.0 - summed(s) for s in spent])
    assert over(left, LEVELS[0]).tolist() == [over(v, LEVELS[0]) for v in left.tolist()]
    assert affordable(LEVELS, left).tolist() == [LEVELS[max(payable(LEVELS, v), 0)] for v in left.tolist()]


@given(ninths)
def test_what_is_over_pays_for_no_level_and_else_for_one(spent):
    left = 4.0 - summed(spent)
    assert over(left, LEVELS[0]) == (payable(LEVELS, left) < 0) == (not pays(left, LEVELS[0]))


@pytest.mark.parametrize(("budget", "levels", "most"), [(4.0, (1.0,), 4), (4.0, LEVELS, 36), (3.5, (1.0,), 3),
                                                        (0.3, (0.1, 1.0), 3)])  # fmt: skip
def test_the_most_evaluations(budget, levels, most):
    assert horizon(budget, levels) == most


def test_trials_by_full_evaluations():
    spent = np.array([-1.0, 0.0, *(summed(count) for count in (3, 9, 12, 18, 19))])  # two given points first
    assert ended_by(spent, np.arange(1, 4)).tolist() == [4, 6, 7]


def test_the_horizon_of_either_kind_of_budget():
    assert Budget(4.0).horizon((0.25, 1.0)) == 16
    assert Budget(4.0, COST).horizon((0.25, 1.0)) == 64  # sixteen a unit
    assert Budget(4.0, COST).horizon((0.02, 1.0)) == 200  # fifty a unit, at the lowest fidelity


# ---------------------------------------------------------------------------------------------- one run
def test_a_run_of_full_evaluations_goes_on_at_lower_fidelities_by_hand() -> None:
    run = Run(core_toys.levels().task("a"), 3, instance=0)
    told = []
    for row, fidelity in ((1, 1.0), (2, 1.0), (0, 0.5), (1, 1.0)):
        trial = run.submit(Query(dict(zip("uv", core_toys.X[row], strict=True)), fidelity))
        told.append((trial.score, trial.fidelity, trial.cost, trial.status.name, run.spent, run.over))
    assert told == [
        (6.0, 1.0, 8.0, "OK", 1.0, False),
        (6.0, 1.0, 7.0, "FAILED", 2.0, False),  # the lowest success so far
        (1.5, 0.5, 2.0, "OK", 2.5, False),
        (5.5, 0.5, 4.0, "OK", 3.0, True),  # lowered to what the rest of the budget pays for
    ]


def test_a_refusal_after_full_evaluations_takes_a_full_one() -> None:
    run = Run(core_toys.levels().task("a"), 2, instance=0)
    run.submit(Query(dict(zip("uv", core_toys.X[1], strict=True))))
    trial = run.submit(Refusal())
    assert (trial.status.name, run.spent, run.over, [t.score for t in run.trials]) == ("INVALID", 2.0, True, [6.0, 6.0])
