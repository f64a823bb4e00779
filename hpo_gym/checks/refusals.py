"""Refusals without a change of state: late steps, bad seeds, options, actions and keywords."""

from __future__ import annotations

import functools
from typing import Any

from gymnasium.error import ResetNeeded

from hpo_gym.checks.bad_actions import bad_actions
from hpo_gym.checks.drive import Driver, Env, Make, drive, episode_length, is_limited, is_vector, kernel_of, most_steps
from hpo_gym.checks.faults import Faults, Patience, difference, same, snapshot
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
    same(faults, "A step after the end changes the next episode", drive(twin, None, steps), drive(env, None, steps))


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
    for what, action in bad_actions(twins[0].env):
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
    same(faults, fault, expected, moved)


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
    where = difference(vars(suite.scale(inner.fold)), vars(kernel.contexts.scale))
    faults.expect(where is None, f"{fault} (at {where})")
    reward = kernel.parts.reward
    faults.expect(split == "train" or not reward.training_only, f"A reward reads the oracle on split {split!r}")
