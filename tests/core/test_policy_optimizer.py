"""A policy sees and does the same through ask and tell as in the env."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from toys import gappy

import hpo_gym
from hpo_gym.env.observers.losses import _SIGNALS, SHOWN
from hpo_gym.env.runs.contexts import given_points
from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.trial import Trial

VIEWS = [
    ("last", "box"),
    ("last", "pool"),
    ("summary", "move"),
    ("history", "move"),
    ({"name": "tokens", "hyperparameters": True}, "box"),
    ("pool", "pool"),
    ("last", {"name": "box", "fidelity": True}),
    ("history", {"name": "pool", "fidelity": True, "stop": True}),
    ({"name": "last", "context": True}, {"name": "move", "stop": True}),
]


def _flat(observation: Any) -> np.ndarray:
    parts = observation.values() if isinstance(observation, dict) else [observation]
    return np.concatenate([np.asarray(p, np.float64).ravel() for p in parts])


def _policy(space: Any) -> Callable[[Any, np.random.Generator], Any]:
    """Actions that depend on every number of the observation."""

    def act(observation: Any, rng: np.random.Generator) -> Any:
        seed = int(np.abs(_flat(observation).round(5) * 1e5).astype(np.int64).sum() % 2**31)
        space.seed(seed)
        return space.sample()

    return act


@pytest.mark.parametrize(("observer", "codec"), VIEWS, ids=str)
@pytest.mark.parametrize("scores", ["raw", "global", "rank"])
def test_a_policy_acts_alike_inside_and_outside_the_env(observer: Any, codec: Any, scores: str) -> None:
    suite = gappy()
    keywords = {"observer": observer, "codec": codec, "scores": scores}
    env = hpo_gym.HPOEnv(suite, budget=6, **keywords)
    observation, info = env.reset(seed=5)
    policy, done = _policy(env.action_space), False
    rng = np.random.default_rng(0)
    seen = [_flat(observation)]
    while not done:
        observation, _, done, _, _ = env.step(policy(observation, rng))
        seen.append(_flat(observation))
    watched: list[np.ndarray] = []

    def watching(observation: Any, rng: np.random.Generator) -> Any:
        watched.append(_flat(observation))
        return policy(observation, rng)

    optimizer = PolicyOptimizer(watching, observer, codec, scores=scores, scale=suite.scale())
    history = hpo_gym.rollout(optimizer, suite.task(info["task"]), budget=6)
    assert history.configs == env.history().configs
    assert history.scores == env.history().scores
    for inside, outside in zip(seen, watched, strict=False):
        np.testing.assert_allclose(outside, inside, rtol=1e-6)
    assert len(seen) - len(watched) in (0, 1)  # the env also shows the end


def test_ask_ends_with_the_budget_and_before_reset_is_an_error() -> None:
    optimizer = PolicyOptimizer(lambda observation, rng: 0, "last", "pool")
    with pytest.raises(hpo_gym.StateError, match="reset"):
        optimizer.ask()
    history = hpo_gym.rollout(optimizer, gappy().tasks("train")[0], budget=3)
    assert len(history) == 3


def test_the_instance_seed_is_the_first_draw_and_the_policy_draws_next() -> None:
    drawn: list[float] = []

    def drawing(observation: Any, rng: np.random.Generator) -> int:
        drawn.append(rng.random())
        return 0

    optimizer = PolicyOptimizer(drawing, "last", "pool")
    optimizer.reset(Context.of(gappy().tasks("train")[0], 3), np.random.default_rng(7))
    optimizer.ask()
    expected = np.random.default_rng(7)
    assert optimizer.runs.instance.tolist() == [expected.integers(0, 2**63)]
    assert drawn == [expected.random()]


def test_signals_are_taken_by_name_and_each_must_be_a_number() -> None:
    shown: list[np.ndarray] = []

    def keep(observation: np.ndarray, rng: np.random.Generator) -> int:
        shown.append(observation)
        return 0

    space, first = gappy().tasks("train")[0].space, dict.fromkeys(_SIGNALS, 1.0)
    optimizer = PolicyOptimizer(keep, "losses", "move")
    optimizer.reset(Context(space, 3.0, signals=first), np.random.default_rng(0))
    query = optimizer.ask()
    assert query is not None
    for bad, words in (
        ({"accuracy": 0.25}, r"`trial\.signals` must be \['accuracy', 'adaptive', "),
        ({**first, "more": 1.0}, r"`trial\.signals` must be .*'more'"),
        ({**first, "rows": math.nan}, r"`trial\.signals\['rows'\]` must be a finite number, got nan"),
    ):
        with pytest.raises(hpo_gym.InvalidValueError, match=words):
            optimizer.tell(Trial(query, 0.5, signals=bad))
    optimizer.tell(Trial(query, 0.5, signals=dict(reversed({**first, "accuracy": 0.25}.items()))))
    optimizer.ask()
    at = 2 + 2 * space.d + SHOWN.index("accuracy")
    assert [observation[at] for observation in shown] == [1.0, 0.25]


def test_given_points_are_seen_alike() -> None:
    suite = gappy()
    env = hpo_gym.HPOEnv(suite, budget=4, n_init=3, codec="pool", observer="history")
    observation, info = env.reset(seed=1)
    task = suite.task(info["task"])
    watched: list[np.ndarray] = []

    def first(observation: Any, rng: np.random.Generator) -> int:
        watched.append(_flat(observation))
        return 0

    optimizer = PolicyOptimizer(first, "history", "pool", scale=suite.scale())
    optimizer.reset(Context.of(task, 4), np.random.default_rng(0))
    for trial in env.history():
        optimizer.tell(trial)
    optimizer.ask()
    np.testing.assert_allclose(watched[0], _flat(observation), rtol=1e-6)
    assert given_points(batch_of([task]), np.zeros(1, np.int64), np.ones(1, np.uint64), 3).shape[0] == 3


def test_the_pool_of_a_context_is_the_one_pool_of_its_batch() -> None:
    optimizer = PolicyOptimizer(lambda observation, rng: 0, "last", "pool")
    optimizer.reset(Context.of(gappy().tasks("train")[0], 3), np.random.default_rng(0))
    assert optimizer.runs.batch.one_pool is True  # type: ignore[attr-defined]


def test_a_configuration_that_was_tried_is_masked() -> None:
    optimizer = PolicyOptimizer(lambda observation, rng: 2, "last", "pool")
    task = gappy().tasks("train")[0]
    optimizer.reset(Context.of(task, 3), np.random.default_rng(0))
    before = optimizer.masks()
    query = optimizer.ask()
    assert query is not None
    optimizer.tell(task.run(query.config))
    assert np.flatnonzero(before & ~optimizer.masks()).tolist() == [2]
