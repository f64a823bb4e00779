"""Tabular Q-learning: the rule by hand, value iteration as an oracle, and what every agent with a table does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hypothesis import given
from hypothesis import strategies as st
from small import made, registered, rng
from toys import twelve

from hpo_agents._candidates.chosen import choose_candidates, regrets, shared_pool
from hpo_agents._tabular.agent import QAgent
from hpo_agents._tabular.table import QTable, epsilon_at
from hpo_agents._tabular.training import Step
from hpo_agents.q_learning import QLearning
from hpo_agents.q_portfolio import QPortfolio
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.suite import Suite
from hpo_gym.problem.table import TableTask
from hpo_gym.suites.own.suite import table_suite

AGENTS = registered(QAgent)
every_agent = pytest.mark.parametrize("name", AGENTS)


@pytest.fixture(name="suite")
def _suite() -> Suite:
    return twelve()


def line(scores: list[list[float]]) -> tuple[TableTask, ...]:
    """Tasks on the configurations 0, .5 and 1 of one float whose default is .5."""
    x = [[0.0], [0.5], [1.0]]
    return table_suite("Line", ConfigurationSpace({"a": (0.0, 1.0)}), np.array(x), np.array(scores)).members  # type: ignore[return-value]


# ---------------------------------------------------------------------- the table
def one(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.smoke
def test_three_steps_by_hand() -> None:
    table = QTable(3, 2, gamma=0.5, alpha_min=0.25, power=1.0)
    every = np.ones((1, 2), bool)
    for s, a, r, s_next, over in ((0, 1, 1.0, 1, False), (1, 0, 4.0, 2, True), (0, 1, 2.0, 1, False)):
        following = table.best(np.array([s_next]), every)
        table.update(np.array([s]), np.array([a]), one(r), following, over)
    assert table.q[1, 0] == pytest.approx(4.0)  # terminated: r alone
    assert table.q[0, 1] == pytest.approx(1.0 + 0.5 * (2.0 + 0.5 * 4.0 - 1.0))  # alpha = 1/2 at the second visit
    assert table.n.tolist() == [[0, 2], [1, 0], [0, 0]]
    assert table.q[[0, 1, 2, 2], [0, 1, 0, 1]].tolist() == [0, 0, 0, 0]


def test_a_terminated_target_ignores_what_follows() -> None:
    table = QTable(2, 2, gamma=0.9)
    s, a = np.zeros(2, np.int64), np.array([0, 1])
    table.update(s, a, one(3.0, 3.0), one(100.0, 100.0), np.array([True, False]))
    assert table.q[0].tolist() == pytest.approx([3.0, 93.0])


def test_only_allowed_actions_are_bootstrapped_and_chosen() -> None:
    table = QTable(1, 3, gamma=1.0)
    table.q[0] = [5.0, 7.0, 7.0]
    s, allowed = np.zeros(3, np.int64), np.array([[1, 0, 0], [1, 1, 1], [0, 0, 1]], bool)
    assert table.best(s, allowed).tolist() == [5.0, 7.0, 7.0]
    assert table.greedy(s, allowed).tolist() == [0, 1, 2]  # of equals, the lowest


def test_pairs_that_are_not_trusted_are_chosen_last() -> None:
    table = QTable(1, 3, gamma=1.0)
    table.q[0], table.n[0] = [1.0, 2.0, 9.0], [20, 20, 1]
    s = np.zeros(2, np.int64)
    assert table.greedy(s, np.array([[1, 1, 1], [0, 0, 1]], bool), 20).tolist() == [1, 2]


def test_epsilon_falls_from_one_to_a_tenth() -> None:
    assert [epsilon_at(s) for s in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.55, 0.1])


STEP = st.tuples(st.integers(0, 2), st.integers(0, 1), st.floats(-5, 5), st.booleans())


@pytest.mark.long
@given(
    steps=st.lists(STEP, min_size=1, max_size=40),
    alpha_min=st.sampled_from([0.0, 0.01, 0.3, 1.0]),
    before=st.integers(0, 3),
)  # fmt: skip
def test_a_batch_with_duplicates_is_what_its_rows_do_in_order(
    steps: list[tuple[int, int, float, bool]], alpha_min: float, before: int
) -> None:
    batch, single = (QTable(3, 2, gamma=0.7, alpha_min=alpha_min) for _ in range(2))
    for table in (batch, single):
        table.n += before
        table.q += np.arange(6.0).reshape(3, 2)
    s, a, r, over = (np.array(column) for column in zip(*steps, strict=True))
    following = r[::-1].copy()  # given, as all targets are computed before the batch
    batch.update(s, a, r, following, over)
    for i in range(len(s)):
        single.update(s[i : i + 1], a[i : i + 1], r[i : i + 1], following[i : i + 1], over[i : i + 1])
    assert np.allclose(batch.q, single.q, rtol=1e-9, atol=1e-9)
    assert (batch.n == single.n).all()


def test_every_action_is_explored_and_no_other() -> None:
    table = QTable(1, 4, gamma=0.0)
    allowed = np.tile([True, False, True, True], (3000, 1))
    a = table.explore(rng(0), np.zeros(3000, np.int64), allowed, 1.0)
    count = np.bincount(a, minlength=4)
    assert count[1] == 0
    assert (count[[0, 2, 3]] > 850).all()
    assert (table.explore(rng(0), np.zeros(9, np.int64), allowed[:9], 0.0) == 0).all()


# ---------------------------------------------------------------------- the oracle
SCORES = [[0.0, 0.6, 1.0], [1.0, 0.7, 0.0]]  # two tasks, told apart by nothing; all in [0, 1], so a drop is a rise
ORACLE = {"budget": 2, "steps": 400_000, "runs": 1000, "alpha_min": 0.0, "epsilon_min": 1.0}
GAMMA = 0.8


def drop(first: int, second: int) -> float:
    """Mean over tasks of how far `second` lifts the best score after `first`."""
    return float(np.mean([max(y[first], y[second]) - y[first] for y in SCORES]))


def rows_of(agent: QAgent) -> np.ndarray:
    """The candidate of each configuration of the line."""
    x = agent._design.to_arrays()["x"][:, 0]
    return np.array([int(np.flatnonzero(x == v)[0]) for v in (0.0, 0.5, 1.0)])


@pytest.mark.long
def test_oracle_of_configurations() -> None:
    agent = QLearning(gamma=GAMMA, **ORACLE)
    agent.train(line(SCORES), rng(0))
    assert agent.table is not None
    at = rows_of(agent)
    q = agent.table.q[np.ix_([*at, 3], at)]
    for i in range(3):
        others = [j for j in range(3) if j != i]
        assert q[i, others] == pytest.approx([drop(i, j) for j in others], abs=0.03)
        value = np.mean([y[i] for y in SCORES]) + GAMMA * max(drop(i, j) for j in others)
        assert q[3, i] == pytest.approx(value, abs=0.03)


@every_agent
@pytest.mark.smoke
def test_what_is_always_best_is_tried_first(name: str) -> None:
    tasks = line([[0.1, 0.2, 0.9], [0.0, 0.1, 0.5], [0.2, 0.1, 0.6]])
    agent = made(name, budget=2)
    agent.train(tasks, rng(0))
    assert rollout(agent, tasks[0], 1)[0].config == {"a": 1.0}


@pytest.mark.parametrize(("buckets", "solved"), [(2, 2), (1, 1)])
def test_buckets_let_a_run_go_on_by_its_first_score(buckets: int, solved: int) -> None:
    tasks = line([[0.8, 1.0, 0.0], [0.3, 0.0, 0.5]])  # the first row is good on both, and tells them apart
    agent = QPortfolio(buckets=buckets, budget=2, steps=40_000, gamma=0.5)
    agent.train(tasks, rng(0))
    histories = [rollout(agent, t, 2) for t in tasks]
    assert all(h[0].config == {"a": 0.0} for h in histories)
    assert sum(max(h.scores) == pytest.approx(t.best) for h, t in zip(histories, tasks, strict=True)) == solved


# ---------------------------------------------------------------------- value iteration as an oracle


def test_a_run_that_was_over_before_teaches_nothing() -> None:
    table = QTable(3, 3, gamma=0.5)
    one_run = (np.array([0]), np.array([0]), np.array([1.0]), np.array([1]), np.zeros((1, 3), bool))
    Step(*one_run, np.array([True]), np.array([False])).teach(table)
    assert table.n.sum() == 0


@every_agent
def test_a_run_that_has_tried_everything_learns_no_more_while_others_go_on(name: str) -> None:
    tasks = line([[0.0, 0.6, 1.0], [1.0, 0.7, np.nan]])
    agent: Any = make_optimizer(name, budget=3, steps=30_000)
    agent.train(tasks, rng(0))
    assert agent.table.n.sum() == pytest.approx(25_000, rel=0.02)  # 3 trials or 2


# ---------------------------------------------------------------------- training
@every_agent
def test_steps_bound_the_trials_of_the_training(name: str, suite: Suite) -> None:
    agent = made(name)
    agent.train(suite.tasks("train"), rng(0), steps=500)
    assert agent.table is not None
    assert 400 < agent.table.n.sum() <= 500


# ---------------------------------------------------------------------- candidates
def test_half_of_the_candidates_are_the_greedy_portfolio(suite: Suite) -> None:
    tasks = suite.tasks("train")
    rows = choose_candidates(tasks, 10, rng(0)).rows
    assert rows is not None
    assert len(set(rows.tolist())) == 10
    batch = shared_pool(tasks)
    assert batch is not None
    regret, share = regrets(batch), batch.measured.mean(0)
    often = np.flatnonzero(share >= np.sort(share)[-10])
    good = Portfolio(often, -regret[:, often], start=-1.0, ties="lowest").first(5)
    assert set(good.tolist()) <= set(rows.tolist())


@pytest.mark.parametrize(("missing", "taken"), [(3, True), (6, False)])
def test_rows_that_most_tasks_have_are_candidates(missing: int, taken: bool) -> None:
    """Of 40 rows the first 20 are measured everywhere; the others are better, and some of ten tasks lack them."""
    scores = np.tile(np.linspace(0.0, 1.0, 40), (10, 1))
    for row in range(20, 40):
        scores[(row + np.arange(missing)) % 10, row] = np.nan
    space = ConfigurationSpace({"a": (0.0, 1.0)})
    x = np.linspace(0.0, 1.0, 40)[:, None]
    names = [f"t{i}" for i in range(10)]
    tasks = table_suite("Gaps", space, x, scores, tasks=names, splits={"train": names}).tasks("train")
    rows = choose_candidates(tasks, 10, rng(0)).rows
    assert rows is not None
    assert (rows >= 20).any() == taken
