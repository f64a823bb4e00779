"""Bad input is refused with a message that names it, and changes nothing: actions, seeds, options, arguments."""

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys  # noqa: F401 - registers the suites
from test_determinism import flat

from hpo_gym.base.errors import (
    HPOGymError,
    InvalidValueError,
)
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv

FAST, SLOW = 300, 10_000
COUNTS = [FAST, pytest.param(SLOW, marks=pytest.mark.slow)]
CODECS: list[Any] = [
    "box",
    {"name": "box", "fidelity": True, "stop": True},
    {"name": "move", "stop": True},
    {"name": "move", "fidelity": True},
    "pool",
    {"name": "pool", "fidelity": True, "stop": True},
]


class Thing:
    """An object of no meaning."""

    def __repr__(self) -> str:
        return "<thing>"


def anything(rng: random.Random, depth: int = 0) -> Any:
    """Any value that a program, a file or a tired user may hand over."""
    plain: list[Callable[[], Any]] = [
        lambda: None,
        lambda: rng.choice([True, False]),
        lambda: rng.choice([-1, 0, 1, 2, 3, 10**6 + 1, 10**30, -(2**63)]),
        lambda: rng.choice([0.5, -0.0, 1.0, 1e308, math.nan, math.inf, -math.inf]),
        lambda: rng.choice(["", "a", "box", "task", "no such name", "\0", "ü" * 300, "0", "../.."]),
        lambda: rng.choice([b"x", 1j, Thing(), Thing, int, slice(1), ...]),
        lambda: np.array(rng.choice([0, 1.5, math.nan]), rng.choice([np.float32, np.float64, object, "U8", complex])),
        lambda: rng.choice([np.int64(-3), np.uint64(2**63 + 5), np.float32(0.5), np.bool_(True), np.datetime64("now")]),
        lambda: np.zeros(
            rng.choice([(0,), (1, 1), (3, 6), (7,), (2, 0), (6, 6)]), rng.choice([float, int, bool, object])
        ),
        lambda: np.full(rng.choice([1, 2, 6, 7, 8]), rng.choice([1.01, -2, math.nan, 7, math.inf])),
    ]
    nested: list[Callable[[], Any]] = [
        lambda: [anything(rng, depth + 1) for _ in range(rng.randrange(4))],
        lambda: tuple(anything(rng, depth + 1) for _ in range(rng.randrange(4))),
        lambda: {
            rng.choice(["name", "task", "levels", "tusk", 3]): anything(rng, depth + 1) for _ in range(rng.randrange(3))
        },
        lambda: {rng.choice(["a", "b", 3])},
    ]
    return rng.choice(plain + (nested if depth < 2 else []))()


def near_valid(rng: random.Random, space: gym.Space) -> Any:
    """A valid action with one thing wrong, or nothing."""
    action: Any = np.array(space.sample())
    kind = rng.randrange(7)
    if action.ndim and kind < 3:
        action = action.astype(rng.choice([float, object, np.float64]) if kind else action.dtype)
        wrong = [-1, 99, 2**40] if action.dtype.kind == "i" else [math.nan, math.inf, 1.0000001, -7, 1e300]
        with np.errstate(over="ignore"):
            action[rng.randrange(len(action))] = rng.choice(wrong)
    elif kind == 3:
        action = action[None]
    elif kind == 4:
        action = action.astype(rng.choice([str, complex, bool, object, "S4"]))
    elif kind == 5:
        action = action.reshape(-1)[:-1]
    elif not action.ndim:
        action = rng.choice([-1, int(space.n), 10**20, float(action), str(action), [int(action)]])  # type: ignore[attr-defined]
    return action


def refused(call: Callable[[], Any], value: Any) -> bool:
    """Whether a call is refused as it should be: by our error, with a message that says what was given."""
    try:
        call()
    except HPOGymError as error:
        assert says(str(error), value), (str(error), value)
        return True
    return False


def says(message: str, value: Any) -> bool:
    """Whether a message has a rule, and a part of the value or its shape."""
    return len(message) > 20 and any(word[:12] in message for word in words_of(value))


