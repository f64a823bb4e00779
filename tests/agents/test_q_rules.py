"""The rules of tabular agents: by hand, against value iteration and policy evaluation, and n = 1 against Q-learning."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from small import made, registered, rng
from toys import twelve

from hpo_agents._tabular.rules import QLearningRule, Rule, Step
from hpo_agents._tabular.states import STATES, StatesAgent
from hpo_agents._tabular.table import QTable
from hpo_agents.double_q import DoubleQ, DoubleQRule, DoubleTable
from hpo_agents.n_step_q import NStepQ, NStepRule
from hpo_agents.sarsa import SarsaRule
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.own.suite import table_suite

OFF_POLICY: dict[str, Callable[[], Rule[Any]]] = {
    "q-learning": QLearningRule,
    "double-q": DoubleQRule,
    "n = 1": lambda: NStepRule(1),
    "n = 2": lambda: NStepRule(2),
    "n = 3": lambda: NStepRule(3),
    "n = 5": lambda: NStepRule(5),
}
AGENTS = registered(StatesAgent)


def pair_of(table: Any) -> list[QTable]:
    return [table.a, table.b] if isinstance(table, DoubleTable) else [table]


# ---------------------------------------------------------------------- a small problem with known values
GAMMA = 0.8
POISON = 1e6  # value of what is not allowed: one look at it and the answer is far off


@dataclass(frozen=True)
class Problem:
    """States with transitions ``(s, a, s)``, mean rewards and shares of episodes that end ``(s, a)``, and masks."""

    p: np.ndarray
    r: np.ndarray
    end: np.ndarray
    allowed: np.ndarray

    def begin(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.integers(len(self.r), size=n)

    def step(self, rng: np.random.Generator, s: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        s_next = (self.p[s, a].cumsum(1) < rng.random((len(s), 1))).sum(1)
        return self.r[s, a] + rng.normal(0.0, 0.5, len(s)), s_next, rng.random(len(s)) < self.end[s, a]

    def values(self, epsilon: float) -> np.ndarray:
        """Values of the policy that is greedy in them but for a share `epsilon` of random actions; with 0, the best."""
        q = np.zeros(self.r.shape)
        for _ in range(500):
            best = np.where(self.allowed, q, -np.inf).max(1)
            mean = np.where(self.allowed, q, 0.0).sum(1) / self.allowed.sum(1)
            q = self.r + GAMMA * (1.0 - self.end) * (self.p @ ((1.0 - epsilon) * best + epsilon * mean))
        return q


def problem() -> Problem:
    """Five states with three actions, one or two of which are forbidden in three of them."""
    r = rng(4)
    p = r.dirichlet(np.full(5, 0.3), (5, 3))
    allowed = np.ones((5, 3), bool)
    allowed[0, 1] = allowed[2, 0] = allowed[4, 1] = allowed[4, 2] = False
    return Problem(p / p.sum(2, keepdims=True), r.normal(size=(5, 3)) * 1.5, np.full((5, 3), 0.25), allowed)


def play(rule: Rule[Any], instance: Any, epsilon: float, episodes: int, n: int, **table_settings: float) -> Any:
    """Let a rule learn from `n` runs side by side; what is not allowed has a high value from the beginning.

    Returns:
        The table, its values the mean over the second half of the episodes.
    """
    r = rng(1)
    table = rule.make_table(*instance.allowed.shape, **{"gamma": GAMMA, "alpha_min": 0.0, **table_settings})
    parts = pair_of(table)
    for part in parts:
        part.q[~instance.allowed] = POISON
    total = np.zeros((len(parts), *instance.allowed.shape))
    for episode in range(episodes):
        s, live = instance.begin(r, n), np.ones(n, bool)
        a = table.explore(r, s, instance.allowed[s], epsilon)
        steps: deque[Step] = deque(maxlen=rule.reach)
        while not steps or not steps[-1].last:
            reward, s_next, over = instance.step(r, s, a)
            steps.append(Step(s, a, reward, s_next, instance.allowed[s_next], over, live))
            a = rule.learn(table, steps, r, epsilon)
            s, live = s_next, live & ~over
        if episode >= episodes // 2:
            total += [part.q for part in parts]
    for part, q in zip(parts, total / (episodes - episodes // 2), strict=True):
        assert (part.q[~instance.allowed] == POISON).all()
        assert (part.n[~instance.allowed] == 0).all()
        part.q = q
    return table


def test_the_oracles_are_far_apart() -> None:
    instance = problem()
    best, some, random = (instance.values(epsilon)[instance.allowed] for epsilon in (0.0, 0.3, 1.0))
    assert abs(best - some).max() > 0.4
    assert min(abs(some - random).max(), abs(best - random).max()) > 1.0


@pytest.mark.parametrize(
    "name", [n if i < 2 else pytest.param(n, marks=pytest.mark.long) for i, n in enumerate(OFF_POLICY)]
)
@pytest.mark.parametrize("epsilon", [0.5, pytest.param(1.0, marks=pytest.mark.slow)])
def test_off_policy_rules_end_at_the_values_of_the_best_policy(name: str, epsilon: float) -> None:
    instance = problem()
    table = play(OFF_POLICY[name](), instance, epsilon, 200, 200)
    for part in pair_of(table):
        assert part.q[instance.allowed] == pytest.approx(instance.values(0.0)[instance.allowed], abs=0.2)


@pytest.mark.long
@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_sarsa_ends_at_the_values_of_the_policy_that_it_follows(epsilon: float) -> None:
    instance = problem()
    table = play(SarsaRule(), instance, epsilon, 200, 200)
    assert table.q[instance.allowed] == pytest.approx(instance.values(epsilon)[instance.allowed], abs=0.2)


# ---------------------------------------------------------------------- the bias of the maximum
class NoisyMaximum:
    """Many copies of one problem (Sutton and Barto, example 6.7), each learned by one run, with states of its own.

    In state A, "right" ends the episode with a reward of 0. "Left" leads to state B, where each of eight actions ends
    it with a reward of mean -.1 and deviation 1. So left is worth -.1, and the highest of eight noisy values says more.
    """

    left, mean = 0, -0.1

    def __init__(self, copies: int) -> None:
        self.allowed = np.ones((2 * copies, 8), bool)
        self.allowed[:copies, 2:] = False  # the states A
        self.copies, self.lefts = copies, 0.0

    def begin(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return np.arange(n)

    def step(self, rng: np.random.Generator, s: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at_a = s < self.copies
        goes_left = at_a & (a == self.left)
        self.lefts += goes_left.mean()
        r = np.where(at_a, 0.0, rng.normal(self.mean, 1.0, len(s)))
        return r, s % self.copies + self.copies, ~goes_left


@pytest.mark.long
def test_the_maximum_of_noisy_values_is_too_high_in_q_learning_and_not_in_double_q_learning() -> None:
    bias, lefts = {}, {}
    for name in ("q-learning", "double-q"):
        settings = {"gamma": 1.0, "alpha_min": 0.1}
        table = play(OFF_POLICY[name](), NoisyMaximum(1000), 1.0, 200, 1000, **settings)
        bias[name] = float(table.q[:1000, NoisyMaximum.left].mean()) - NoisyMaximum.mean
        instance = NoisyMaximum(1000)
        play(OFF_POLICY[name](), instance, 0.1, 50, 1000, **settings)
        lefts[name] = instance.lefts / 50
    assert bias["q-learning"] > 0.3  # it is .62
    assert abs(bias["double-q"]) < 0.1  # it is .01
    assert lefts["q-learning"] > 0.6  # 5 % would be right; it is 81 % of the first 50 episodes
    assert lefts["double-q"] < 0.35  # it is 19 %


# ---------------------------------------------------------------------- by hand
def step(
    s: int, a: int, r: float, s_next: int, allowed: tuple[int, ...], over: bool = False, live: bool = True
) -> Step:
    """A step of one run."""
    mask = np.isin(np.arange(3), allowed)
    return Step(*(np.array([value]) for value in (s, a, r, s_next, mask, over, live)))


@pytest.mark.parametrize(("second", "value"), [(0, 1.0 + 0.5 * (2.0 + 0.5 * 6.0)), (1, 1.0 + 0.5 * 4.0)])
def test_a_target_of_two_rewards_is_cut_where_the_second_action_was_not_greedy(second: int, value: float) -> None:
    table, rule = QTable(3, 3, gamma=0.5), NStepRule(2)
    table.q[1], table.q[2] = [4.0, 1.0, 9.0], [3.0, 6.0, 9.0]  # the last of each is not allowed
    first = step(0, 0, 1.0, 1, (0, 1))
    rule.learn(table, [first], rng(0), 0.0)
    assert table.n.sum() == 0  # one reward is not enough
    rule.learn(table, [first, step(1, second, 2.0, 2, (0, 1))], rng(0), 0.0)
    assert table.q[0, 0] == pytest.approx(value)  # alpha of the first update is 1
    assert table.n.sum() == 1


def test_the_last_steps_of_an_episode_learn_from_what_there_is() -> None:
    steps = [step(0, 0, 1.0, 1, (0, 1)), step(1, 0, 2.0, 2, (0, 1)), step(2, 0, 8.0, 0, (), over=True)]
    for reach in (3, 4):
        table, rule = QTable(3, 3, gamma=0.5), NStepRule(reach)
        table.q[1:, 2] = 9.0  # not allowed
        for known in (1, 2, 3):
            rule.learn(table, steps[:known], rng(0), 0.0)
        assert table.n.tolist() == [[1, 0, 0]] * 3
        assert table.q[:, 0] == pytest.approx([1.0 + 0.5 * (2.0 + 0.5 * 8.0), 2.0 + 0.5 * 8.0, 8.0])


def test_a_run_that_was_over_before_teaches_nothing() -> None:
    for name, make in {**OFF_POLICY, "sarsa": SarsaRule}.items():
        table = make().make_table(3, 3, gamma=0.5, alpha_min=0.0)
        make().learn(table, [step(0, 0, 1.0, 1, (), over=True, live=False)], rng(0), 0.0)
        assert table.n.sum() == 0, name


def test_sarsa_learns_from_the_action_that_it_returns() -> None:
    n, r = 300, rng(2)
    table = QTable(n + 1, 3, gamma=0.5)
    table.q[n] = [1.0, 2.0, POISON]
    s, zero = np.arange(n), np.zeros(n, np.int64)
    no, mask = np.zeros(n, bool), np.tile([True, True, False], (n, 1))
    a_next = SarsaRule().learn(table, [Step(s, zero, np.ones(n), np.full(n, n), mask, no, ~no)], r, 1.0)
    assert set(a_next.tolist()) == {0, 1}
    assert table.q[:n, 0] == pytest.approx(1.0 + 0.5 * table.q[n, a_next])


def test_one_of_two_tables_learns_what_the_other_says_of_its_best_action() -> None:
    n, r = 300, rng(2)
    table = DoubleQRule().make_table(n + 1, 3, gamma=0.5, alpha_min=0.0)
    table.a.q[n], table.b.q[n] = [3.0, 1.0, POISON], [10.0, 20.0, POISON]
    s, zero = np.arange(n), np.zeros(n, np.int64)
    no, mask = np.zeros(n, bool), np.tile([True, True, False], (n, 1))
    DoubleQRule().learn(table, [Step(s, zero, np.ones(n), np.full(n, n), mask, no, ~no)], r, 0.0)
    of_a, of_b = table.a.n[:n, 0] == 1, table.b.n[:n, 0] == 1
    assert (of_a ^ of_b).all()
    assert 100 < of_a.sum() < 200
    assert table.a.q[:n, 0][of_a] == pytest.approx(1.0 + 0.5 * 10.0)  # best of a: 0; worth 10 in b
    assert table.b.q[:n, 0][of_b] == pytest.approx(1.0 + 0.5 * 1.0)  # best of b: 1; worth 1 in a


def test_two_tables_are_acted_by_as_their_mean() -> None:
    table = DoubleQRule().make_table(2, 3, gamma=0.5, alpha_min=0.0)
    table.a.q[0], table.b.q[0] = [1.0, 6.0, 5.0], [9.0, 2.0, 4.5]
    table.a.n[0], table.b.n[0] = [9, 10, 10], [9, 10, 10]
    s = np.zeros(2, np.int64)
    assert table.greedy(s, np.array([[1, 1, 1], [0, 1, 1]], bool)).tolist() == [0, 2]
    assert table.greedy(s[:1], np.ones((1, 3), bool), 20).tolist() == [2]  # the updates of both count
    other = table.copy()
    other.grow(5)
    assert (other.q.shape, other.n.shape, table.q.shape) == ((5, 3), (5, 3), (2, 3))
    assert other.q[0].tolist() == table.q[0].tolist() == [5.0, 4.0, 4.75]


# ---------------------------------------------------------------------- the agents
@pytest.fixture(name="suite")
def _suite() -> Suite:
    return twelve()


@pytest.mark.parametrize("states", STATES)
def test_steps_stay_what_they_were_while_the_runs_go_on(
    states: str, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    class Looks(NStepRule):
        def learn(self, table: QTable, steps: Any, rng: np.random.Generator, epsilon: float) -> np.ndarray:
            for one, then in pairwise(steps):
                found.append(then.live.sum())
                assert (one.s_next == then.s)[then.live].all()
                assert one.allowed[np.arange(len(then.a)), then.a][then.live].all()
            return super().learn(table, steps, rng, epsilon)

    monkeypatch.setattr(NStepQ, "make_rule", lambda agent: Looks(agent.n_steps))
    made("n-step-q", states=states, levels=3).train(suite.tasks("train"), rng(0))
    assert sum(found) > 1000


@pytest.mark.parametrize("name", ["q-learning", *AGENTS])
def test_a_run_that_has_tried_everything_learns_no_more_while_others_go_on(name: str) -> None:
    x, scores = np.array([[0.0], [0.5], [1.0]]), np.array([[0.0, 0.6, 1.0], [1.0, 0.7, np.nan]])
    tasks = table_suite("Line", ConfigurationSpace({"a": (0.0, 1.0)}), x, scores).members
    agent = make_optimizer(name, budget=3, steps=30_000)
    agent.train(tasks, rng(0))  # type: ignore[attr-defined]
    assert agent.table.n.sum() == pytest.approx(25_000, rel=0.02)  # type: ignore[attr-defined]  # 3 trials or 2


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("states", STATES)
def test_one_step_is_q_learning_bit_for_bit(states: str, validated: bool, suite: Suite) -> None:
    one = made("n-step-q", states=states, n_steps=1, levels=3)
    same = made("q-portfolio") if states == "trial" else made("q-learning", states=states, levels=3)
    for agent in (one, same):
        agent.train(suite.tasks("train"), rng(3), validation=suite.tasks("val") if validated else ())
    for name in ("q", "n"):
        assert getattr(one.table, name).tobytes() == getattr(same.table, name).tobytes()


@pytest.mark.parametrize("name", AGENTS)
def test_a_rule_makes_another_table_than_q_learning(name: str, suite: Suite) -> None:
    agent, other = made(name), made("q-portfolio")  # of the same states
    for each in (agent, other):
        each.train(suite.tasks("train"), rng(3))
    assert agent.table.q.shape == other.table.q.shape
    assert not np.array_equal(agent.table.q, other.table.q)


def test_both_tables_of_double_q_are_saved(suite: Suite, tmp_path: Path) -> None:
    agent, again = made("double-q"), DoubleQ()
    agent.train(suite.tasks("train"), rng(0))
    agent.save(tmp_path)
    again.load(tmp_path)
    for one, two in zip(pair_of(agent.table), pair_of(again.table), strict=True):
        assert np.array_equal(one.q, two.q)
        assert np.array_equal(one.n, two.n)
    assert not np.array_equal(*(part.q for part in pair_of(again.table)))


def test_an_agent_does_not_load_what_another_rule_learned(suite: Suite, tmp_path: Path) -> None:
    agent = made("sarsa")
    agent.train(suite.tasks("train"), rng(0))
    agent.save(tmp_path)
    with pytest.raises(DamagedDataError, match="double-q"):
        DoubleQ().load(tmp_path)


@pytest.mark.parametrize("n_steps", [0, -1, 1.5, True])
def test_n_steps_out_of_range_are_refused(n_steps: Any, suite: Suite) -> None:
    with pytest.raises(InvalidValueError, match="`n_steps` must be an integer >= 1"):
        NStepQ(n_steps=n_steps, steps=100).train(suite.tasks("train"), rng(0))


@pytest.mark.parametrize("name", AGENTS)
def test_unknown_states_are_refused(name: str, suite: Suite) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'trial'"):
        made(name, states="trials").train(suite.tasks("train"), rng(0))
