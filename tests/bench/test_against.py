"""What a score is held against, and what is better than that: exact, found, or an estimate, each by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from regrets import mean_regret

import hpo_gym
from hpo_gym import History, Query, Status, Task, Trial, load_suite, regret_of, rollout
from hpo_gym.base.arrays import Floats, Keys
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.bench.metrics import TEST, Curves, auc, compare, log_auc, normalised_regret, summarise
from hpo_gym.bench.regret import Against
from hpo_gym.problem.space import Points
from hpo_gym.problem.space.forms import read_space
from hpo_gym.problem.task import Evaluated

SPACE = read_space({"x": (0.0, 1.0)})


@dataclass(frozen=True, eq=False)
class Toy(Task):
    """Score x, worst 0, best .8: exact, found, or the mean of .7 and .9 in the instances 7 and 9."""

    how: str = "exact"
    instances: dict[int, float] = field(default_factory=lambda: {7: 0.7, 9: 0.9})
    cost_unit = 2.0
    least_costs = (2.0,)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        return Evaluated(x[:, 0], np.full(len(x), 2.0), np.zeros(len(x), np.int8))

    @property
    def exact(self) -> bool:
        return self.how == "exact"

    def best_in(self, instance: int) -> float:
        return self.instances.get(instance, self.best) if self.how == "estimate" else self.best

    def searched(self, instance: int | None) -> bool:
        return self.how == "found" or instance in self.instances


def toy(how: str) -> Toy:
    return Toy("a", "a", "Toy", SPACE, best=0.8, worst=0.0, how=how)


def history(*scores: float) -> History:
    return History(tuple(Trial(Query({"x": s}), s, 2.0, Status.OK) for s in scores), 0)


def test_better_than_an_exact_best_is_a_fault_of_the_task() -> None:
    assert Against.of([toy("exact")], [[7]]).regret(np.array([[[0.4, 0.8]]])).tolist() == [[[0.5, 0.0]]]
    with pytest.raises(InvalidValueError, match=r"0\.08 above it; correct the task's best"):
        Against.of([toy("exact")], [[7]]).regret(np.array([[[0.4, 0.88]]]))


def test_better_than_a_best_that_was_found_there_is_as_good() -> None:
    assert Against.of([toy("found")], [[1]]).regret(np.array([[[0.4, 0.88]]])).tolist() == [[[0.5, 0.0]]]


def test_better_than_an_estimate_has_a_regret_below_zero() -> None:
    """World 7 and 9 are searched, instance 1 and an unnamed one are held against the mean, .8."""
    against = Against.of([toy("estimate")], [[7, 9, 1, None]])
    assert against.best.tolist() == [[0.7, 0.9, 0.8, 0.8]]
    assert against.estimated.tolist() == [[False, False, True, True]]
    found = against.regret(np.array([[[0.77, -np.inf], [0.45, 0.9], [0.88, 0.2], [np.nan, 1.0]]]))
    expected = [[[0.0, 1.0], [0.5, 0.0], [-0.1, 0.75], [np.nan, -0.25]]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_range_of_test_scores_is_exact_whatever_the_best_validation_score_is() -> None:
    against = Against.of([toy("estimate")], [[7, 1]], np.array([[0.6, 0.2]]), TEST)
    assert not against.estimated.any()
    assert against.regret(np.array([[[0.4], [0.6]]])) == pytest.approx(np.array([[[0.5], [0.0]]]))


@pytest.mark.parametrize(("how", "beyond"), [("found", 0.0), ("estimate", -0.1)])
def test_a_budget_in_cost_has_the_same_door(how: str, beyond: float) -> None:
    """Trials cost one unit each: they end at points 17 and 33 of a budget of two."""
    run = history(0.4, 0.88)
    assert regret_of(run, toy(how)) == pytest.approx([0.5, beyond])
    spent = regret_of(run, toy(how), budget_cost=2.0)
    assert spent[16:32] == pytest.approx(np.full(16, 0.5)) and spent[32] == pytest.approx(beyond)
    with pytest.raises(InvalidValueError, match="correct the task's best"):
        regret_of(run, toy("exact"), budget_cost=2.0)


def test_a_run_may_beat_the_best_that_a_search_of_a_surrogate_found() -> None:
    task = load_suite("SVM:surrogate").tasks("test")[0]
    assert task.optimum_x is not None
    trial = Trial(Query(task.space.from_unit(task.optimum_x)), task.best + 1e-5, task.cost_unit, Status.OK)
    run = History((trial,), 0)
    assert regret_of(run, task, budget_cost=2.0)[-1] == regret_of(run, task, 1)[-1] == 0.0


def curves(name: str, estimated: bool) -> Curves:
    regret = np.array([[[0.3], [-0.1 if estimated else 0.1]], [[0.5], [0.5]]])
    guessed = np.array([[False, True], [False, False]]) if estimated else None
    return Curves("S", name, ("u", "t"), regret, end=True, estimated=guessed)


def test_curves_below_zero_are_refused_but_where_the_best_is_an_estimate() -> None:
    made = curves("a", True)
    assert auc(made).tolist() == pytest.approx([0.1, 0.5])
    assert log_auc(made)[0] == pytest.approx((np.log10(0.301) + np.log10(0.001)) / 2)
    assert made.of_task("t").estimated.tolist() == [[False, False]]  # type: ignore[union-attr]
    with pytest.raises(InvalidValueError, match=r"`0 <= regret < inf` must hold, got -0\.1"):
        Curves("S", "a", ("u", "t"), made.regret, estimated=np.array([[True, False], [False, False]]))
    with pytest.raises(InvalidValueError, match=r"`0 <= regret < inf` must hold, got -0\.1"):
        Curves("S", "a", ("u", "t"), made.regret)


def test_statistics_take_a_regret_below_zero() -> None:
    """By name, `t` comes first: .5 and .1 of the one, .5 and .2 of the other."""
    found = summarise([curves("portfolio", False), curves("a", True)])
    assert found["a"]["auc"][0] == pytest.approx(0.3) and found["portfolio"]["auc"][0] == pytest.approx(0.35)
    assert found["a"]["gain"][0] == pytest.approx(0.05) and found["a"]["solved"][0] == 0.25
    assert compare(curves("a", True), curves("b", False))["ratio"][0] == pytest.approx(0.3 / 0.35, abs=1e-6)


def test_normalised_regret_below_zero_by_hand() -> None:
    found = normalised_regret([[0.9, 0.8], [0.9, 0.4]], [0.8, 1.0], 0.0, estimated=[True, False])
    assert found == pytest.approx(np.array([[-0.125, 0.0], [0.1, 0.6]]))


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


@pytest.mark.long
def test_the_regret_of_a_longer_or_shorter_run_is_that_of_the_tasks_own_budget() -> None:
    task = load_suite("Trainings").tasks("test")[0]
    longer, shorter = (rollout(hpo_gym.make_optimizer("random"), task, n) for n in (33, 3))
    assert regret_of(longer, task).tolist() == regret_of(longer, task, 33)[:24].tolist()
    assert regret_of(shorter, task).tolist()[3:] == [regret_of(shorter, task, 3)[-1]] * 21
