"""The compiled step of many runs: a hand-worked episode, and every number as without it."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import core_toys as toys
import numpy as np
import pytest

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.env import compiled
from hpo_gym.env.vector import HPOVectorEnv

NEVER = sys.maxsize


def env(monkeypatch: pytest.MonkeyPatch, after: int, n: int, suite: Any, **options: Any) -> HPOVectorEnv:
    """An env that is compiled after so many steps, reset."""
    monkeypatch.setattr(compiled, "AFTER", after)
    one = HPOVectorEnv(n, suite, **{"codec": "pool", "observer": "last", "autoreset_mode": "SAME_STEP", **options})
    one.reset(seed=0)
    return one


def counted(one: HPOVectorEnv) -> list[bool]:
    """Whether each further step is compiled."""
    found: list[bool] = []
    whole = one._compiled
    assert whole is not None

    def step(actions: Any) -> Any:
        out = whole(actions)
        found.append(out is not None)
        return out

    one._compiled = step  # type: ignore[assignment]
    return found


def test_an_episode_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    one = env(monkeypatch, 0, 2, toys.square(), budget=4)
    one.reset(options={"task": ["a", "b"]})
    steps = counted(one)
    obs, rewards, ended, late, info = one.step(np.array([3, 1]))
    assert obs.tolist() == [[*toys.SIGNED[3], 4, 4, 0.75], [*toys.SIGNED[1], 4, 4, 0.75]]
    assert rewards.tolist() == [4, 4] and not ended.any() and not late.any()
    obs, rewards, _, _, info = one.step(np.array([2, 2]))
    assert obs.tolist() == [[*toys.SIGNED[2], 0, 4, 0.5], [*toys.SIGNED[2], 10, 10, 0.5]]
    assert rewards.tolist() == [0, 10]
    assert info["score"].tolist() == [0, 10] and info["incumbent_score"].tolist() == [4, 10] and set(info["t"]) == {2}
    assert steps == [True, True]
    assert list(one.history(0).scores) == [4, 0] and list(one.history(1).scores) == [4, 10]


@pytest.mark.parametrize("suite", [toys.levels(), "SVM", "AutoML", "Boosting"])  # apart and fused; gaps, failures
@pytest.mark.parametrize(
    "options", [{}, {"reward": "improvement", "statistics": True}, {"autoreset_mode": "NEXT_STEP"}, {"n_init": 2}]
)
def test_every_number_is_as_without_it(monkeypatch: pytest.MonkeyPatch, suite: Any, options: dict[str, Any]) -> None:
    plain, fast = (env(monkeypatch, after, 5, suite, **options) for after in (NEVER, 0))
    fast.reset(seed=1)
    plain.reset(seed=1)
    steps, rng, m = counted(fast), np.random.default_rng(0), int(plain.single_action_space.n)
    for i in range(120):
        actions = rng.integers(0, m, 5)
        old, new = plain.step(actions), fast.step(actions)
        for before, now in zip(old[:4], new[:4], strict=True):
            assert np.array_equal(before, now) and before.dtype == now.dtype
        if i % 5 == 0:
            for key in ("task", "task_index", "score", "incumbent_score", "fidelity", "cost", "status", "t"):
                np.testing.assert_array_equal(old[4][key], new[4][key], key)
    assert sum(steps) > 20
    assert [plain.history(i) for i in range(5)] == [fast.history(i) for i in range(5)]


@pytest.mark.parametrize("bad", [[0, 4], [-1, 0], [0.0, 1.0], [0, 1, 2], [[0], [1]], "ab", None])
def test_a_refused_action_changes_nothing(monkeypatch: pytest.MonkeyPatch, bad: Any) -> None:
    one = env(monkeypatch, 0, 2, toys.square(), budget=4)
    one.step(np.array([0, 1]))
    before = one.observe().tolist()
    for actions in (bad, np.array(bad)):
        with pytest.raises(InvalidValueError):
            one.step(actions)
    assert one.observe().tolist() == before
    steps = counted(one)
    one.step([0, 1])  # a list, and other integers, are taken all the same
    one.step(np.array([0, 1], np.uint8))
    assert steps == [False, False] and one.kernel.runs.t == 3


def test_what_was_handed_out_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one = env(monkeypatch, 0, 2, toys.levels(), budget=9)
    steps = [one.step(np.array([i % 4, 1])) for i in range(8)]
    kept = copy.deepcopy([(*step[:4], dict(step[4])) for step in steps])
    again = env(monkeypatch, 0, 2, toys.levels(), budget=9)
    for i, step in enumerate(kept):
        now = again.step(np.array([i % 4, 1]))
        assert all(np.array_equal(a, b) for a, b in zip(step[:4], now[:4], strict=True))
        assert np.array_equal(step[4]["score"], now[4]["score"])


def unpickled(one: Any) -> Any:
    return pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("copied", [copy.deepcopy, unpickled])
def test_a_copy_goes_on_alike(monkeypatch: pytest.MonkeyPatch, copied: Any) -> None:
    one = env(monkeypatch, 0, 3, "SVM")
    for _ in range(5):
        one.step(np.array([1, 2, 3]))
    other = copied(one)
    assert other._compiled is None
    for row in range(40):
        assert np.array_equal(one.step(np.array([row, 2, 3]))[0], other.step(np.array([row, 2, 3]))[0])


def test_numba_is_not_loaded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    one = env(monkeypatch, 6, 1, toys.square(), budget=3)
    for trial in range(9):
        assert (one._compiled is None) == (trial < 6)
        one.step(np.array([0]))


def test_without_numba_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    one = env(monkeypatch, 0, 2, toys.square(), budget=3)
    assert one._compiled is None
    assert one.step(np.array([0, 1]))[1].shape == (2,)


@pytest.mark.parametrize(
    "options", [{"observer": "history"}, {"observer": "last", "codec": {"name": "pool", "stop": True}},
                {"codec": "box"}, {"max_episode_steps": 2}, {"duplicates": "penalize"}, {"budget_cost": 2.0}]
)  # fmt: skip
def test_what_is_not_plain_is_left_alone(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    assert env(monkeypatch, 0, 2, "SVM", **options)._compiled is None


def test_drawn_repeats_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hpo_gym.load_suite("Curves").members[0].noisy
    assert env(monkeypatch, 0, 2, "Curves")._compiled is None
