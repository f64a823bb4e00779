"""Doubles of an env: copies, what its `spec` makes, and restored episodes; they continue like their original."""

from __future__ import annotations

import copy
import functools
import json
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from hpo_gym.base import StateError
from hpo_gym.checks.choices import actions
from hpo_gym.checks.drive import (
    Driver,
    Env,
    Make,
    drive,
    episode_length,
    history_of,
    is_vector,
    kernel_of,
    method,
    wrappers,
)
from hpo_gym.checks.faults import Faults, difference, snapshot
from hpo_gym.env import HPOEnv, HPOVectorEnv

_STEPS = 12  # at most, of an env and that of its `spec`
_KEPT = 4  # steps before a snapshot, and after it
_OURS = (HPOEnv.__module__, HPOVectorEnv.__module__)


def maker(env: Env, faults: Faults) -> Make:
    """Return the first way to copy the env that works; the others are faults."""
    ways = {name: functools.partial(copied, env) for name, copied in _ways(env)}
    good = [make for name, make in ways.items() if _works(name, make, env, faults)]
    if not good:
        faults.add("The env can neither be copied nor pickled, so nothing else was checked")
        faults.close()
    return functools.partial(_light_copy, env) if good[0].func is copy.deepcopy else good[0]


def check_copies(make: Make, faults: Faults) -> None:
    """Check that copies made in the middle of an episode continue alike, unnoticed by the original."""
    env, twin, more = make(), make(), episode_length(make()) + 3
    drivers = [Driver(env), Driver(twin)]
    for _ in range(2):
        for driver in drivers:
            driver.step()
    made: dict[str, Driver] = {}
    for name, copied in _ways(env):
        with faults.guard(f"{name} in the middle of an episode"):
            made[name] = drivers[0].with_env(copied(env))
    tails: dict[str, Any] = {}
    for name, driver in made.items():
        with faults.guard(f"{name} in the middle of an episode"):
            tails[name] = [snapshot(driver.step()) for _ in range(more)]
    expected, kept = ([snapshot(driver.step()) for _ in range(more)] for driver in reversed(drivers))
    for name, tail in tails.items():
        faults.same(f"{name} in the middle of an episode goes another way than its original", expected, tail)
    faults.same("To step a copy moves its original", expected, kept)


def _light_copy(env: Env) -> Env:
    """Return a deep copy that shares the constant parts: the suite and its tables."""
    kernel = kernel_of(env)
    kept = (env.unwrapped.suite, kernel.contexts, kernel.batch, kernel.contexts.batch)
    return copy.deepcopy(env, {id(thing): thing for thing in kept})


def _ways(env: Env) -> list[tuple[str, Callable[[Any], Any]]]:
    """Ways to copy the env; some of Gymnasium's own wrappers cannot be pickled."""
    ways: list[tuple[str, Callable[[Any], Any]]] = [("A deep copy", copy.deepcopy)]
    if all(_can_be_pickled(kind) for kind in wrappers(env)):
        ways.append(("A pickle", lambda thing: pickle.loads(pickle.dumps(thing))))  # noqa: S301 - bytes just made
    return ways


def _can_be_pickled(wrapper: object) -> bool:
    if not type(wrapper).__module__.startswith("gymnasium."):
        return True
    try:
        pickle.dumps({k: v for k, v in vars(wrapper).items() if k != "env"})
    except Exception:
        return False
    return True


def _works(name: str, make: Make, env: Env, faults: Faults) -> bool:
    with faults.guard(name):
        a, b = make(), make()
        if a is b or a is env or a.unwrapped is b.unwrapped or a.unwrapped is env.unwrapped:
            faults.add(f"{name} is the env itself: to step one moves the other")
            return False
        return True
    return False


# ---------------------------------------------------------------------- specs
def check_spec(make: Make, faults: Faults) -> None:
    """Check that the env, that of its `spec` and a plain one of its keywords agree; a `spec` survives JSON."""
    env = make().unwrapped
    spec = getattr(env, "spec", None)
    if spec is None:
        return
    how, remake = ("gym.make_vec", gym.make_vec) if is_vector(env) else ("gym.make", gym.make)
    _check_json(spec, faults)
    ways: dict[str, Callable[[], Env]] = {f"`{how}(env.spec)` makes": lambda: remake(spec).unwrapped}
    plain = next((kind for kind in type(env).__mro__ if kind.__module__ in _OURS), None)
    if plain is not None and plain is not type(env):
        keywords = {key: value for key, value in spec.kwargs.items() if key != "vectorization_mode"}
        ways["The keywords of `env.spec` make"] = lambda: plain(**keywords)
    steps = min(episode_length(env) + 3, _STEPS)
    for what, way in ways.items():
        with faults.guard(what):
            where = _differs(make().unwrapped, way(), steps)
            faults.expect(where is None, f"{what} another env (at {where})")


def _differs(env: Env, other: Env, steps: int) -> str | None:
    """Return the difference between two envs, in their spaces, runs, render mode or an episode; None without one."""
    for name in ("observation_space", "action_space", "num_envs", "render_mode", "metadata"):
        if getattr(env, name, None) != getattr(other, name, None):
            return name
    try:
        return difference(drive(env, 3, steps), drive(other, 3, steps))
    finally:
        for one in (env, other):
            one.close()  # live tasks have processes


def _check_json(spec: EnvSpec, faults: Faults) -> None:
    """Check that a `spec` with plain JSON keywords survives its own JSON; Gymnasium writes no classes."""
    if callable(spec.entry_point) or callable(spec.vector_entry_point):
        return
    try:
        plain = json.loads(json.dumps(spec.kwargs)) == spec.kwargs
    except (TypeError, ValueError):
        return
    if plain:
        back = EnvSpec.from_json(spec.to_json())
        faults.expect(back == spec, "`env.spec` does not come back from its JSON")


# ---------------------------------------------------------------------- snapshots
def check_snapshots(make: Make, faults: Faults) -> None:
    """Check that equal actions from a snapshot have equal outcomes; tasks of separate trials have no snapshots."""
    env = make()
    run = (0,) if is_vector(env) else ()
    env.reset(seed=1)
    if not kernel_of(env).batch.signals:
        what = "A snapshot of a run whose trials do not go on from each other"
        faults.refuses(what, lambda: method(env, "snapshot")(*run), (StateError,))
        return
    taken, steps = actions(env, 5), min(_KEPT, (episode_length(env) - 1) // 2)
    for _ in range(steps):
        env.step(next(taken))
    kept, again = method(env, "snapshot")(*run), [next(taken) for _ in range(steps)]
    first = [_of_first(env, env.step(action)) for action in again]
    method(env, "restore")(*run, kept)  # of a vector env the other runs have moved on
    second = [_of_first(env, env.step(action)) for action in again]
    faults.same("An episode that was restored goes on otherwise than before", first, second)


def _of_first(env: Env, outcome: Any) -> Any:
    """Return what the first run was told, and its scores."""
    obs, reward = snapshot(outcome[0]), outcome[1]
    if is_vector(env):
        obs, reward = {k: v[0] for k, v in obs.items()} if isinstance(obs, dict) else obs[0], reward[0]
    return [obs, float(reward), [t.score for t in history_of(env)]]
