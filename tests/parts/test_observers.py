"""What observers show where `answers` has no episode: drawn candidates, gaps, staggered runs; spaces and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers.episodes import NO, R0, R1, R2, R3, R4
from answers.observers import history, last, summary
from toy_suite import (
    WAYS,
    Episode,
    alone,
    anywhere,
    assert_shown,
    gaps,
    levels,
    part,
    plain,
    single_env,
    vector_env,
)

import hpo_gym
from hpo_gym.problem.space import SearchSpace

MOST = 3.4028234663852886e38  # of float32


# ---------------------------------------------------------------------------------------------- candidates, gaps
@pytest.mark.parametrize("way", [WAYS["alone"], WAYS["together"]], ids=["alone", "together"])
def test_candidates_are_shown_in_the_order_of_their_actions(way: Any) -> None:
    """Seed 4 draws rows 0 4 2, seed 1 draws rows 4 0 3."""
    part = {"name": "pool", "candidates": 3}
    episodes = [Episode("a", (1, 0), seed=4), Episode("b", (2, 1), seed=1)]
    a, b = way(episodes, observer=part, codec=part, budget=2)
    for walk, rows in ((a, (R0, R4, R2)), (b, (R4, R0, R3))):
        for seen in walk.seen:
            assert_shown(seen["candidates"], rows)
    assert_shown(a.seen[0]["candidate_features"], ((0, 0, 1, 1),) * 3)
    assert_shown(a.seen[1]["candidate_features"], ((0, 0, 0.375, 0.375), (1, 0.75, 0, 0), (0, 0, 0.3125, 0.3125)))
    assert_shown(a.seen[2]["candidate_features"], ((1, 0.5, 0.375, 0), (1, 0.75, 0, 0), (0, 0, 0.3125, 0.3125)))
    assert_shown(b.seen[1]["candidate_features"], ((0, 0, 0.375, 0.375), (0, 0, 0.375, 0.375), (1, 0.75, 0, 0)))
    assert_shown(b.seen[2]["candidate_features"], ((0, 0, 0.375, 0.375), (1, 1.25, 0, 0), (1, 0.75, 0.375, 0)))
    assert_shown([seen["action_mask"] for seen in a.seen], [(1, 1, 1), (1, 0, 1), (0, 0, 1)])
    assert_shown([seen["action_mask"] for seen in b.seen], [(1, 1, 1), (1, 1, 0), (1, 0, 0)])
    assert_shown([seen["state"] for seen in b.seen], [(0, 1), (0.75, 0.5), (1.25, 0)])


def test_more_candidates_than_rows_repeat_and_are_masked() -> None:
    """Task b has four measured rows: seed 0 draws 2 3 0 1, then 2 again."""
    part = {"name": "pool", "candidates": 5}
    (walk,) = alone([Episode("b", (0,))], gaps(), observer=part, codec=part, budget=1)
    assert_shown(walk.seen[0]["candidates"], (R2, R3, R0, R1, R2))
    assert_shown(walk.seen[0]["action_mask"], (1, 1, 1, 1, 0))
    assert_shown(walk.seen[1]["action_mask"], (0, 1, 1, 1, 0))
    assert_shown(walk.seen[1]["candidate_features"][:, 0], (1, 0, 0, 0, 1))


# ---------------------------------------------------------------------------------------------- staggered runs
# Task a. Run 0 goes on for four trials, run 1 stops after its first, begins anew in the third step and tries row 3,
# run 2 goes on for three trials and stops.
STAGGERED: dict[str, Any] = {
    "last": (
        last.EPISODES[0],
        [(*NO, 0, 0, 1), (*R2, 0.875, 0.875, 0.75), (*R2, 0.875, 0.875, 0.75), (*NO, 0, 0, 1),
         (*R3, 0.375, 0.375, 0.75)],
        [(*NO, 0, 0, 1), (*R4, 0.75, 0.75, 0.75), (*R1, 0.625, 0.75, 0.5), (*R3, 0.375, 0.75, 0.25),
         (*R3, 0.375, 0.75, 0.25)],
    ),
    "summary": (
        summary.EPISODES[0],
        [
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R2, *R2, 0.875, 0.875, 0.75, 0.25, 0),
            (*R2, *R2, 0.875, 0.875, 0.75, 0.25, 0),
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R3, *R3, 0.375, 0.375, 0.75, 0.25, 0),
        ],
        [
            (*NO, *NO, 0, 0, 1, 0, 0),
            (*R4, *R4, 0.75, 0.75, 0.75, 0.25, 0),
            (*R4, *R1, 0.75, 0.625, 0.5, 0.5, 0.5),
            (*R4, *R3, 0.75, 0.375, 0.25, 0.75, 2 / 3),
            (*R4, *R3, 0.75, 0.375, 0.25, 0.75, 2 / 3),
        ],
    ),
    "history": (
        history.EPISODES[0],
        [
            history.NONE * 4,
            (*R2, 0.875, 1, *history.NONE * 3),
            (*R2, 0.875, 1, *history.NONE * 3),
            history.NONE * 4,
            (*R3, 0.375, 1, *history.NONE * 3),
        ],
        [
            history.NONE * 4,
            (*R4, 0.75, 1, *history.NONE * 3),
            (*R4, 0.75, 1, *R1, 0.625, 1, *history.NONE * 2),
            (*R4, 0.75, 1, *R1, 0.625, 1, *R3, 0.375, 1, *history.NONE),
            (*R4, 0.75, 1, *R1, 0.625, 1, *R3, 0.375, 1, *history.NONE),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("observer", STAGGERED)
def test_runs_that_stop_and_begin_anew_beside_others(observer: str) -> None:
    envs = vector_env(3, task="a", observer=observer, codec={"name": "pool", "stop": True})
    batch, _ = envs.reset(seed=0)
    seen, stop = [batch], 5
    for actions in ((0, 2, 4), (4, stop, 1), (0, 0, 3), (1, 3, stop)):
        batch, _, terminated, _, _ = envs.step(np.array(actions))
        seen.append(batch)
    assert terminated.tolist() == [True, False, True]
    for i, literals in enumerate(STAGGERED[observer]):
        for observation, wanted in zip(seen, literals, strict=True):
            assert_shown(part(observation, i), wanted)


# ---------------------------------------------------------------------------------------------- spaces
UNIT = [-1.0] * 4, [1.0] * 4
SPACES: dict[str, Any] = {
    "last": (UNIT[0] + [-MOST, -MOST, 0], UNIT[1] + [MOST, MOST, 1]),
    "summary": (UNIT[0] * 2 + [-MOST, -MOST, 0, 0, 0], UNIT[1] * 2 + [MOST, MOST, 1, 1, 1]),
    "history": ((UNIT[0] + [-MOST, 0]) * 4, (UNIT[1] + [MOST, 1]) * 4),
}


def _spaces(observer: Any, **keywords: Any) -> list[Any]:
    env = single_env(observer=observer, codec="pool", **keywords)
    envs = vector_env(2, observer=observer, codec="pool", **keywords)
    return [env.observation_space, envs.single_observation_space]


def _assert_box(space: Any, low: Any, high: Any) -> None:
    assert space.dtype == np.float32
    assert_shown(space.low, low)
    assert_shown(space.high, high)


@pytest.mark.parametrize("observer", SPACES)
def test_space_of_a_flat_observer(observer: str) -> None:
    low, high = SPACES[observer]
    for space in _spaces(observer):
        _assert_box(space, low, high)
    for space in _spaces({"name": observer, "context": True}):
        _assert_box(space, low + [-MOST] * 4, high + [MOST] * 4)


def test_given_points_and_fidelities_lengthen_a_history() -> None:
    """h = 4 + 2 given; with fidelities from 1/4, 4 / (1/4) = 16."""
    for space in _spaces("history", n_init=2):
        assert space.shape == (36,)
    env = single_env(levels(), observer="history", codec={"name": "pool", "fidelity": True})
    assert env.observation_space.shape == (96,)


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("observer", "error", "words"),
    [
        ({"name": "last", "contxt": True}, hpo_gym.UnknownNameError, "Did you mean 'context'"),
        ({"name": "last", "context": 1}, hpo_gym.InvalidValueError, "`context` of observer 'last' must be bool"),
        ({"name": "pool", "candidates": 1}, hpo_gym.InvalidValueError, "`2 <= candidates <= 1024` must hold, got 1"),
        ({"name": "pool", "candidates": 3}, hpo_gym.InvalidValueError, "same `candidates`, got 3 and None"),
    ],
    ids=str,
)
def test_refused(observer: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        single_env(plain(), observer=observer, codec="pool")
    with pytest.raises(error, match=words):
        vector_env(2, plain(), observer=observer, codec="pool")


def test_a_pool_is_needed_to_show_one() -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match="needs tasks with a pool"):
        single_env(anywhere(), observer="pool")


# ---------------------------------------------------------------------- what a part asks the kernel to keep


@pytest.mark.parametrize("observer", ["last", "history", "summary"])
def test_a_score_beyond_float32_is_shown_as_the_largest(observer: str) -> None:
    space = SearchSpace({"hyperparameters": [{"type": "uniform_float", "name": "u", "lower": 0.0, "upper": 1.0,
                                              "default_value": 0.5, "log": False}], "conditions": [],
                         "forbiddens": []})  # fmt: skip
    huge = hpo_gym.table_suite("Huge", space, [[0.0], [1.0]], [[1e300, -1e300]], tasks=["a"], splits={"train": ["a"]})
    env = single_env(huge, observer=observer, codec="pool", budget=2)
    env.reset(seed=0)
    for row, sign in ((1, -1), (0, 1)):
        seen = env.step(row)[0]
        assert np.isfinite(seen).all() and sign * MOST in seen.tolist()
