"""Rewards of several objectives and constraints: numbers worked out by hand, and single and many envs alike."""

from typing import Any

import numpy as np
import pytest

from hpo_gym import HPOEnv, HPOVectorEnv
from hpo_gym.base.errors import HPOGymError, InvalidValueError
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.problem.trial import Status
from hpo_gym.suites.own.constrained import constrained
from hpo_gym.suites.own.suite import TableSuite, table_suite

# rows      0    1    2    3          a: .9 is too large for a size of 30; b: all but row 3 are
SCORE = [[0.5, 0.7, 0.9, 0.1], [0.2, 0.4, 0.6, 0.3]]
COST = [[1.0, 2.0, 4.0, 8.0], [1.0, 1.0, 1.0, 2.0]]
SIZE = [[10.0, 30.0, 60.0, 20.0], [50.0, 70.0, 90.0, 20.0]]
RECALL = [[0.25, 0.5, 0.75, 1.0], [0.5, 0.5, 0.5, 0.5]]
SPACE = {"i": (0, 3)}
ROWS = [{"i": i} for i in range(4)]


def tiny(**more: Any) -> TableSuite:
    further = {"size": {"values": SIZE, "direction": "minimize", "unit": "weights"},
               "recall": {"values": RECALL, "direction": "maximize"}}  # fmt: skip
    given: dict[str, Any] = {"costs": COST, "objectives": further, "tasks": ["a", "b"], "families": ["a", "b"],
                             "splits": {"train": ["a"], "test": ["b"]}, **more}  # fmt: skip
    return table_suite("Tiny", SPACE, ROWS, SCORE, **given)


def one(suite: Any = None, **keywords: Any) -> HPOEnv:
    return HPOEnv(tiny() if suite is None else suite, codec="pool", **{"budget": 4, **keywords})


# ------------------------------------------------------------------------------------------------ vector rewards
@pytest.mark.parametrize(
    ("objectives", "rewards"),
    [
        (["score", "cost", "size"], [[0.5, -1, -10], [0.7, -2, -30], [0.9, -4, -60], [0.1, -8, -20]]),
        (["size", "recall"], [[-10, 0.25], [-30, 0.5], [-60, 0.75], [-20, 1.0]]),
        (["cost"], [[-1], [-2], [-4], [-8]]),
    ],
)
def test_a_vector_reward_is_the_trial_s_own_numbers_all_maximised(objectives: Any, rewards: Any) -> None:
    env = one(objectives=objectives)
    env.reset(seed=0)
    for row, expected in enumerate(rewards):
        _, reward, terminated, _, info = env.step(row)
        assert np.allclose(reward, expected)
        assert env.reward_space.contains(reward)
        assert np.allclose(info["objectives"], np.abs(expected))  # in their own units
        assert terminated == (row == 3)
    assert env.objectives == tuple(objectives)
    assert env.reward_dim == len(objectives) == env.reward_space.shape[0]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"objectives": ["scor"]}, "Did you mean 'score'"),
        ({"objectives": ["score", "sise"]}, "Did you mean 'size'"),
        ({"objectives": []}, "must be a list"),
        ({"objectives": "size"}, "must be a list"),
        ({"objectives": ["size", "size"]}, "each objective once"),
        ({"objectives": [3]}, "No objective 3"),
        ({"objectives": ["score"], "reward": "score"}, "exclude each other"),
        ({"weights": [1.0]}, "need `objectives`"),
        ({"objectives": ["score", "size"], "weights": [1.0]}, "one for each"),
        ({"objectives": ["score", "size"], "weights": [1.0, -1.0]}, "not negative"),
        ({"objectives": ["score", "size"], "weights": [0, 0]}, "not all 0"),
        ({"objectives": ["score", "size"], "weights": [1, np.nan]}, "finite"),
        ({"objectives": ["score", "size"], "weights": {"score": 1.0}}, "one for each"),
        ({"objectives": ["score", "size"], "weights": {"score": 1.0, "sice": 1.0}}, "Did you mean 'size'"),
        ({"objectives": ["score", "size"], "duplicates": "penalize"}, "give `weights`"),
        ({"objective": ["score"]}, "Did you mean 'objectives'"),
        ({"constraints": {"sise": 3}}, "Did you mean 'size'"),
        ({"constraints": {}}, "mapping"),
        ({"constraints": ["size"]}, "mapping"),
        ({"constraints": {"size": "small"}}, "finite number"),
        ({"constraints": {"size": float("inf")}}, "finite number"),
        ({"constraints": {"size": 5}}, r"Task 'a' of 'Tiny' must have .* size <= 5; the best alone are size 10"),
        ({"constraints": {"size": 30, "score": 0.8}}, "size <= 30 and score >= 0.8; the .* size 10, score 0.9"),
        ({"suite": "Functions", "constraints": {"cost": 1.0}}, "a suite with a table"),
        ({"suite": "Functions", "objectives": ["score", "size"]}, "No objective 'size'"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused(keywords: dict[str, Any], message: str) -> None:
    for make in (HPOEnv, lambda **k: HPOVectorEnv(2, **k)):
        with pytest.raises(HPOGymError, match=message):
            make(**{"suite": tiny(), "codec": "box", **keywords})


# ------------------------------------------------------------------------------------------------ constraints
def test_what_breaks_a_constraint_is_told_so_and_is_no_incumbent() -> None:
    env = one(constraints={"size": 30.0})
    env.reset(seed=0)
    reported = [env.step(row)[4] for row in (1, 2, 0)]
    assert [info["status"] for info in reported] == ["ok", "infeasible", "ok"]  # a size of 30 itself is allowed
    assert [info["objectives"].tolist() for info in reported] == [[30.0], [60.0], [10.0]]
    assert [info["incumbent_score"] for info in reported] == pytest.approx([0.7, 0.7, 0.7])
    assert reported[1]["score"] == pytest.approx(0.7)  # the worst that the run has seen, as any failure
    assert [info["incumbent"] for info in reported] == [{"i": 1}] * 3
    trials = env.history()
    assert [t.status for t in trials] == [Status.OK, Status.INFEASIBLE, Status.OK]
    assert [t.objectives["size"] for t in trials] == [30.0, 60.0, 10.0]
    assert trials.incumbent is not None
    assert trials.incumbent.config == {"i": 1}
    assert [t.cost for t in trials] == [2.0, 4.0, 1.0]  # it was paid for


def test_regret_is_among_what_is_feasible() -> None:
    env = one(constraints={"size": 30.0}, reward="regret")
    env.reset(seed=0)
    # best .7, worst .1 of rows 0, 1, 3: nothing feasible 1; row 3 1; row 0 .2 / .6; row 1 0
    assert [env.step(row)[1] for row in (2, 3, 0, 1)] == pytest.approx([-1.0, -1.0, -1 / 3, 0.0])
    oracle = Oracle.of(env.kernel.batch.tasks)
    assert (oracle.best.item(), oracle.worst.item()) == (pytest.approx(0.7), pytest.approx(0.1))


def test_a_task_without_a_feasible_row_is_refused_by_name_or_left_out_where_it_is_not_asked_for() -> None:
    bounds = {"size": 15.0}
    with pytest.raises(InvalidValueError, match=r"Task 'b' of 'Tiny'.*size <= 15.*size 20"):
        HPOEnv(tiny(), split="test", constraints=bounds)
    with pytest.raises(InvalidValueError, match="Task 'b'"):
        constrained(tiny(), bounds)
    env = one(constraints=bounds)
    assert [t.name for t in env.suite.members] == ["a"]
    assert env.suite.splits == {"train": ("a",), "test": ()}
