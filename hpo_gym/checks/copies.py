"""Copies of an env: the ways of copying that work, and whether copies continue like their original."""

from __future__ import annotations

import copy
import functools
import pickle
from collections.abc import Callable
from typing import Any

from hpo_gym.checks.drive import Driver, Env, Make, episode_length, kernel_of, wrappers
from hpo_gym.checks.faults import Faults, same, snapshot


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
        same(faults, f"{name} in the middle of an episode goes another way than its original", expected, tail)
    same(faults, "To step a copy moves its original", expected, kept)


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
