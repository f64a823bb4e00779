"""Refusals without a change of state: late steps, bad seeds, options, actions and keywords."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from hpo_gym.checks.choices import actions, space_of
from hpo_gym.checks.drive import Driver, Env, Make, drive, episode_length, is_limited, is_vector, kernel_of, most_steps
from hpo_gym.checks.faults import Faults, Patience, snapshot
from hpo_gym.problem import SPLITS

_SECONDS = 2.0  # of processor time, to the end of two episodes
_BAD_SEEDS = (-1, 1.5, "0", True, float("nan"))
_BAD_OPTIONS: tuple[Any, ...] = (
    {"tusk": "a"}, {"task": "no such task"}, {"task": 7}, {"task": ["no such task"]}, {"seed": 1}, 7, "task",
)  # fmt: skip


def check_order(make: Make, faults: Faults) -> None:
    """Check that steps before the first reset and after the end are refused."""
    env = make()
    action = env.action_space
    action.seed(0)
    if not getattr(env.unwrapped, "_seeded", False):
        faults.refuses("A step before the first reset", lambda: env.step(action.sample()), (ResetNeeded,))
    if is_vector(env):
        return
    twin, patience = make(), Patience(_SECONDS)
    for one in (env, twin):
        driver = Driver(one)
        for _ in range(most_steps(env) + 1):
            outcome = driver.step()
            if outcome[2] or outcome[3]:
                break
            if patience.over:
                faults.leave_out("a step after the end of an episode")
                return
        else:  # `check_episodes` says so
            return
    if not outcome[2]:  # a limit from outside, after which the env could go on
        return
    for _ in range(2):
        faults.refuses("A step after the end of an episode", lambda: env.step(driver.action))
    steps = episode_length(env)
    faults.same("A step after the end changes the next episode", drive(twin, None, steps), drive(env, None, steps))


def check_closing(make: Make, faults: Faults) -> None:
    """Check that an env may be closed twice, before its first reset and in the middle of an episode."""
    for begun in (False, True):
        env = make()
        if begun:
            driver = Driver(env)
            driver.step()
        for count in ("The first", "A second"):
            with faults.guard(f"{count} `close()`"):
                env.close()


def check_resets(make: Make, faults: Faults) -> None:
    """Bad seeds and options are refused, and the episode goes on as if they had not been given."""
    calls: list[tuple[str, dict[str, Any]]] = [(f"The seed {seed!r}", {"seed": seed}) for seed in _BAD_SEEDS]
    calls += [(f"The reset options {options!r}", {"seed": 3, "options": options}) for options in _BAD_OPTIONS]
    calls += [(f"The task {name!r} of another split", {"options": {"task": name}}) for name in _strangers(make())]
    twins = [Driver(make()), Driver(make())]
    for what, keywords in calls:
        env = twins[0].env
        if faults.refuses(what, functools.partial(env.reset, **keywords)):
            if not is_limited(env):  # Gymnasium's TimeLimit forgets its count before it asks the env
                go_on(faults, f"{what} changes the state though refused", twins)
        else:
            twins = [Driver(make()), Driver(make())]


def check_actions(make: Make, faults: Faults) -> None:
    """Bad actions are refused, and the episode goes on as if they had not been given."""
    twins = [Driver(make()), Driver(make())]
    for what, action in _bad_actions(twins[0].env):
        if twins[0].over:
            go_on(faults, "An episode after refused actions differs", twins)
        env = twins[0].env
        if faults.refuses(what, functools.partial(env.step, action)):
            go_on(faults, f"{what} changes the state though refused", twins)
        else:
            twins = [Driver(make()), Driver(make())]


def go_on(faults: Faults, fault: str, twins: list[Driver]) -> None:
    """Check that the first of two drivers takes the same step as the second."""
    moved, expected = (snapshot(driver.step()) for driver in twins)
    faults.same(fault, expected, moved)


# ---------------------------------------------------------------------- actions
def _bad_actions(env: Env) -> Iterator[tuple[str, Any]]:
    """Each kind of bad action once; of a vector env, one run's action is bad."""
    good, space = next(actions(env, 3)), space_of(env)
    yield "The action None", None
    yield "The action 'up'", "up"
    yield "An action of nested lists of several lengths", [[0.0, 0.0], [0.0]]
    yield "A dictionary as action", {"action": 0}
    yield "An action of complex numbers", np.asarray(good) + 0j
    yield "An action of strings", np.asarray(good).astype(str)
    yield "An action of Python objects", np.full(np.shape(good), None, object)
    if is_vector(env):
        for what, one in _of(space, good[-1]):
            if np.shape(one) == good.shape[1:]:
                batch = good.astype(np.result_type(good.dtype, np.asarray(one).dtype))
                batch[-1] = one
                yield f"{what} of one run", batch
        yield "An action less than runs", good[:-1]
        yield "An action more than runs", np.concatenate([good, good[:1]])
    else:
        yield from _of(space, good)


def _of(space: Any, good: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(space, gym.spaces.Discrete):
        yield "The action -1", -1
        yield "The action one above the last", int(space.n)
        yield "A huge action", np.uint64(2**63 + 1)
        yield "The action 0.5", 0.5
        yield "NaN in an action", float("nan")
        yield "An action with an axis too many", np.array([0])
        return
    grid = isinstance(space, gym.spaces.MultiDiscrete)
    if not (grid or isinstance(space, gym.spaces.Box)):
        return
    for place in (0, -1):
        outside = {"-1": -1, "one above the last": space.nvec[place]} if grid else _beyond(space.high.flat[0])
        for name, value in outside.items():
            bad = good.copy()
            bad[place] = value
            yield f"{name} in an action", bad
    if grid:
        yield "Fractions in an action", good + 0.5
        yield "NaN in an action", good * np.nan
    else:
        low = good.copy()
        low[-1] = space.low.flat[-1] - 1.0
        yield "An action below the bound", low
    yield "An action with a number too many", np.append(good, good[:1])
    yield "An action with a number too few", good[:-1]
    yield "An action with an axis too many", good[None]
    yield "A single number as action", good[0]


def _beyond(high: float) -> dict[str, float]:
    hair = np.nextafter(high, np.float32(9))
    values = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf, "1.5 times the bound": 1.5 * high}
    return {**values, "a hair above the bound": hair}


# ---------------------------------------------------------------------- splits
def _strangers(env: Env) -> list[str]:
    """Return a task of each other split, if there is one."""
    inner = env.unwrapped
    others = [s for s in SPLITS if s != getattr(inner, "split", s)]
    found = [inner.suite.tasks(split, inner.fold) for split in others]
    return [tasks[0].name for tasks in found if tasks]


def check_splits(make: Make, faults: Faults) -> None:
    """Tasks are of the env's split, statistics of meta-train, and the oracle is read on the training split only."""
    env = make()
    inner, kernel = env.unwrapped, kernel_of(env)
    suite, split = inner.suite, inner.split
    for task in kernel.batch.tasks:
        where = suite.split(suite.task(task.name), inner.fold)
        fault = f"The env of split {split!r} has the task {task.name!r}, which is in {where!r}"
        faults.once(where == split, "split", fault)
    fault = "The statistics of meta-train that are shown are not those of the suite's training split"
    faults.same(fault, vars(suite.scale(inner.fold)), vars(kernel.contexts.scale))
    reward = kernel.parts.reward
    faults.expect(split == "train" or not reward.training_only, f"A reward reads the oracle on split {split!r}")