def words_of(value: Any) -> Iterator[str]:
    yield from (repr(value), str(value))
    if isinstance(value, dict):
        for key, inside in value.items():
            yield repr(key)
            yield from words_of(inside)
    elif isinstance(value, (list, tuple)):
        yield f"{len(value)}"
        for inside in value:
            yield from words_of(inside)
    else:
        array = np.asarray(value)
        yield from (str(array.shape), str(array.dtype), repr(array.tolist()), repr(array[None]), str(array.size))
        if array.dtype.kind in "iu":
            yield repr(array.astype(float).tolist())


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
def test_a_bad_action_is_refused_and_changes_nothing(count):
    rng, bad = random.Random(count), 0
    for codec in CODECS:
        options = {"suite": "ToyGappy", "codec": codec, "budget": 4, "observer": "summary"}
        env, twin = HPOEnv(**options), HPOEnv(**options)
        env.action_space.seed(1)
        over = True
        for _ in range(count // len(CODECS)):
            if over:
                assert flat(env.reset(seed=rng.randrange(9))) is not None
                twin.reset(seed=None), twin.reset(seed=env.kernel.seeds.item())
            action = near_valid(rng, env.action_space) if rng.random() < 0.7 else anything(rng)
            outcome: list[Any] = []
            if refused(lambda e=env, a=action, o=outcome: o.append(e.step(a)), action):
                bad += 1
                action = env.action_space.sample()
                outcome.append(env.step(action))
            expected = twin.step(action)
            assert flat(outcome[0]) == flat(expected)
            over = expected[2]
    assert bad > count / 3


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
def test_a_bad_action_in_a_vector_env_moves_no_run(count):
    rng, bad = random.Random(count), 0
    for codec in CODECS:
        options = {"num_envs": 3, "suite": "ToyGappy", "codec": codec, "budget": 3, "statistics": False}
        env, twin = HPOVectorEnv(**options), HPOVectorEnv(**options)
        env.reset(seed=5), twin.reset(seed=5)
        space = env.single_action_space
        for _ in range(count // len(CODECS)):
            rows: Any = [near_valid(rng, space) if rng.random() < 0.4 else space.sample() for _ in range(3)]
            actions = rows if rng.random() < 0.8 else anything(rng)
            outcome: list[Any] = []
            if refused(lambda e=env, a=actions, o=outcome: o.append(e.step(a)), actions):
                bad += 1
                actions = env.action_space.sample()
                outcome.append(env.step(actions))
            assert flat(outcome[0]) == flat(twin.step(actions))
    assert bad > count / 3


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("vector", [False, True])
def test_a_bad_seed_or_option_is_refused_and_changes_nothing(count, vector):
    rng, bad = random.Random(count), 0
    options: dict[str, Any] = {"suite": "ToyGappy", "budget": 1000, "n_init": 1}
    env, twin = (
        (HPOVectorEnv(3, **options), HPOVectorEnv(3, **options)) if vector else (HPOEnv(**options), HPOEnv(**options))
    )
    env.reset(seed=1), twin.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(count):
        seed, given = rng.choice([None, 1, anything(rng)]), rng.choice([None, {}, anything(rng)])
        if rng.random() < 0.5:
            given = {rng.choice(["task", "reset_mask", "tusk"]): rng.choice(["a", "zz", anything(rng)])}
        outcome: list[Any] = []
        if refused(lambda e=env, s=seed, g=given, o=outcome: o.append(e.reset(seed=s, options=g)), (seed, given)):
            bad += 1
        else:
            assert flat(outcome[0]) == flat(twin.reset(seed=seed, options=given))
        action = env.action_space.sample()
        assert flat(env.step(action)) == flat(twin.step(action))
    assert bad > count / 3


ARGUMENTS = [
    *("suite", "split", "task", "fold", "budget", "observer", "codec", "reward", "scores", "duplicates", "n_init"),
    "render_mode",
]
OF_VECTOR = [*ARGUMENTS, "num_envs", "autoreset_mode", "max_episode_steps"]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("kind", "names"), [(HPOEnv, ARGUMENTS), (HPOVectorEnv, OF_VECTOR)])
def test_a_bad_argument_is_refused(count, kind, names):
    rng, bad = random.Random(count), 0
    for _ in range(count):
        name = rng.choice(names)
        value = anything(rng)
        if name in ("observer", "codec", "reward") and rng.random() < 0.7:
            part = rng.choice({"observer": ["tokens", "pool"], "codec": ["pool", "move"],
                               "reward": ["regret"]}[name])  # fmt: skip
            option = rng.choice(
                ["levels", "candidates", "fidelity", "stop", "weight", "context", "served", "name", "lvels"]
            )
            value = {"name": part, option: anything(rng)}
        bad += refused(lambda n=name, v=value: kind(**{"suite": "ToyGappy", "budget": 3, n: v}), value)
    assert bad > count / 2


# ---------------------------------------------------------------------- objects that misbehave
class Explosive:
    """An object that raises whatever is done with it."""

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise KeyError("boom")

    def __repr__(self) -> str:
        raise RuntimeError


def begun(kind: type, codec: str) -> Any:
    env = HPOEnv("ToyPlain", codec=codec) if kind is HPOEnv else HPOVectorEnv(2, "ToyPlain", codec=codec)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize("codec", ["box", "move", "pool"])
@pytest.mark.parametrize("kind", [HPOEnv, HPOVectorEnv])
def test_an_action_that_is_no_array_is_refused_in_words(kind, codec):
    env, twin = begun(kind, codec), begun(kind, codec)
    good = env.action_space.sample()
    bad = [Explosive(), "x" * 5000, {"x" * 5000: 1}, [[0.0] * 5000, [0]], 10**5000, np.ma.masked, [Explosive()] * 2000]
    bad += [np.ma.masked_all_like(good), np.ma.masked_equal(np.zeros_like(good), 0)]
    for action in bad:
        with pytest.raises(InvalidValueError, match=r"^(An action|Actions) must be ") as caught:
            env.step(action)
        assert len(str(caught.value)) <= 600
    assert flat(env.step(np.ma.asarray(good))) == flat(twin.step(good))  # nothing of it is masked
