"""Steps as an agent takes them: a new action each, from the first step on, in a process that has played nothing before.

A step is counted in steps of CartPole-v1 that take as long, timed by turns with it. `first` are the first 500 steps,
in which an env looks up what it then remembers (what a row is called); ``ratio``
is of the steps 3,500 to 4,500. Infos are unread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any

from measured import Found, Goal, Group, Ratios, main

# isort: split
import gymnasium as gym
import numpy as np
from fresh import fresh

import hpo_gym

SUITES = ("SVM", "AutoML", "Pipelines", "Boosting", "FCNet", "Curves")
SMALL = ("SVM", "AutoML", "Pipelines")
FIRST, BLOCK, WARM = 500, 100, range(3500, 4500, 100)  # steps
PLAYED: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "default, one run": (1, {}), "box, one run": (1, {"codec": "box"}), "pool, 64 runs": (64, {"codec": "pool"}),
}  # fmt: skip
GOALS = {
    "SVM default, one run": Goal(4, 2.8), "AutoML default, one run": Goal(4, 2.8),
    "Boosting default, one run": Goal(4, 2.8),
    "AutoML pool, 64 runs": Goal(6, 3), "Pipelines pool, 64 runs": Goal(6, 3),
    "AutoML pool, 64 runs, first 500": Goal(12, 6), "Pipelines pool, 64 runs, first 500": Goal(12, 7),
}  # fmt: skip


def playing(env: gym.Env[Any, Any], count: int) -> Callable[[], float]:
    """Return what steps an env `count` times with actions that were never used, and returns the CPU seconds."""
    env.reset(seed=0)
    env.action_space.seed(0)

    def play() -> float:
        actions = [env.action_space.sample() for _ in range(count)]
        start = time.process_time()
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return time.process_time() - start

    return play


def many(env: Any, count: int) -> Callable[[], float]:
    """Return `playing` of a vector env, whose episodes begin anew by themselves."""
    env.reset(seed=0)
    rng, rows = np.random.default_rng(0), int(env.single_action_space.n)

    def play() -> float:
        actions = rng.integers(0, rows, (count, env.num_envs))
        start = time.process_time()
        for action in actions:
            env.step(action)
        return time.process_time() - start

    return play


def played(suite: str, kind: str) -> dict[str, float]:
    """Measure one case; in a fresh process."""
    n, settings = PLAYED[kind]
    anchor = playing(gym.make("CartPole-v1"), 10 * BLOCK)
    if n == 1:
        ours = playing(gym.make(f"hpo_gym/{suite}-v0", **settings), BLOCK)
    else:
        ours = many(hpo_gym.HPOVectorEnv(n, suite, autoreset_mode="SAME_STEP", **settings), BLOCK)
    anchor()
    theirs, mine = zip(*((anchor() / 10, ours()) for _ in range(0, WARM.stop, BLOCK)), strict=True)
    warm = [b / a for a, b in zip(theirs, mine, strict=True)][WARM.start // BLOCK :]
    return {
        "ratio": median(warm),
        "first": sum(mine[: FIRST // BLOCK]) / FIRST * BLOCK / median(theirs),
        "us": 1e6 * median(mine[WARM.start // BLOCK :]) / BLOCK,
        "first us": 1e6 * sum(mine[: FIRST // BLOCK]) / FIRST,
    }


def measure(suite: str, small: bool) -> Found:
    """All cases of a suite; the first steps of many runs are a case of their own."""
    found = {f"{suite} {kind}": fresh(played, suite, kind) for kind in PLAYED}
    many_runs = next(kind for kind, (n, _) in PLAYED.items() if n > 1)
    first = {"ratio": found[f"{suite} {many_runs}"]["first"], "us": found[f"{suite} {many_runs}"]["first us"]}
    for one in found.values():
        del one["first us"]
    return {**found, f"{suite} {many_runs}, first {FIRST}": first}


def groups(small: bool) -> Mapping[str, Group]:
    """Six suites, of which a small run plays three."""
    return {suite: partial(measure, suite) for suite in (SMALL if small else SUITES)}


RATIOS = Ratios("fresh_actions", groups, GOALS, less=True)

if __name__ == "__main__":
    main(RATIOS, __doc__)
