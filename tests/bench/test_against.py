"""What a score is held against, and what is better than that: exact or found, each by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from regrets import mean_regret

import hpo_gym
from hpo_gym import History, Query, Status, Task, Trial, load_suite, regret_of, rollout
from hpo_gym.base.arrays import Floats, Keys
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.metrics import TEST
from hpo_gym.bench.regret import regret_on
from hpo_gym.problem.space import Points
from hpo_gym.problem.space.forms import read_space
from hpo_gym.problem.task import Evaluated

SPACE = read_space({"x": (0.0, 1.0)})


@dataclass(frozen=True, eq=False)
class Toy(Task):
    """Score x, worst 0, best .8: exact or found."""

    how: str = "exact"
    cost_unit = 2.0
    least_costs = (2.0,)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        return Evaluated(x[:, 0], np.full(len(x), 2.0), np.zeros(len(x), np.int8))

    @property
    def exact(self) -> bool:
        return self.how == "exact"


def toy(how: str) -> Toy:
    return Toy("a", "a", "Toy", SPACE, best=0.8, worst=0.0, how=how)


def history(*scores: float) -> History:
    return History(tuple(Trial(Query({"x": s}), s, 2.0, Status.OK) for s in scores), 0)


def test_better_than_an_exact_best_is_a_fault_of_the_task() -> None:
    assert regret_on([toy("exact")], np.array([[[0.4, 0.8]]])).tolist() == [[[0.5, 0.0]]]
    with pytest.raises(InvalidValueError, match=r"0\.08 above it; correct the task's best"):
        regret_on([toy("exact")], np.array([[[0.4, 0.88]]]))


def test_better_than_a_best_that_was_found_there_is_as_good() -> None:
    assert regret_on([toy("found")], np.array([[[0.4, 0.88]]])).tolist() == [[[0.5, 0.0]]]


def test_the_range_of_test_scores_is_exact_whatever_the_best_validation_score_is() -> None:
    bounds = np.array([[0.6, 0.2]])
    assert regret_on([toy("found")], np.array([[[0.4], [0.6]]]), bounds, TEST) == pytest.approx(
        np.array([[[0.5], [0.0]]])
    )
    with pytest.raises(InvalidValueError, match="correct the task's best"):
        regret_on([toy("found")], np.array([[[0.7]]]), bounds, TEST)


def test_tasks_of_both_kinds_are_held_against_their_own_best() -> None:
    """A found best is the task's own, whatever bounds say; an exact one is that of the bounds."""
    scores = np.array([[[0.4, np.nan]], [[0.88, -np.inf]]])
    found = regret_on([toy("exact"), toy("found")], scores, np.array([[0.6, 0.2], [0.6, 0.0]]))
    np.testing.assert_allclose(found, [[[0.5, np.nan]], [[0.0, 1.0]]], atol=1e-12)


def test_a_budget_in_cost_has_the_same_door() -> None:
    """Trials cost one unit each: they end at points 17 and 33 of a budget of two."""
    run = history(0.4, 0.88)
    assert regret_of(run, toy("found")) == pytest.approx([0.5, 0.0])
    spent = regret_of(run, toy("found"), budget_cost=2.0)
    assert spent[16:32] == pytest.approx(np.full(16, 0.5)) and spent[32] == pytest.approx(0.0)
    with pytest.raises(InvalidValueError, match="correct the task's best"):
        regret_of(run, toy("exact"), budget_cost=2.0)


@pytest.mark.parametrize(
    ("suite", "budget"), [pytest.param("Trainings", 24, marks=pytest.mark.long), ("Functions", 33)]
)
def test_a_run_that_is_given_no_budget_takes_that_of_its_task(suite: str, budget: int) -> None:
    known = load_suite(suite)
    task, optimizer = known.tasks("test")[0], hpo_gym.make_optimizer("random")
    assert (task.budget, known.budget) == (budget, budget)
    run = rollout(optimizer, task)
    assert len(run) == budget == len(regret_of(run, task))
    assert mean_regret(optimizer, [task]) == pytest.approx(regret_of(run, task, budget).mean())
