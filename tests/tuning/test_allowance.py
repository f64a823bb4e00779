"""What a tuning may take, worked out by hand: the unit of a budget in cost, and the clock."""

from __future__ import annotations

import numpy as np

from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.trial import Status
from hpo_gym.tuning.allowance import Allowance

SPACE = {"x": (0.0, 1.0)}


def earlier(name: str, cost: list[float], status: list[int] | None = None) -> Evaluations:
    m = len(cost)
    return Evaluations(
        name, name, np.linspace(0.1, 0.9, m)[:, None], np.arange(float(m)), np.array(cost),
        np.zeros(m, np.int8) if status is None else np.array(status, np.int8),
    )  # fmt: skip


# ---------------------------------------------------------------------- a budget in cost
def test_a_unit_is_the_mean_over_tasks_of_the_mean_cost_of_their_successes() -> None:
    prior = (earlier("a", [1.0, 2.0, 6.0]), earlier("b", [4.0, 50.0, 6.0], [0, int(Status.FAILED), 0]))
    found = Allowance(cost=20.0)  # (3 + 5) / 2 = 4; the largest costs would give 6, or 28
    assert (found.unit(prior), found.context_budget(prior)) == (4.0, 5.0)


def test_costs_that_say_nothing_are_left_out_of_a_unit() -> None:
    prior = (earlier("a", [2.0, np.nan, 0.0, 4.0]), earlier("b", [np.nan, np.nan]))
    assert Allowance(cost=6.0).unit(prior) == 3.0
    assert Allowance(cost=66.0).unit(prior[1:]) == 2.0  # a 33rd
