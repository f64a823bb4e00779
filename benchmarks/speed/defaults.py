"""What the default env of each suite costs: `gym.make(id)` and `HPOVectorEnv(512, suite)` with nothing else said.

Where no suite says otherwise, that is a list of 128 candidates, and the reward `ahead`. Actions are uniform and
prepared. A step, of one run or of all 512 together, is counted in steps of CartPole-v1 that take as long. Beside it
the codec `pool` of one run with the observer `last`, as `single.py` measures it. V1's table is the one of `limit.py`.
What answers unmeasured rows is known beforehand (`gaps.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from measured import SHIPPED, Found, Goal, Group, Ratios, main

# isort: split
import limit
import numpy as np
from cart_pole import ACTIONS, against_cart_pole, stepping
from gaps import fill
from single import V1, case, make
from timing import Case
from vector_env import TABLE

import hpo_gym
from hpo_gym.suites import TableSuite

RUNS = 512
GOALS = {
    "AutoML n=1": Goal(3, 2.3), "SVM n=1": Goal(3, 2.3), "FCNet n=1": Goal(3, 2.3), "Pipelines n=1": Goal(3, 2.3),
    "AutoML n=512": Goal(480, 200), "SVM n=512": Goal(480, 200), "Boosting n=512": Goal(480, 200),
    "Pipelines n=512": Goal(480, 200),
}  # fmt: skip


def cases(suite: str) -> dict[str, Case]:
    """The cases of one suite."""
    if suite != V1:
        fill(suite)
    many = hpo_gym.HPOVectorEnv(RUNS, TABLE if suite == V1 else suite)
    many.reset(seed=0)
    many.action_space.seed(0)
    actions = [many.action_space.sample() for _ in range(limit.RING)]
    found = {
        f"{suite} n=1": stepping(make(suite), list(np.concatenate(actions)[:ACTIONS])),
        f"{suite} n={RUNS}": (limit.runner(many, actions), 1),
    }
    if suite == V1 or isinstance(hpo_gym.load_suite(suite), TableSuite):
        found[f"{suite} pool n=1"] = case(suite)
    return found


def measure(suite: str, small: bool) -> Found:
    """Of each case ``ratio``, the steps of CartPole-v1 that take as long as a step, and ``us``, its microseconds."""
    found = against_cart_pole(cases(suite), small)
    return {case: {"ratio": 1 / f["ratio"], "us": 1e6 / f["rate"]} for case, f in found.items()}


def groups(small: bool) -> Mapping[str, Group]:
    """All suites."""
    return {suite: partial(measure, suite) for suite in (*SHIPPED, V1)}


RATIOS = Ratios("defaults", groups, GOALS, less=True)

if __name__ == "__main__":
    main(RATIOS, __doc__)
