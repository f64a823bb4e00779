"""V1 on every table suite that ships: our vector env against the same look-ups in bare NumPy, on the same table.

Where a suite keeps seeds, the anchor draws one of them for each evaluation, as its generator gives it; ours are drawn
by key, so that an evaluation gives the same score whenever and wherever it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

from measured import SHIPPED, Found, Goal, Group, Ratios, main

# isort: split
import limit
import numpy as np
from timing import Case, against

import hpo_gym
from hpo_gym.suites import TableSuite

FLOORS = {64: 0.4, 1024: 0.5, 16384: 0.7}
BUDGET = 50


@cache
def tables() -> dict[str, TableSuite]:
    """The table suites that ship."""
    every = {name: hpo_gym.load_suite(name) for name in SHIPPED}
    return {name: suite for name, suite in every.items() if isinstance(suite, TableSuite)}


def cases(suite: TableSuite, n: int) -> tuple[Case, Case]:
    """Our env and its anchor on the training tasks of a suite; rows are drawn of those that all tasks have."""
    tasks = suite.tasks("train")
    env = hpo_gym.HPOVectorEnv(n, suite, codec="pool", budget=BUDGET, autoreset_mode="SAME_STEP", statistics=False)
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    everywhere = np.flatnonzero(suite.table.measured[[t.index for t in tasks]].all(0))
    ring = list(rng.choice(everywhere if everywhere.size else suite.table.m, (limit.RING, n)))
    index = [t.index for t in tasks]
    repeats = None if suite.table.repeats is None else suite.table.repeated[0][index, :, -1]
    points = suite.table.x if suite.table.x.ndim == 2 else suite.table.x[index]
    anchor = limit.Last(n, points, suite.table.finite[index, :, -1], repeats, BUDGET)
    return (limit.runner(env, ring), n), (limit.runner(anchor, ring), n)


def measure(name: str, small: bool) -> Found:
    """Of each number of runs the ratio to the anchor, and both rates."""
    suite, found = tables()[name], Found()
    for n in FLOORS:
        ours, anchor = cases(suite, n)
        found |= against({f"{name} n={n}": ours}, anchor, repeats=5 if small else 15, target=0.03 if small else 0.1)
    return found


def groups(small: bool) -> Mapping[str, Group]:
    """All table suites."""
    return {name: partial(measure, name) for name in tables()}


GOALS = {f"{name} n={n}": Goal(floor) for name in tables() for n, floor in FLOORS.items()}
RATIOS = Ratios("suites", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
