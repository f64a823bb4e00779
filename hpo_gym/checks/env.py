"""`check_env`: whether an env keeps its contract, stricter than Gymnasium's and Stable-Baselines3's checkers."""

from __future__ import annotations

import copy
import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded

from hpo_gym.checks.bad_actions import bad_actions
from hpo_gym.checks.drive import Driver, Env, codec_of, drive, episode_length, is_limited, is_vector, wrappers
from hpo_gym.checks.episodes import check_episodes, check_vector_steps
from hpo_gym.checks.faults import Faults, difference, digest, mutable, shared, snapshot, spoil, untouched_global_rng

Make = Callable[[], Env]

# The child is a process of ours and reads what this process has just written to its pipe: nothing comes from a file.
_CHILD = """
import pickle, sys
pipe = sys.stdin.buffer
sys.path[:] = pickle.load(pipe)  # S301: our own bytes, from the parent's pipe
from hpo_gym.checks.drive import drive
from hpo_gym.checks.faults import digest
env, steps = pickle.load(pipe)  # S301: our own bytes, from the parent's pipe
print(digest(drive(env, 2, steps)))
"""
_BAD_SEEDS = (-1, 1.5, "0", True, float("nan"))
_BAD_OPTIONS: tuple[Any, ...] = (
    {"tusk": "a"}, {"task": "no such task"}, {"task": 7}, {"task": ["no such task"]}, {"seed": 1}, 7, "task",
)  # fmt: skip


def check_env(env: Env, *, processes: bool = True, render: bool = True) -> None:
    """Check an env made by hpo_gym: `HPOEnv` or `HPOVectorEnv`, wrapped or not, that has not been reset.

    Found are: bad actions, seeds and options that are accepted or change the state; steps before the first reset and
    after the end; episodes that differ for one seed, by what was done before or by the hash seed of Python; objects
    that are handed out twice, or that matter after they were handed out; copies and pickles that go another way;
    outcomes outside their spaces or with other names and types than stated; scores that are not the task's; incumbents
    that fall; a budget that is not spent exactly.

    Args:
        env: It is copied, and not changed.
        processes: Whether to start Python processes with other hash seeds.
        render: Whether to draw pictures.

    Raises:
        CheckFailed: `faults` lists all that was found.
    """
    faults = Faults(f"The env {env}")
    make = _maker(env, faults)
    with untouched_global_rng(faults, "The env"):
        for check in (check_vector_steps,) if is_vector(env) else (check_episodes,):
            with faults.guard("A valid episode"):
                check(make(), faults)
        for test in (_order, _seeds, _refusals, _actions, _aliases, _copies, *((_render,) if render else ())):
            with faults.guard(f"What `{test.__name__.strip('_')}` does"):
                test(make, faults)
    if processes:
        with faults.guard("The env in another process"):
            _hash_seed(make, faults)
    faults.close()


# ---------------------------------------------------------------------- copies
def _maker(env: Env, faults: Faults) -> Make:
    """The first way to copy the env that works; one that does not is a fault."""
    ways = {name: functools.partial(copied, env) for name, copied in _ways(env)}
    good = [make for name, make in ways.items() if _works(name, make, env, faults)]
    if not good:
        faults.add("The env can neither be copied nor pickled, so nothing else was checked")
        faults.close()
    return functools.partial(_light_copy, env) if good[0].func is copy.deepcopy else good[0]


def _light_copy(env: Env) -> Env:
    """A deep copy that shares what never changes: the suite and its tables."""
    kernel = getattr(env.unwrapped, "kernel", None)
    kept = [getattr(env.unwrapped, "suite", None), getattr(kernel, "contexts", None), getattr(kernel, "bank", None)]
    kept.append(getattr(kept[1], "bank", None))
    return copy.deepcopy(env, {id(thing): thing for thing in kept if thing is not None})


def _unpickled(thing: object) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - bytes that this line has just made


def _ways(env: Env) -> list[tuple[str, Callable[[Any], Any]]]:
    """Ways to copy the env; some of Gymnasium's own wrappers cannot be pickled."""
    ways: list[tuple[str, Callable[[Any], Any]]] = [("A deep copy", copy.deepcopy)]
    if all(_can_be_pickled(kind) for kind in wrappers(env)):
        ways.append(("A pickle", _unpickled))
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


def _copies(make: Make, faults: Faults) -> None:
    """Copies made in the middle of an episode go on alike, and the original does not notice."""
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
        _same(faults, f"{name} in the middle of an episode goes another way than its original", expected, tail)
    _same(faults, "To step a copy moves its original", expected, kept)


# ---------------------------------------------------------------------- seeds
def _seeds(make: Make, faults: Faults) -> None:
    steps = episode_length(make()) + 3
    a, b = make(), make()
    for seed in (0, 1):
        first, second = drive(a, seed, steps), drive(b, seed, steps)
        _same(faults, "One seed gives two episodes", first, second)
        _same(faults, "One seed gives two episodes of one env", first, drive(a, seed, steps))
    used, fresh = make(), make()
    drive(used, 11, steps, choose=9)
    for _ in range(2):
        drive(used, None, 2, choose=3)
    _same(faults, "What was done before changes a seeded episode", drive(fresh, 4, steps), drive(used, 4, steps))


