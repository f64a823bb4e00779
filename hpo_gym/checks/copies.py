"""Doubles of an env that go on alike: of one seed, copies, in another process, what its `spec` makes, restored ones."""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym

from hpo_gym.base import StateError
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
    walk,
    wrappers,
)
from hpo_gym.checks.elsewhere import elsewhere
from hpo_gym.checks.faults import Faults, difference, snapshot
from hpo_gym.env import HPOEnv, HPOVectorEnv

_SOME = 15  # steps after an env was used
_STEPS = 12  # at most, of an env and that of its `spec`
_KEPT = 4  # steps before a snapshot, and after it
_OURS = (HPOEnv.__module__, HPOVectorEnv.__module__)


def maker(env: Env, faults: Faults) -> Make:
    """Return a maker of copies; without any, nothing else can be checked."""
    with faults.guard("A deep copy"):
        one, other = _light_copy(env), _light_copy(env)
        good = len({id(env.unwrapped), id(one.unwrapped), id(other.unwrapped)}) == 3
        if faults.expect(good, "A deep copy is the env itself: to step one moves the other"):
            return functools.partial(_light_copy, env)
    faults.close()
    raise AssertionError("`close` raises")


def check_seeds(make: Make, faults: Faults) -> None:
    """Check that episodes of one seed are alike, whatever happened before."""
    whole = episode_length(make()) + 3
    used, fresh = make(), make()
    first = drive(fresh, 0, whole)
    faults.same("One seed gives two episodes", first, drive(used, 0, whole))
    faults.same("One seed gives two episodes of one env", first, drive(used, 0, whole))
    drive(used, 11, whole, choose=9)
    for _ in range(2):
        drive(used, None, 2, choose=3)
    some = min(whole, _SOME)
    faults.same("What was done before changes a seeded episode", drive(make(), 4, some), drive(used, 4, some))


def check_hash_seed(make: Make, faults: Faults) -> None:
    """Other processes, with other hash seeds of Python, give the same episode."""
    env = make()
    steps = episode_length(env) + 3
    for where, there in elsewhere("The env", faults, drive, env, 2, steps).items():
        alike = difference(drive(make(), 2, steps), there) is None
        faults.expect(alike, f"{where} gives another episode")


def check_copies(make: Make, faults: Faults) -> None:
    """Check that copies made in the middle of an episode continue alike, unnoticed by the original."""
    for name, copied in _ways(make()):
        with faults.guard(name):
            mine, twin, more = Driver(make()), Driver(make()), range(episode_length(make()) + 3)
            for driver in (mine, twin, mine, twin):
                driver.step()
            theirs = mine.with_env(copied(mine.env))
            tail, expected, kept = ([snapshot(one.step()) for _ in more] for one in (theirs, twin, mine))
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


# ---------------------------------------------------------------------- specs
def check_spec(make: Make, faults: Faults) -> None:
    """Check that the env, that of its `spec` and a plain one of its keywords agree."""
    env = make().unwrapped
    spec = getattr(env, "spec", None)
    if spec is None:
        return
    how, remake = ("gym.make_vec", gym.make_vec) if is_vector(env) else ("gym.make", gym.make)
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
    taken, steps = walk(env, 5), min(_KEPT, (episode_length(env) - 1) // 2)
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
