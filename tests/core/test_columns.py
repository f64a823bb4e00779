"""A stranger keeps a quantity of their own in one file, seconds since the incumbent changed, and shows it in another.

The answers are worked out by hand on a table of four rows with their costs, and by a plain loop on trainings.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import StateError
from hpo_gym.env.runs.columns import COLUMNS

COLUMN = '''"""The column `idle_seconds`: seconds since the incumbent changed."""

import numpy as np

from hpo_gym.env.runs.columns import COLUMNS, Column


@COLUMNS.register("idle_seconds")
class IdleSeconds(Column):
    """Cost of the trials since the incumbent changed; 0 by the incumbent itself."""

    def after(self, runs, tick, before):
        return np.where(tick.better, 0.0, before + tick.cost)
'''

OBSERVER = '''"""The observer `idle`: seconds since the incumbent changed."""

import gymnasium as gym
import numpy as np

from hpo_gym.env.observers import OBSERVERS, Observer


@OBSERVERS.register("idle")
class Idle(Observer):
    """Box ``(1,)``: seconds since the incumbent changed."""

    keeps = ("idle_seconds",)

    def __init__(self, served=None) -> None:
        super().__init__(served=served)

    def space(self, contexts):
        return gym.spaces.Box(0.0, np.inf, (1,), np.float32)

    def __call__(self, contexts, runs):
        return runs["idle_seconds"].astype(np.float32)[:, None]
'''


def suite() -> hpo_gym.Suite:
    """Scores 1, 3, 2, 4 of four rows, which cost 2, 3, 5 and 7 seconds."""
    return hpo_gym.table_suite(
        "Idle", {"u": (0.0, 1.0)}, np.array([[0.0], [0.25], [0.5], [1.0]]), [[1.0, 3.0, 2.0, 4.0]],
        costs=[[2.0, 3.0, 5.0, 7.0]], tasks=["a"], splits={"train": ["a"], "val": [], "test": []},
    )  # fmt: skip


ROWS, SEEN = [1, 0, 2, 3, 1], [0, 2, 7, 0, 3]  # row 1 is the first incumbent, row 3 the next


def one_run(**keep: Any) -> None:
    env = gym.make("hpo_gym/HPO-v0", suite=suite(), codec="pool", observer="idle", budget=5, **keep)
    for _ in range(2):
        assert env.reset(seed=0)[0].tolist() == [0]
        assert [env.step(row)[0].item() for row in ROWS] == SEEN


def two_runs(mode: str) -> None:
    """The second run begins anew by itself, the first one goes on."""
    env = gym.make_vec("hpo_gym/HPO-v0", 2, suite=suite(), codec={"name": "pool", "stop": True}, observer="idle",
                       budget=5, vector_kwargs={}, autoreset_mode=mode)  # fmt: skip
    assert env.reset(seed=0)[0].tolist() == [[0], [0]]
    stop, next_step = 4, mode == "NEXT_STEP"
    seen = [env.step(np.array(rows))[0].T[0].tolist() for rows in ([1, 1], [0, 2], [2, stop], [3, 0], [1, 2])]
    # the second run stops at its third action: NEXT_STEP then ignores row 0, SAME_STEP tries it, and row 2 beats row 0;
    # the first run spends its budget in the fifth step, after which SAME_STEP shows an episode without trials
    assert seen == [[0, 0], [2, 5], [7, 5 if next_step else 0], [0, 0], [3 if next_step else 0, 0]]


def given_and_restored() -> None:
    """The initial design counts; a snapshot holds the column."""
    env = hpo_gym.HPOEnv(suite(), codec="pool", observer="idle", budget=5, n_init=2)
    first = env.reset(seed=0)[0].item()
    trials = env.history().trials
    assert first == (0 if trials[1].score > trials[0].score else trials[1].cost)
    env = hpo_gym.HPOEnv("Trainings", observer="idle", budget=6)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(6)]
    seen = [env.step(action)[0].item() for action in actions[:3]]
    kept = env.snapshot()
    seen += [env.step(action)[0].item() for action in actions[3:]]
    best, idle, expected = -np.inf, 0.0, []
    for trial in env.history().trials:
        idle, best = (0.0, trial.score) if trial.score > best else (idle + trial.cost, best)
        expected.append(idle)
    assert seen == expected and max(seen) > 0
    assert env.restore(kept).item() == seen[2]
    assert [env.step(action)[0].item() for action in actions[3:]] == seen[3:]


def check() -> None:
    """All answers, in whatever way the two files have come in."""
    one_run()
    one_run(duplicates="penalize")
    two_runs("NEXT_STEP")
    two_runs("SAME_STEP")
    given_and_restored()


@pytest.mark.long
def test_a_quantity_and_its_observer_from_a_users_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("own_column", COLUMN), ("own_observer", OBSERVER)):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(text, module.__dict__)
    try:
        check()
    finally:
        for registry, name in ((hpo_gym.OBSERVERS, "idle"), (COLUMNS, "idle_seconds")):
            del registry._here[name], registry._made[name]


def test_a_quantity_that_nobody_asked_for_is_an_error() -> None:
    env = hpo_gym.HPOEnv(suite(), codec="move")
    rule = r"`keeps` of the observer or codec must name 'history', kept are \['incumbent_at'\]"
    with pytest.raises(StateError, match=rule):
        env.kernel.runs["history"]