def _hash_seed(make: Make, faults: Faults) -> None:
    env = make()
    steps = episode_length(env) + 3
    text = pickle.dumps(sys.path) + pickle.dumps((env, steps))
    for seed in ("1", "97"):
        run = subprocess.run(
            [sys.executable, "-c", _CHILD], input=text, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        if run.returncode:
            faults.add(f"The env fails in another process: {run.stderr.decode(errors='replace').strip()[-300:]}")
            return
        here = digest(drive(make(), 2, steps))
        same = run.stdout.decode().strip() == here
        faults.expect(same, f"Another process (PYTHONHASHSEED={seed}) gives another episode")


# ---------------------------------------------------------------------- refusals
def _order(make: Make, faults: Faults) -> None:
    env = make()
    action = Driver(make()).env.action_space
    action.seed(0)
    if not getattr(env.unwrapped, "_seeded", False):
        faults.refuses("A step before the first reset", lambda: env.step(action.sample()), (ResetNeeded,))
    if is_vector(env):
        return
    twin = make()
    for one in (env, twin):
        driver, over = Driver(one), False
        while not over:
            outcome = driver.step()
            over = outcome[2] or outcome[3]
    if not outcome[2]:  # a limit from outside, after which the env could go on
        return
    for _ in range(2):
        faults.refuses("A step after the end of an episode", lambda: env.step(driver.action))
    steps = episode_length(env)
    _same(faults, "A step after the end changes the next episode", drive(twin, None, steps), drive(env, None, steps))


def _refusals(make: Make, faults: Faults) -> None:
    """Bad seeds and options are refused, and the episode goes on as if they had not been given."""
    calls: list[tuple[str, dict[str, Any]]] = [(f"The seed {seed!r}", {"seed": seed}) for seed in _BAD_SEEDS]
    calls += [(f"The reset options {options!r}", {"seed": 3, "options": options}) for options in _BAD_OPTIONS]
    twins = [Driver(make()), Driver(make())]
    for what, keywords in calls:
        env = twins[0].env
        if faults.refuses(what, functools.partial(env.reset, **keywords)):
            if not is_limited(env):  # Gymnasium's TimeLimit forgets its count before it asks the env
                _go_on(faults, f"{what} changes the state though refused", twins)
        else:
            twins = [Driver(make()), Driver(make())]


def _actions(make: Make, faults: Faults) -> None:
    """Bad actions are refused, and the episode goes on as if they had not been given."""
    twins = [Driver(make()), Driver(make())]
    for what, action in bad_actions(twins[0].env):
        if twins[0].over:
            _go_on(faults, "An episode after refused actions differs", twins)
        env = twins[0].env
        if faults.refuses(what, functools.partial(env.step, action)):
            _go_on(faults, f"{what} changes the state though refused", twins)
        else:
            twins = [Driver(make()), Driver(make())]


def _go_on(faults: Faults, fault: str, twins: list[Driver]) -> None:
    moved, expected = (snapshot(driver.step()) for driver in twins)
    _same(faults, fault, expected, moved)


def _same(faults: Faults, fault: str, expected: object, got: object) -> None:
    where = difference(expected, got)
    faults.expect(where is None, f"{fault} (at {where})")


# ---------------------------------------------------------------------- what is handed out
def _aliases(make: Make, faults: Faults) -> None:
    """What was handed out is never written nor handed out again, and may be overwritten by whoever has it."""
    env, spoilt, twin = Driver(make()), Driver(make()), Driver(make())
    given, kept = [env.first], [snapshot(env.first)]
    spoil(spoilt.first)
    for _ in range(episode_length(env.env) + 3):
        outcome = env.step()
        with faults.guard("To look for what is handed out twice"):
            place = shared(given[-1], outcome)
            faults.expect(place is None, f"Two steps hand out one object, at {place}")
        given.append(outcome)
        kept.append(snapshot(outcome))
        changed, expected = spoilt.step(), snapshot(twin.step())
        _same(faults, "To overwrite what was handed out changes later steps", expected, snapshot(changed))
        spoil(changed)
        _spoil_views(spoilt.env)
        if isinstance(spoilt.action, np.ndarray):
            spoilt.action[...] = 0
    for before, now in zip(kept, given, strict=True):
        _same(faults, "What was handed out is written again by later steps", before, snapshot(now))


def _spoil_views(env: Env) -> None:
    inner = env.unwrapped
    views: list[Any] = []
    if hasattr(inner, "history"):
        history = inner.history(0) if is_vector(env) else inner.history()
        views += [trial.config for trial in history]
    if getattr(codec_of(env), "pool", False):
        views.append(inner.action_masks())
    for _, view in list(mutable(views)):
        if view is not views:
            spoil(view)


# ---------------------------------------------------------------------- pictures
def _render(make: Make, faults: Faults) -> None:
    env = make()
    modes = env.metadata.get("render_modes")
    if not faults.expect(isinstance(modes, list) and modes, "`metadata['render_modes']` is not a list of names"):
        return
    kind = type(env.unwrapped)
    suite = getattr(env.unwrapped, "suite", None)
    if suite is not None:
        faults.refuses("The render mode 'no such mode'", lambda: kind(suite=suite, render_mode="no such mode"))
    for mode in modes:
        drawn, twin = Driver(make()), Driver(make())
        drawn.env.unwrapped.render_mode = mode
        for _ in range(2):
            _go_on(faults, f"To render as {mode!r} changes the episode", [drawn, twin])
            with faults.guard(f"To render as {mode!r}"):
                pictures = drawn.env.render()
                for picture in pictures if is_vector(env) else (pictures,):
                    _check_picture(faults, mode, picture)


def _check_picture(faults: Faults, mode: str, picture: object) -> None:
    if mode == "ansi":
        faults.expect(isinstance(picture, str) and picture, "Render mode 'ansi' gives no text")
    elif mode == "rgb_array":
        good = isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.shape[2:] == (3,)
        faults.expect(good, "Render mode 'rgb_array' gives no uint8 array (h, w, 3)")
