"""Stages of `Learners`, as env steps, against steps of CartPole-v1.

A stage is 1,024 steps of control, 4 updates, and 1,600 steps to judge the actor. The env gives signals, observations
and resets too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from measured import Found, Group, Ratios, main

# isort: split
import numpy as np
from cart_pole import against_cart_pole
from timing import Case

from hpo_gym import HPOVectorEnv

KEEP = 8


def env_case(n: int) -> Case:
    """Steps of the env with its defaults, all runs keeping their settings."""
    env = HPOVectorEnv(n, "Learners", autoreset_mode="SAME_STEP")
    env.reset(seed=0)
    actions = np.full(n, KEEP)

    def run(count: int) -> None:
        for _ in range(count):
            env.step(actions)

    run(20)
    return run, n


def measured(sizes: tuple[int, ...], small: bool) -> Found:
    """Each size takes turns with CartPole-v1."""
    return against_cart_pole({f"env n={n}": env_case(n) for n in sizes}, small)


def groups(small: bool) -> Mapping[str, Group]:
    """One run, then many."""
    return {"one": partial(measured, (1,)), **({} if small else {"many": partial(measured, (256,))})}


RATIOS = Ratios("learners", groups)

if __name__ == "__main__":
    main(RATIOS, __doc__)
