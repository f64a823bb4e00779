"""What a tuning may take, worked out by hand: the unit of a budget in cost, and the clock."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from hpo_gym import Context, Query, Trial, tune
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.trial import Status
from hpo_gym.tuning.allowance import Allowance

SPACE = {"x": (0.0, 1.0)}


class Two:
    """Proposes .25 and .75, and keeps what it is given."""

    def __init__(self) -> None:
        self.left, self.asked = [0.25, 0.75], 0

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context = context

    def ask(self) -> Query | None:
        self.asked += 1
        return Query({"x": self.left.pop(0)}) if self.left else None

    def tell(self, trial: Trial) -> None:
        pass


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


# ---------------------------------------------------------------------- the clock
class Clock:
    """The module `time`, of which more has passed than has passed."""

    ahead = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def perf_counter(self) -> float:
        return time.perf_counter() + self.ahead


@pytest.mark.long
def test_no_trial_begins_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, optimizers = Clock(), []
    monkeypatch.setattr("hpo_gym.tuning.tuner.time", clock)

    def ends_late(done: int, total: int, what: str) -> None:
        if done == 1:  # while the first trial is told
            clock.ahead = 1000.0

    def kept() -> Two:
        optimizers.append(Two())
        return optimizers[-1]

    found = tune(lambda config: 1.0, SPACE, optimizer=kept, budget=2, timeout=500.0, seed=0, progress=ends_late)
    assert [ended.config["x"] for ended in found.ended] == [0.25]
    assert [one.asked for one in optimizers if one.asked] == [1]
