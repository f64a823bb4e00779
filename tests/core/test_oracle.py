"""No public attribute of what observers, codecs and rewards are handed leads to how good a task can be.

The numbers of a table are its own, so that one which was never evaluated is known wherever it turns up.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
from toys import formulas

import hpo_gym
from hpo_gym.base.errors import SplitError, StateError
from hpo_gym.env.rewards import OracleReward, judge_of
from hpo_gym.env.rewards.score import Score
from hpo_gym.env.runs.contexts import Contexts
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.view import view_of
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.suite import Suite

M, BUDGET = 12, 3


def numbers(thing: Any, seen: dict[int, Any] | None = None) -> Iterator[float]:
    """All numbers that public attributes, items and elements of something lead to."""
    seen = {} if seen is None else seen
    if isinstance(thing, (str, bytes, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)):
        return
    if isinstance(thing, (bool, int, float, np.number, np.bool_)):
        yield float(thing)
        return
    if isinstance(thing, np.ndarray) and thing.dtype.kind in "biuf":
        yield from thing.astype(np.float64).ravel().tolist()
        return
    if id(thing) in seen:
        return
    seen[id(thing)] = thing  # kept, so that no other gets its id
    parts: list[Any] = []
    if isinstance(thing, dict):
        parts += [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset)) or (isinstance(thing, np.ndarray) and thing.dtype == object):
        parts += list(thing)
    for name in dir(thing):
        if not name.startswith("_"):
            try:
                part = getattr(thing, name)
            except Exception:  # a property that cannot be had now
                continue
            if not isinstance(part, types.MethodType):
                parts.append(part)
    for part in parts:
        yield from numbers(part, seen)


def table(dtype: str, levels: tuple[float, ...], gaps: bool) -> Suite:
    """Scores between 3 and 4, test scores between 5 and 6, no two of them near each other; all tasks train."""
    rng, k, f = np.random.default_rng(8), 3, len(levels)
    space = cs.ConfigurationSpace({"a": (0.0, 1.0), "b": (0.0, 1.0)})
    x = rng.random((M, 2))
    scores = (3.0 + rng.permutation(k * M * f) / (k * M * f) + 1e-4 * rng.random(k * M * f)).reshape(k, M, f)
    if gaps:
        scores[:, 4] = np.nan
    return hpo_gym.table_suite("Numbers", space, x, scores.astype(dtype), test_scores=scores + 2.0, fidelities=levels,
                               costs=rng.random((k, M, f)), splits={"train": [f"t{i}" for i in range(k)]},
                               tasks=[f"t{i}" for i in range(k)])  # fmt: skip


SUITES = {
    "fused": lambda: table("float32", (1.0,), gaps=False),
    "framed": lambda: table("float64", (0.25, 1.0), gaps=True),
    "functions": formulas,
}


def hidden(suite: Suite) -> np.ndarray:
    """Numbers that say how good tasks can be: their bounds, and all scores and test scores of their tables."""
    bounds = [v for t in suite.members for v in (t.best, t.worst, *(t.test_range or ()))]
    tables = [t.table for t in suite.members[:1] if hasattr(t, "table")]
    return np.unique(np.concatenate([bounds, *(a.ravel() for t in tables for a in (t.score, t.test_score))]))


def leaks(found: Iterator[float], suite: Suite, known: np.ndarray) -> list[float]:
    """Hidden numbers among those found, but for the scores that runs know."""
    secret = hidden(suite)
    secret = secret[np.isfinite(secret)]
    if known.size:
        secret = secret[np.abs(secret[:, None] - known).min(1) > 1e-6]
    values = np.fromiter(found, float)
    values = values[np.isfinite(values)]
    return secret[np.abs(secret[:, None] - values).min(1) < 1e-6].tolist()


@pytest.mark.parametrize("name", SUITES)
def test_the_search_finds_what_is_there(name: str) -> None:
    """It sees through what the kernel holds, which no part is handed."""
    suite = SUITES[name]()
    env = hpo_gym.HPOVectorEnv(2, suite, budget=BUDGET)
    env.reset(seed=0)
    batch = env.kernel.batch
    best = {t.best for t in suite.tasks("train")}
    tested = {v for t in suite.tasks("train") for v in t.test_range or ()}
    assert best | tested <= set(leaks(numbers(batch), suite, np.zeros(0)))
    oracle = set(leaks(numbers(Oracle.of(batch.tasks)), suite, np.zeros(0)))
    assert best <= oracle and not tested & oracle, "test scores are known to no reward either"
    assert leaks(numbers(view_of(batch)), suite, np.zeros(0)) == []


def test_a_bank_is_no_view() -> None:
    suite = formulas()
    with pytest.raises(AssertionError, match="view_of"):
        Contexts(suite.space, batch_of(suite.members), 3.0)


# ---------------------------------------------------------------------- who is handed the oracle
class Share(OracleReward):
    """The share of the way from the worst to the best."""

    def judge(self, contexts: Contexts, runs: Runs, oracle: Oracle) -> Any:
        return (runs.last - oracle.worst[runs.task]) / (oracle.best - oracle.worst)[runs.task]


def test_a_training_reward_is_handed_the_oracle_and_no_other() -> None:
    suite = SUITES["framed"]()
    env = hpo_gym.HPOEnv(suite, budget=BUDGET, codec="pool", reward=Share())
    env.reset(seed=0)
    task = suite.task(env.kernel.batch.tasks[int(env.kernel.runs.task[0])].name)
    _, reward, _, _, info = env.step(2)
    assert reward == pytest.approx((info["score"] - task.worst) / (task.best - task.worst))
    plain = Score()
    assert judge_of(plain, suite.members) == plain.__call__
    with pytest.raises(StateError, match="Share needs the oracle"):
        Share()(env.kernel.contexts, env.kernel.runs)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_reward_that_is_handed_the_oracle_is_refused_outside_training(split: str) -> None:
    with pytest.raises(SplitError, match="`split` must be 'train'"):
        hpo_gym.HPOEnv(formulas(), split=split, reward=Share())


def test_regret_is_none_at_the_best_and_whole_at_the_worst() -> None:
    oracle = Oracle(np.array([4.0, 1.0]), np.array([2.0, 0.0]))
    task = np.array([0, 0, 0, 0, 1, 1])
    assert oracle.regret(task, np.array([4.0, 3.5, 2.0, -9.0, 1.0, 0.25])).tolist() == [0, 0.25, 1, 1, 0, 0.75]
