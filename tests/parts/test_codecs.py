"""What actions mean where `answers` has no episode: initial designs, gaps, stops, masks; spaces and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers import KINDS, refusals, shipped
from ConfigSpace import Float
from toy_suite import (
    SCORES,
    WAYS,
    Episode,
    alone,
    anywhere,
    assert_shown,
    gaps,
    levels,
    single_env,
    together,
    vector_env,
)

import hpo_gym
from hpo_gym.env.codecs.move import sizes
from hpo_gym.problem import read_space

EACH_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
BOTH_ENVS = pytest.mark.parametrize("way", [alone, together])
EACH_ENV = pytest.mark.parametrize(
    "make", [single_env, lambda *suite, **keywords: vector_env(2, *suite, **keywords)], ids=["single", "vector"]
)


def _config(depth: int, kernel: str, rate: float, shape: float | None = None) -> dict[str, Any]:
    out = {"depth": depth, "kernel": kernel, "rate": rate}
    return out if shape is None else {**out, "shape": shape}


def _rows(walk: Any, task: int) -> list[int]:
    """The rows that were evaluated, which their scores tell apart."""
    return [SCORES[task].index(trial.score) for trial in walk.history]


# ---------------------------------------------------------------------------------------------- move
@BOTH_ENVS
def test_move_goes_on_from_given_points(way: Any) -> None:
    """Rows 0 and 4 are given to a, whose incumbent and last is row 4; rows 2 and 3 to b, with row 3."""
    episodes = [Episode("a", (2, 8), seed=6), Episode("b", (2, 8), seed=0)]
    a, b = way(episodes, codec="move", budget=2, n_init=2)
    assert _rows(a, 0) == [0, 4, 0, 4]  # linear
    assert _rows(b, 1) == [2, 3, 2, 3]  # rbf, shape in the middle: to row 2 (1/4)^2 + (3/4)^2 + (1/2)^2 = .875


# ---------------------------------------------------------------------------------------------- pool
@EACH_WAY
def test_the_nearest_measured_row_answers_for_one_that_was_not_measured(way: Any) -> None:
    """On b row 4 was not: to row 1 (1/4)^2 + (1/2)^2, to all others 1 and more for their kernel."""
    a, b = way([Episode("a", (4, 1)), Episode("b", (4, 3))], gaps(), codec="pool", budget=2)
    assert [trial.score for trial in a.history] == [-0.1875, 0.625]  # it failed there
    assert [trial.score for trial in b.history] == [-0.75, 0.75]
    assert dict(b.history[0].config) == pytest.approx(_config(2, "poly", 4, 2))


# ---------------------------------------------------------------------------------------------- budget and stop


BOTH = {"fidelity": True, "stop": True}
STOPS: dict[str, Any] = {  # what goes on, and what stops
    "box": ({"name": "box", "stop": True}, [(-1, -1, -1, -1, 0), (1, 1, 1, 1, -1)], (0, 0, 0, 0, 0.01)),
    "box-fidelity": ({"name": "box", **BOTH}, [(-1, -1, -1, -1, 1, 0), (1, 1, 1, 1, 1, -1)], (0, 0, 0, 0, -1, 1)),
    "pool": ({"name": "pool", "stop": True}, [0, 3], 5),
    "pool-fidelity": ({"name": "pool", **BOTH}, [(0, 2), (3, 2)], (5, 0)),
}


@EACH_WAY
@pytest.mark.parametrize("name", STOPS)
def test_stop_evaluates_nothing_and_ends_the_episode(name: str, way: Any) -> None:
    """Row 0 and depth 4, sigmoid, rate 16, for which row 3 answers."""
    codec, (first, second), stop = STOPS[name]
    a, b = way([Episode("a", (first, second, stop)), Episode("b", (second, first, stop))], levels(), codec=codec)
    assert [trial.score for trial in a.history] == [0.5, 0.375]
    assert [trial.score for trial in b.history] == [0.75, 1.25]
    for walk in (a, b):
        if walk.rewards:
            assert walk.ends == [False, False, True]
            assert walk.rewards[2] == 0
            assert_shown(walk.seen[3], walk.seen[2])  # the last trial is still the last, and the budget what it was
            assert walk.seen[3][6] == 0.5


# ---------------------------------------------------------------------------------------------- spaces


# ---------------------------------------------------------------------------------------------- masks
def _masks(codec: Any, *actions: Any, suite: Any = None, seeds: Any = (0, 0), **keywords: Any) -> list[Any]:
    """The masks of runs on a and b after each step, the reset counted; `actions` are those of both runs."""
    keywords["codec"] = codec
    envs, singles = vector_env(2, suite, **keywords), [single_env(suite, **keywords) for _ in range(2)]
    envs.reset(seed=list(seeds), options={"task": ["a", "b"]})
    for env, seed, task in zip(singles, seeds, ("a", "b"), strict=True):
        env.reset(seed=seed, options={"task": task})
    out = [envs.unwrapped.action_masks().astype(int).tolist()]
    for both in actions:
        envs.step(np.array(both))
        for env, action in zip(singles, both, strict=True):
            env.step(np.array(action))
        out.append(envs.unwrapped.action_masks().astype(int).tolist())
        assert out[-1] == [env.unwrapped.action_masks().astype(int).tolist() for env in singles]
    return out


def test_a_repeat_is_allowed_unless_masked() -> None:
    assert _masks("pool", (0, 2), (4, 3)) == [[[1, 1, 1, 1, 1]] * 2] * 3
    assert _masks("pool", (0, 2), (4, 3), (0, 0), duplicates="mask") == [
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
        [[0, 1, 1, 1, 1], [1, 1, 0, 1, 1]],
        [[0, 1, 1, 1, 0], [1, 1, 0, 0, 1]],
        [[0, 1, 1, 1, 0], [0, 1, 0, 0, 1]],  # a masked row can be chosen all the same
    ]


def test_rows_that_were_not_measured_are_masked() -> None:
    assert _masks("pool", (4, 4), suite=gaps()) == [[[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]] * 2
    assert _masks("pool", (4, 4), (1, 0), (2, 3), (0, 2), suite=gaps(), duplicates="mask", budget=5) == [
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]],
        [[1, 1, 1, 1, 0], [1, 0, 1, 1, 0]],  # on b row 1 answered
        [[1, 0, 1, 1, 0], [0, 0, 1, 1, 0]],
        [[1, 0, 0, 1, 0], [0, 0, 1, 0, 0]],
        [[0, 0, 0, 1, 0], [1, 1, 1, 1, 1]],  # all of b were tried: an agent must still be able to act
    ]


# ---------------------------------------------------------------------------------------------- refusals
REFUSED = [refused for name in shipped(KINDS["codecs"]) for refused in refusals(name)]


@pytest.mark.parametrize(("codec", "wrong", "right", "score", "words"), REFUSED, ids=str)
def test_a_refused_action_changes_nothing(codec: Any, wrong: Any, right: Any, score: float, words: str) -> None:
    view = {"codec": codec, "reward": "score"}
    env, envs = single_env(levels(), **view), vector_env(2, levels(), **view)
    env.reset(seed=4, options={"task": "a"})
    envs.reset(seed=[4, 4], options={"task": "a"})
    same = np.shape(wrong) == np.shape(right)
    with pytest.raises(hpo_gym.InvalidValueError, match=words):
        env.step(np.array(wrong))
    with pytest.raises(hpo_gym.InvalidValueError, match=words):
        envs.step(np.array([right if same else wrong, wrong]))  # no run moves, not even the one that was right
    assert env.step(np.array(right))[1] == score
    assert envs.step(np.array([right, right]))[1].tolist() == [score, score]
    assert [len(h) for h in (env.unwrapped.history(), *map(envs.unwrapped.history, (0, 1)))] == [1, 1, 1]


@EACH_ENV
@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"codec": {"name": "move", "level": 3}}, hpo_gym.UnknownNameError, "Did you mean 'levels'"),
        ({"codec": {"name": "move", "levels": "5"}}, hpo_gym.InvalidValueError, "`levels` of codec 'move' must be int"),
        ({"codec": {"name": "pool", "candidates": 1}}, hpo_gym.InvalidValueError, "`2 <= candidates <= 65536`"),
        ({"codec": "box", "duplicates": "mask"}, hpo_gym.InvalidValueError, "='mask'` needs the codec 'pool'"),
    ],
    ids=str,
)
def test_refused(keywords: Any, error: type[Exception], words: str, make: Any) -> None:
    with pytest.raises(error, match=words):
        make(**keywords)


@EACH_ENV
def test_a_pool_is_needed_to_choose_of_it(make: Any) -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match="needs tasks with a pool"):
        make(anywhere(), codec="pool")


def test_the_two_steps_of_a_range_of_choices_and_of_a_logarithmic_range() -> None:
    """Twice is .301 of a factor of ten: of a range of three powers of ten, .100; ten times is a third of it."""
    space = read_space({"share": (0.0, 4.0), "rate": Float("rate", (0.001, 1.0), log=True), "kind": ["a", "b", "c"]})
    found = {h.name: sizes(h) for h in space.hyperparameters}
    assert found["share"] == (0.05, 0.2)
    assert found["rate"] == pytest.approx((0.30103 / 3, 1 / 3), rel=1e-5)
    assert found["kind"] == pytest.approx((1 / 3, 2 / 3))


@pytest.mark.parametrize(
    ("codec", "width"),
    [("move", 9), ({"name": "move", "stop": True}, 10)],
    ids=str,
)
def test_every_move_makes_sense(codec: Any, width: int) -> None:
    assert _masks(codec, suite=levels()) == [[[1] * width] * 2]


def test_only_discrete_actions_have_masks() -> None:
    env = hpo_gym.HPOEnv(levels(), codec="box", budget=2)
    env.reset(seed=0)
    with pytest.raises(hpo_gym.InvalidValueError, match=r"Only discrete actions have masks, this codec has Box"):
        env.action_masks()
