"""Trials in flight: the event simulation worked out by hand, the lies that are told, and what each optimizer does.

row     0    1    2    3    4    5
cost    3    1    2    2    1    1
score   .5   .25  1    0    .75  .125
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
import small
import toys

import hpo_gym
from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import Context, ask_beside, lie_of, make_optimizer, rollout
from hpo_gym.problem import History, Query, SearchSpace, Status, Trial, Workers

COSTS = [3.0, 1.0, 2.0, 2.0, 1.0, 1.0]
SCORES = [0.5, 0.25, 1.0, 0.0, 0.75, 0.125]


def task(scores: Sequence[float] = SCORES, costs: Any = COSTS, **more: Any) -> Any:
    space = cs.ConfigurationSpace()
    space.add(cs.UniformIntegerHyperparameter("row", 0, 5))
    made = hpo_gym.table_suite(
        "Flown", SearchSpace(space), [{"row": i} for i in range(6)], np.array([scores]), tasks=["a"],
        costs=None if costs is None else np.array([costs]), splits={"train": ["a"]}, **more,
    )  # fmt: skip
    return made.task("a")


class Listed:
    """Ask for rows in order, and note each question and report."""

    def __init__(self, rows: str = "012345", **facts: str) -> None:
        self.rows, self.runs = rows, list[list[Any]]()
        vars(self).update(facts)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.heard: list[Any] = []
        self.runs.append(self.heard)

    def ask(self) -> Query | None:
        ahead = getattr(self, "asked", "") == "ahead"
        at = self.heard.count("ask") if ahead else sum(one != "ask" for one in self.heard)
        self.heard.append("ask")
        return Query({"row": int(self.rows[at])}) if at < len(self.rows) else None

    def tell(self, trial: Trial) -> None:
        self.heard.append((trial.config["row"], trial.score))


def rows(history: History) -> list[int]:
    return [config["row"] for config in history.configs]


# ---------------------------------------------------------------------- the clock
def test_four_trials_on_two_workers_end_as_worked_out_on_paper() -> None:
    """0 runs from 0 to 3; 1 from 0 to 1; 2 follows it, from 1 to 3; 0 was launched first, so ends first at 3; 3 runs
    from 3 to 5."""
    crew, told = Workers[int](2), list[tuple[int, float]]()
    for i, cost in enumerate(COSTS[:4]):
        if not crew.free:
            told.append((crew.finish(), crew.now))
        crew.launch(i, cost)
    assert crew.running == [2, 3]
    told += [(crew.finish(), crew.now) for _ in range(2)]
    assert told == [(1, 1.0), (0, 3.0), (2, 3.0), (3, 5.0)]
    assert crew.free and not crew.running


@pytest.mark.parametrize("facts", [{"asked": "ahead"}, {"asked": "in turn"}, {}])
def test_a_rollout_has_the_trials_in_the_order_in_which_they_end(facts: dict[str, str]) -> None:
    history = rollout(Listed(**facts), task(), 4, workers=2)
    assert rows(history) == [1, 0, 2, 3]
    assert history.times == (1.0, 3.0, 3.0, 5.0)
    assert history.scores == (0.25, 0.5, 1.0, 0.0)


@pytest.mark.parametrize("name", ["random", "ga", "sobol", "gp-ei", "local-search"])
def test_one_worker_is_a_rollout_as_ever(name: str) -> None:
    plain = rollout(name, toys.gappy().task("e"), 9, seed=3)
    assert rollout(name, toys.gappy().task("e"), 9, seed=3, workers=1) == plain
    assert plain.times == ()


@pytest.mark.parametrize("name", ["random", "sobol", "grid", "lhs", "default"])
def test_a_plan_launches_the_same_trials_on_any_number_of_workers(name: str) -> None:
    plain, flown = (rollout(name, toys.plain().task("e"), 9, seed=3, workers=q) for q in (1, 4))
    assert flown.configs == plain.configs, "without costs, trials end in the order of their launch"


# ---------------------------------------------------------------------- the budget
def test_a_budget_in_cost_is_the_sum_of_costs_charged_at_the_launch() -> None:
    """A unit is 10 / 6, so 3.6 units are a cost of 6: rows 0, 1 and 2 take all of it."""
    history = rollout(Listed(), task(), budget_cost=3.6, workers=2)
    assert rows(history) == [1, 0, 2] and sum(history.costs) == pytest.approx(6.0)
    assert {trial.status for trial in history} == {Status.OK}


def test_what_exceeds_the_rest_is_cut_and_ends_after_it() -> None:
    """A cost of 5: row 2 begins at 1 with a rest of 1, and is cut at 2, before row 0 has ended."""
    history = rollout(Listed(), task(), budget_cost=3.0, workers=2)
    assert rows(history) == [1, 2, 0] and history.times == pytest.approx((1.0, 2.0, 3.0))
    assert history.statuses == (Status.OK, Status.TIMEOUT, Status.OK)


def test_a_failure_has_the_worst_success_that_has_ended_not_one_that_runs() -> None:
    """Row 1 fails at 1, when nothing has ended: the floor, 0. Row 5 fails at 4, after row 0."""
    scores = [0.5, -np.inf, 1.0, 0.25, 0.75, -np.inf]
    history = rollout(Listed("0125"), task(scores), 4, workers=2)
    assert rows(history) == [1, 0, 2, 5]
    assert history.scores == (0.0, 0.5, 1.0, 0.5)


# ---------------------------------------------------------------------- lies
ENDED = [Trial(Query({"row": 0}), 0.25), Trial(Query({"row": 1}), 1.0), Trial(Query({"row": 2}), 0.25)]


def test_a_lie_is_the_worst_score_so_far() -> None:
    context = Context(task().space, 6.0)
    told = lie_of(Query({"row": 3}, 0.5), ENDED, context)
    assert (told.score, told.status, told.fidelity, told.cost) == (0.25, Status.OK, 0.5, 0.0)
    assert lie_of(Query({"row": 3}), [], context, 0.125).score == 0.125, "the floor, while nothing has ended"
    priced = Context(task().space, 6.0, unit=8.0)
    assert lie_of(Query({"row": 3}, 0.5), ENDED, priced).cost == 4.0, "the mean cost at its fidelity"


def test_pending_trials_are_told_with_the_lie_in_the_order_of_their_launch() -> None:
    listed = Listed()
    rollout(listed, task(), 4, workers=2)
    assert listed.runs == [
        ["ask"],
        ["ask", (0, 0.0), "ask"],
        ["ask", (0, 0.25), (1, 0.25), "ask"],
        ["ask", (0, 0.5), (1, 0.25), (2, 0.25), "ask"],
    ]


def test_one_that_depends_on_its_asks_is_asked_before_each_report() -> None:
    listed = Listed("01", asked="in turn")
    context = Context(task().space, 6.0)
    ask_beside(listed, context, np.random.default_rng(0), ENDED[:2])
    assert listed.heard == ["ask", (0, 0.25), "ask", (1, 1.0), "ask"]
    ask_beside(listed, context, np.random.default_rng(0), ENDED[:2], given=1)
    assert listed.heard == [(0, 0.25), "ask", (1, 1.0), "ask"], "the initial design is not asked for"
    ask_beside(listed, context, np.random.default_rng(0), ENDED)
    assert listed.heard.count("ask") == 2, "half of the six rows are tried: an ask before each would claim the rest"


def test_one_that_may_be_asked_ahead_is_told_the_truth_alone() -> None:
    listed = Listed(asked="ahead")
    rollout(listed, task(), 4, workers=2)
    assert listed.runs == [["ask", "ask", (1, 0.25), "ask", (0, 0.5), "ask", (2, 1.0), (3, 0.0)]]


def test_the_generator_that_is_given_stays_as_it_was() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    query = ask_beside(make_optimizer("ga"), Context(task().space, 6.0), rng, ENDED)
    assert query is not None and rng.bit_generator.state == before


# ---------------------------------------------------------------------- refusals
def test_bad_numbers_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="`workers` must be an integer in"):
        rollout("random", task(), 3, workers=0)


def test_trials_that_go_on_from_each_other_or_from_checkpoints_are_not_in_flight() -> None:
    with pytest.raises(InvalidValueError, match="`workers` must be 1 on 'Trainings'"):
        rollout("constant", hpo_gym.load_suite("Trainings").tasks("val")[0], 3, workers=2)
    with pytest.raises(InvalidValueError, match="`workers` must be 1 with `checkpoints`"):
        rollout("random", hpo_gym.load_suite("MLP").tasks("val")[0], budget_cost=3, checkpoints=True, workers=2)


# ---------------------------------------------------------------------- all
@pytest.mark.long
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in small.HEAVY else ()) for n in small.ENTRIES]
)
def test_each_optimizer_runs_beside_pending_trials_without_repeating_them(name: str) -> None:
    small.need(name)
    suite, make = toys.gappy(), small.ready(name)
    plain, flown = (rollout(make(), suite.task("e"), 8, seed=2, prior=suite.prior(), workers=q) for q in (1, 3))
    assert len(flown.times) == len(flown) > 3 or not len(plain), "one that stops at once does so here too"
    tried = [(str(trial.config), trial.fidelity) for trial in flown]
    assert len(set(tried)) == len(tried), "others are left, so none is tried twice, pending ones neither"
