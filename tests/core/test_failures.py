"""What a failure is served: the worst that its run has seen, a constant before any success, nothing of what it has not.

`line()`, of five rows, rows 1 and 3 of which fail on task a:

    row      0    1    2    3    4       lowest of a success
    a        3  fail   1  fail   5               1           (train)
    b        9    8    2    7    6               2           (train)
    c     fail  fail   4  fail  -1              -1           (test)

Before any success a failure has (1 + 2) / 2 = 1.5, the mean of the lowest of meta-train.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest

import hpo_gym
from hpo_gym.env.rewards import REWARDS
from hpo_gym.problem.trial import History, Status
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import TableSuite, table_suite

FAIL = -np.inf
SCORES = [[3, FAIL, 1, FAIL, 5], [9, 8, 2, 7, 6], [FAIL, FAIL, 4, FAIL, -1]]
SPLITS = {"train": ["a", "b"], "test": ["c"]}


def line(scores: Any = SCORES, *, fidelities: Any = None) -> TableSuite:
    space = cs.ConfigurationSpace()
    space.add(cs.UniformIntegerHyperparameter("i", 0, 4))
    return table_suite(
        "Line", space, [{"i": i} for i in range(5)], scores, tasks=list("abc"), splits=SPLITS, fidelities=fidelities
    )


def played(rows: list[int], task: str = "a", **options: Any) -> tuple[list[float], list[float], list[float]]:
    """Scores, those of the incumbents, and rewards of an episode, alone and beside others, which must agree."""
    split = "test" if task == "c" else "train"
    keywords: dict[str, Any] = {"codec": "pool", "split": split, "budget": len(rows), **options}
    one = hpo_gym.HPOEnv(line(), task=task, **keywords)
    one.reset(seed=0)
    steps = [one.step(row) for row in rows]
    many = hpo_gym.HPOVectorEnv(3, line(), task=task, autoreset_mode="DISABLED", **keywords)
    many.reset(seed=0)
    beside = [many.step(np.array([row, 4, 2])) for row in rows]
    out = [s[4]["score"] for s in steps], [s[4]["incumbent_score"] for s in steps], [s[1] for s in steps]
    assert [b[4]["score"][0] for b in beside] == out[0] == list(one.history().scores) == list(many.history(0).scores)
    assert [b[4]["incumbent_score"][0] for b in beside] == out[1]
    assert [b[1][0] for b in beside] == out[2]
    assert [s[4]["incumbent"] for s in steps] == [one.history()[i].config for i in one.history().incumbents]
    return out


# ---------------------------------------------------------------------------------------------- by hand
def test_a_failure_has_the_worst_success_so_far_and_keeps_it() -> None:
    assert played([0, 1, 2, 3, 4, 1]) == ([3, 3, 1, 1, 5, 1], [3, 3, 3, 3, 5, 5], [3, 3, 1, 1, 5, 1])


def test_before_any_success_it_has_a_constant_and_any_success_is_better() -> None:
    assert played([1, 3, 2, 1, 0])[:2] == ([1.5, 1.5, 1, 1, 3], [1.5, 1.5, 1, 1, 3])
    assert played([0, 4, 1, 2], "c")[:2] == ([1.5, -1, -1, 4], [1.5, -1, -1, 4])


def test_a_failure_lifts_nothing() -> None:
    """The mean score of meta-train is (3 + 6.4) / 2 = 4.7: row 4 of a lifts by .3."""
    assert played([1, 2, 3, 4], reward="improvement")[2] == pytest.approx([0, 0, 0, 0.3], abs=1e-6)


def test_regret_is_1_while_all_have_failed_whatever_was_served() -> None:
    assert played([1, 3, 2, 1, 0, 4], reward="regret")[2] == [-1, -1, -1, -1, -0.5, 0]
    assert played([1, 3, 0, 4], reward="regret_drop")[2] == [0, 0, 0.5, 0.5]


def test_of_a_higher_fidelity_a_failure_is_the_incumbent_until_a_success_is() -> None:
    scores = np.stack([np.array(SCORES) - 1.0, np.array(SCORES)], -1)
    scores[0, 1, 0] = 2.5  # row 1 of a fails in full only
    one = hpo_gym.HPOEnv(
        line(scores, fidelities=(0.5, 1.0)), task="a", codec={"name": "pool", "fidelity": True}, budget=6
    )
    one.reset(seed=0)
    steps = [one.step(np.array(action))[4] for action in ((1, 0), (0, 0), (1, 1), (3, 1), (2, 1), (0, 0))]
    assert [s["score"] for s in steps] == [2.5, 2, 2, 2, 1, 2]
    assert [s["incumbent_score"] for s in steps] == [2.5, 2.5, 2, 2, 1, 1]
    assert one.history().incumbents == (0, 0, 2, 2, 4, 4)
    assert int(one.kernel.runs.incumbent()[0]) == 4


def test_given_points_count() -> None:
    for seed in range(6):
        one = hpo_gym.HPOEnv(line(), task="c", split="test", codec="pool", n_init=2, budget=2)
        one.reset(seed=seed)
        given = [t.score for t in one.history() if t.status is Status.OK]
        assert one.step(0)[1] == min(given, default=1.5)


# ---------------------------------------------------------------------------------------------- nothing else is seen
SUITES = ("AutoML", "SVM", "Linear", "MLP", "FineTune", "Curves", "Pipelines")
WAYS: tuple[dict[str, Any], ...] = (
    {"observer": "last"},
    {"observer": "summary", "scores": "rank"},
    {"observer": "history", "scores": "rank", "n_init": 2},
    {"observer": "tokens", "scores": "global", "duplicates": "mask"},
    {"observer": {"name": "pool", "candidates": 8}, "codec": {"name": "pool", "candidates": 8}},
    {"codec": {"name": "pool", "stop": True}, "duplicates": "penalize"},
)
BLIND = tuple(name for name in REWARDS.names() if not REWARDS.get(name).training_only)
RUNS, BUDGET = 6, 8


def walked(suite: TableSuite, actions: np.ndarray, tasks: list[str], **options: Any) -> tuple[list[Any], list[History]]:
    """All that agents are told in the steps of a vector env and of single ones, and all histories on the way."""
    many = hpo_gym.HPOVectorEnv(RUNS, suite, split="test", budget=BUDGET, statistics=False, **options)
    reported: list[Any] = [many.reset(seed=list(range(RUNS)), options={"task": tasks})]
    histories = [many.history(i) for i in range(RUNS)]
    for row in actions:
        step = many.step(row)
        reported.append((*step[:4], dict(step[4]), many.action_masks()))
        histories += [many.history(i) for i in range(RUNS)]
    one = hpo_gym.HPOEnv(suite, split="test", budget=BUDGET, **options)
    for i in (0, RUNS - 1):
        reported.append(one.reset(seed=i, options={"task": tasks[i]}))
        for action in actions[:, i]:
            reported.append((one.step(action), one.action_masks()))
            if reported[-1][0][2]:
                break
        histories.append(one.history())
    return reported, histories


def changed(suite: TableSuite, histories: list[History], tasks: list[str]) -> TableSuite:
    """The suite with other scores of all rows of the tasks that were not evaluated, some of them far below all."""
    table, rng = suite.table, np.random.default_rng(5)
    seen = {tuple(trial.config.items()) for history in histories for trial in history}
    score = table.score.copy()
    for task in (suite.task(name) for name in set(tasks)):
        k = task.index
        for row in np.flatnonzero(table.measured[k]).tolist():
            if tuple(table.config(k if table.x.ndim == 3 else 0, row).items()) not in seen:
                good = np.isfinite(score[k, row])
                score[k, row, good] = rng.normal(-5.0, 3.0, int(good.sum()))
    repeats = table.repeats
    if repeats is not None:
        repeats = np.where(score[..., None] != table.score[..., None], score[..., None], repeats).astype(repeats.dtype)
    other = replace(table, score=score, repeats=repeats)
    full = np.where(other.measured & np.isfinite(score[..., -1]), score[..., -1], np.nan)
    members = [
        replace(t, table=other, best=float(np.nanmax(full[t.index])), worst=float(np.nanmin(full[t.index])))
        for t in suite.members
    ]
    return replace(suite, table=other, members=tuple(members))


def same(a: Any, b: Any) -> bool:
    """Whether two things that were told are equal to the last bit."""
    if isinstance(a, dict):
        return set(a) == set(b) and all(same(a[name], b[name]) for name in a)
    if isinstance(a, np.ndarray) and a.dtype != object:
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple, np.ndarray)) and not isinstance(a, History):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b) or (isinstance(a, float) and np.isnan(a) and np.isnan(b))


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.long
def test_scores_that_a_run_never_sees_change_nothing_that_it_is_told(name: str) -> None:
    """Test tasks with failures; the mean over the rewards that no oracle is handed to, and all observers."""
    suite, rng, failures = load_suite(name), np.random.default_rng(3), 0
    assert isinstance(suite, TableSuite)
    share = [suite.table.failed[t.index, suite.table.measured[t.index], -1].mean() for t in suite.tasks("test")]
    worst = np.argsort(share, kind="stable")[::-1][:3]
    tasks = [suite.tasks("test")[int(worst[i % 3])].name for i in range(RUNS)]
    for i, way in enumerate(WAYS):
        for reward in (BLIND[i % len(BLIND)], BLIND[(i + 1) % len(BLIND)]):
            options = {"codec": "pool", "reward": reward, **way}
            env = hpo_gym.HPOVectorEnv(RUNS, suite, split="test", **options)
            actions = rng.integers(0, env.single_action_space.n, (BUDGET, RUNS))
            reported, histories = walked(suite, actions, tasks, **options)
            other, again = walked(changed(suite, histories, tasks), actions, tasks, **options)
            assert same(reported, other) and histories == again, (way, reward)
            failures += sum(trial.status != Status.OK for history in histories[-2:] for trial in history)
    assert failures or name in ("Curves", "Pipelines")  # those have none in full
    bounds = [(t.best, t.worst) for t in (suite.task(tasks[0]), changed(suite, histories, tasks).task(tasks[0]))]
    assert bounds[0] != bounds[1] or name == "Curves"  # all of its 20 rows are seen
