"""Refusals: what a plain env refuses, the env refuses too, and goes on as if it had not been asked."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from hpo_gym.base import HPOGymError
from hpo_gym.checks.beside import Beside, plain_twin
from hpo_gym.checks.drive import Driver, Env, Make, as_inside, is_vector, space_of, walk
from hpo_gym.checks.faults import Faults
from hpo_gym.env import HPOEnv, HPOVectorEnv
from hpo_gym.problem import SPLITS

_BAD_SEEDS = (-1, 1.5, "0", True, float("nan"))
_BAD_OPTIONS: tuple[Any, ...] = (
    {"tusk": "a"}, {"task": "no such task"}, {"task": 7}, {"task": ["no such task"]}, {"seed": 1}, 7, "task",
)  # fmt: skip
_BAD_KEYWORDS: tuple[dict[str, Any], ...] = (
    {"bugdet": 5}, {"observer": "lasst"}, {"codec": "boxx"}, {"reward": "scoer"}, {"scores": "raww"},
    {"duplicates": "alow"}, {"split": "trian"}, {"render_mode": "ansy"}, {"objectives": ["scroe"]}, {"fold": 5},
    {"codec": {"name": "box", "stpo": True}}, {"codec": {"levels": 5}},
    *({"budget": value} for value in (0, -1, 2.5, True, "5")),
    *({"n_init": value} for value in (-1, 1.5, True)),
    *({"budget_cost": value} for value in (0, -1.0, float("nan"), True, 5)),
    {"budget": 5, "budget_cost": 5}, {"checkpoints": True}, {"codec": "pool"},
    {"budget_cost": 5, "objectives": ["score", "cost"]}, {"reward": "score", "objectives": ["score", "cost"]},
    {"weights": [1.0]}, {"duplicates": "mask", "codec": "box"}, {"constraints": {"cost": -1.0}},
    {"split": "val", "reward": "regret"}, {"split": "test", "reward": "regret"},
)  # fmt: skip
_NEEDED = {"suite", "split", "task", "reward", "fold"}


def check_keywords(make: Make, faults: Faults) -> None:
    """Check that a class of one's own refuses the keywords that its base refuses, in the same words."""
    inner = make().unwrapped
    kind: Callable[..., Env] = type(inner)
    base: type[Env] = HPOVectorEnv if is_vector(inner) else HPOEnv
    if kind is base or not set(inspect.signature(kind).parameters) >= _NEEDED:
        return
    tasks = [inner.suite.tasks(split, inner.fold) for split in ("val", "test")]
    strangers = [{"split": "train", "task": found[0].name} for found in tasks if found]
    fixed = {"suite": inner.suite, "split": inner.split, "fold": inner.fold}
    fixed |= {"num_envs": 2} if is_vector(inner) else {}
    for bad in (*_BAD_KEYWORDS, *strangers):
        expected = _refusal(base, {**fixed, **bad})
        if expected is None:
            continue
        error = faults.refuses(f"{bad} as keywords", functools.partial(kind, **{**fixed, **bad}))
        same = error is None or (type(error), str(error)) == (type(expected), str(expected))
        faults.expect(same, f"The refusal of {bad} is not that of {base.__name__}: {error}")


def _refusal(kind: Callable[..., Env], keywords: dict[str, Any]) -> HPOGymError | None:
    """Return how keywords are refused; None where they are taken."""
    try:
        kind(**keywords).close()
    except HPOGymError as error:
        return error
    return None


def check_refusals(make: Make, faults: Faults) -> None:
    """Check that bad seeds, options and actions are refused, and that the episode goes on as if they had not been."""
    env = make()
    inner, chosen = env.unwrapped, walk(env, 5)
    if not as_inside(env, "action"):
        return
    others = [inner.suite.tasks(split, inner.fold) for split in SPLITS if split != inner.split]
    calls: list[tuple[str, str, Any, dict[str, Any]]] = [
        *((f"The seed {seed!r}", "reset", (), {"seed": seed}) for seed in _BAD_SEEDS),
        *((f"The reset options {given!r}", "reset", (), {"seed": 3, "options": given}) for given in _BAD_OPTIONS),
        *((f"The task {tasks[0].name!r} of another split", "reset", (), {"options": {"task": tasks[0].name}})
          for tasks in others if tasks),
        *((what, "step", (action,), {}) for what, action in _bad_actions(env)),
    ]  # fmt: skip
    both = Beside(env, plain_twin(env), faults)
    alike = both.reset(seed=1) and both.step(next(chosen))  # if not, other checks say so
    for what, name, args, keywords in calls:
        good = both.refused(what, name, *args, **keywords)
        if good and alike:
            good = both.begin_anew() and both.step(next(chosen))
            faults.expect(good, f"{what} changes the state though refused")
        if not good:
            both = Beside(make(), plain_twin(env), faults)
            both.reset(seed=1)
    both.twin.close()


def _bad_actions(env: Env) -> Iterator[tuple[str, Any]]:
    """Return each kind of bad action once; of a vector env, one run's action is bad."""
    good, space = next(walk(env, 3)), space_of(env)
    yield "The action None", None
    yield "The action 'up'", "up"
    yield "An action of nested lists of several lengths", [[0.0, 0.0], [0.0]]
    yield "A dictionary as action", {"action": 0}
    yield "An action of complex numbers", np.asarray(good) + 0j
    yield "An action of strings", np.asarray(good).astype(str)
    yield "An action of Python objects", np.full(np.shape(good), None, object)
    yield "An action with an axis too many", np.asarray(good)[None]
    if is_vector(env):
        yield "An action less than runs", good[:-1]
        yield "An action more than runs", np.concatenate([good, good[:1]])
    elif np.ndim(good):
        yield "An action with a number too many", np.append(good, good[:1])
        yield "An action with a number too few", good[:-1]
        yield "A single number as action", good[0]
    for name, value in _outside(space).items():
        for place in (0, -1):
            bad = np.array(good, np.result_type(np.asarray(good).dtype, np.asarray(value).dtype))
            last = bad[-1:] if is_vector(env) else bad
            last.reshape(-1)[place] = value
            yield f"{name} in an action", bad if bad.ndim else bad[()]


def _outside(space: gym.Space[Any]) -> dict[str, Any]:
    """Return numbers that are outside a space at any place of an action."""
    if isinstance(space, gym.spaces.Box):
        high = space.high.flat[0]
        near = {"1.5 times the bound": 1.5 * high, "a hair above the bound": np.nextafter(high, np.float32(9))}
        return {"NaN": np.float32(np.nan), "inf": np.float32(np.inf), "-inf": np.float32(-np.inf), **near,
                "less than the bound": -1.5 * high}  # fmt: skip
    if isinstance(space, gym.spaces.Discrete):
        return {"-1": -1, "one above the last": int(space.n), "a huge number": 2**62, "0.5": 0.5, "NaN": np.nan}
    if isinstance(space, gym.spaces.MultiDiscrete):
        return {"-1": -1, "one above the last": int(max(space.nvec)), "0.5": 0.5, "NaN": np.nan}
    return {}


def check_closing(make: Make, faults: Faults) -> None:
    """Check that an env may be closed twice, before its first reset and in the middle of an episode."""
    for begun in (False, True):
        env = make()
        if begun:
            Driver(env).step()
        for count in ("The first", "A second"):
            with faults.guard(f"{count} `close()`"):
                env.close()
