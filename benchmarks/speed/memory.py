"""How much memory long use takes: resident MB after 1,000,000 steps, 10,000 resets and 1,000 makes.

The rule: the first tenth fills what is kept on purpose, what the other nine tenths add is the growth, and more than
4 MB of it is a leak. What the allocator keeps or gives back varies by less. Steps choose rows at random (`pool`) or
propose points that were never proposed before (`box`, 20,000 steps); the envs are AutoML's and those of Functions,
without a table, one run or 64.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fresh import fresh, megabytes
from measured import Found, Goal, Group, Ratios, main

# isort: split
import gymnasium as gym
import numpy as np

import hpo_gym

RUNS, MOST, AIM = 64, 4.0, "grown MB"
COUNTS = {"pool steps": 10**6, "box steps": 20_000, "resets": 10**4, "makes": 1000}
USES = {"AutoML": tuple(COUNTS), "Functions": tuple(COUNTS)[1:]}
SIZES = {1: "one run", RUNS: f"{RUNS} runs"}


def make(suite: str, n: int, codec: str) -> Any:
    """The single env, or that of `n` runs."""
    return gym.make(f"hpo_gym/{suite}-v0", codec=codec) if n == 1 else hpo_gym.HPOVectorEnv(n, suite, codec=codec)


def use(what: str, suite: str, n: int) -> Callable[[int], None]:
    """A function that does something so many times."""
    codec = "pool" if what.startswith("pool") else "box"
    env, rng = make(suite, n, codec), np.random.default_rng(0)
    env.reset(seed=0)

    def steps(count: int) -> None:
        for _ in range(count // 100):
            for action in _actions(env, n, rng):
                _, _, over, _, _ = env.step(action)
                if n == 1 and over:
                    env.reset()

    def resets(count: int) -> None:
        for _ in range(count):
            env.reset()

    def makes(count: int) -> None:
        for _ in range(count):
            make(suite, n, codec).reset(seed=0)

    return {"resets": resets, "makes": makes}.get(what, steps)


def _actions(env: Any, n: int, rng: np.random.Generator) -> Any:
    """100 actions, or 100 arrays of them."""
    space = env.action_space if n == 1 else env.single_action_space
    size = (100,) if n == 1 else (100, n)
    if hasattr(space, "n"):
        return list(rng.integers(0, space.n, size))
    return list(rng.uniform(-1, 1, (*size, *space.shape)).astype(np.float32))


def growth(suite: str, n: int, small: bool) -> Found:
    """Of each use the MB that nine tenths of its count add to the first, and all that the process has then."""
    found: Found = {}
    for what in USES[suite]:
        count = COUNTS[what] // (40 if small else 1)
        run = use(what, suite, n)
        run(count // 10)
        gc.collect()
        start = megabytes()
        run(count - count // 10)
        gc.collect()
        end = megabytes()
        found[f"{suite}, {SIZES[n]}, {what}"] = {AIM: end - start, "MB": end}
    return found


def groups(small: bool) -> Mapping[str, Group]:
    """Each env in a process of its own; a fortieth of all counts if small."""
    return {f"{suite}, {said}": partial(fresh, growth, suite, n) for suite in USES for n, said in SIZES.items()}


GOALS = {f"{suite}, {said}, {what}": Goal(MOST) for suite in USES for said in SIZES.values() for what in USES[suite]}
RATIOS = Ratios("memory", groups, GOALS, less=True, aim=AIM, most=MOST)

if __name__ == "__main__":
    main(RATIOS, __doc__)
