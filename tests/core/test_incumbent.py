"""The incumbent of each step, worked out by hand, at every place where `Runs` writes it: one trial late is red here.

Rows 3, 0, 1, 2 of `core_toys` score 4, 2, 6, 0 on task a; rows 2, 0, 3, 1 score 0, 2, 4, 6.
"""

from __future__ import annotations

from typing import Any

import core_toys as toys
import numpy as np
import pytest

import hpo_gym

pytestmark = pytest.mark.smoke

ACTIONS = np.array([[3, 2], [0, 0], [1, 3], [2, 1]])
BEST = [[4, 0], [4, 2], [6, 4], [6, 6]]


def many(suite: hpo_gym.Suite, **options: Any) -> hpo_gym.HPOVectorEnv:
    env = hpo_gym.HPOVectorEnv(2, suite, task="a", **{"codec": "pool", "budget": 4, **options})
    env.reset(seed=0)
    return env


def told(env: hpo_gym.HPOVectorEnv, actions: Any) -> tuple[list[list[float]], list[list[float]]]:
    """Return the incumbents that observations show, and those of infos."""
    seen, said = [], []
    for action in np.asarray(actions):
        obs, *_, info = env.step(action)
        seen.append((obs["state"][:, 0] if isinstance(obs, dict) else obs[:, -2]).tolist())
        said.append(np.asarray(info["incumbent_score"], float).tolist())
    return seen, said


@pytest.mark.parametrize("observer", ["last", "pool"])
@pytest.mark.parametrize(("suite", "more"), [(toys.square, 0.0), (toys.odd, 0.1)])
def test_of_runs_together(suite: Any, more: float, observer: str) -> None:
    """A fused table and one in float64, without and with a kept column."""
    wanted = [pytest.approx([best + more for best in row]) for row in BEST]
    seen, said = told(many(suite(), observer=observer), ACTIONS)
    assert seen == wanted
    assert said == wanted


@pytest.mark.parametrize("observer", ["last", "pool"])
def test_of_one_run(observer: str) -> None:
    env = hpo_gym.HPOEnv(toys.square(), task="a", codec="pool", budget=4, observer=observer)
    env.reset(seed=0)
    for action, (best, _) in zip(ACTIONS[:, 0].tolist(), BEST, strict=True):
        obs, *_, info = env.step(action)
        assert info["incumbent_score"] == best
        assert (obs["state"][0] if isinstance(obs, dict) else obs[-2]) == best
    assert env.history().incumbent.score == 6


def test_a_higher_fidelity_is_the_incumbent() -> None:
    """Row 1 scores 5 at 1/4 and 6 in full, row 0 1 and 2."""
    env = many(toys.levels(), codec={"name": "pool", "fidelity": True}, observer="last")
    steps = [[[1, 0], [0, 0]], [[0, 2], [1, 0]], [[1, 2], [0, 2]]]
    assert told(env, steps) == ([[5, 1], [2, 5], [6, 2]],) * 2


@pytest.mark.parametrize("observer", ["last", "pool"])
def test_a_success_beats_a_failure(observer: str) -> None:
    """Row 2 fails on a: such a trial leads only before any success, whatever it is recorded with."""
    env = many(toys.levels(), observer=observer)
    for shown in told(env, [[0, 2], [2, 0], [1, 2]]):
        assert [row[0] for row in shown] == [2, 2, 6]
        assert [row[1] for row in shown[1:]] == [2, 2]


def test_an_initial_design_has_an_incumbent() -> None:
    env = hpo_gym.HPOVectorEnv(2, toys.square(), task="a", codec="pool", budget=4, n_init=3)
    obs, _ = env.reset(seed=0)
    designs = [list(one.scores) for one in (env.history(0), env.history(1))]
    assert obs[:, -2].tolist() == [max(scores) for scores in designs]
    assert max(designs[0]) == designs[0][-1] or max(designs[1]) == designs[1][-1], "else a late one would pass"
    worst = ACTIONS[-1, 0]  # scores 0: it lifts none
    obs, *_ = env.step(np.array([worst, worst]))
    assert obs[:, -2].tolist() == [max(scores) for scores in designs]


def test_episodes_apart_have_incumbents_of_their_own() -> None:
    """Run 1 stops after its first trial, which scores 0; it begins anew in the next step, and then knows nothing."""
    env = many(toys.square(), codec={"name": "pool", "stop": True}, autoreset_mode="NextStep")
    seen = [env.step(np.array(action))[0][:, -2].tolist() for action in ([3, 2], [0, 4], [1, 0], [2, 2])]
    assert seen == [[4, 0], [4, 0], [6, 0], [6, 0]]  # the second is the last of that episode, the third is blank


def test_a_new_episode_knows_no_incumbent() -> None:
    env = many(toys.square(), observer="last")
    told(env, ACTIONS)
    assert env.reset()[0][:, -2].tolist() == [0, 0]
    assert told(env, [[2, 0], [0, 2]])[0] == [[0, 2], [2, 2]]


def test_where_trials_may_fail_a_stop_leaves_the_others_their_incumbent() -> None:
    env = many(toys.levels(), codec={"name": "pool", "stop": True}, observer="last")
    assert told(env, [[0, 0], [1, 4]])[0] == [[2, 2], [6, 2]]
