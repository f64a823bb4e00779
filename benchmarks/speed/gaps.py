"""What an env looks up once and remembers: which row answers an unmeasured one of a task, and what a row is called."""

from __future__ import annotations

from functools import cache

import numpy as np

import hpo_gym
from hpo_gym.suites import TableSuite

AT_ONCE = 1024


@cache
def fill(name: str) -> None:
    """Ask for every row of every training task of a suite, and for its configuration, once.

    Whatever env plays the suite in this process afterwards finds the answers, so that no measurement depends on what
    came before it. A suite without gaps is asked for configurations alone.
    """
    suite = hpo_gym.load_suite(name)
    if not isinstance(suite, TableSuite):
        return
    tasks = suite.tasks("train")
    if not suite.table.measured.all():
        _ask(suite, [task.name for task in tasks])
    for pool in [0] if suite.table.x.ndim == 2 else [task.index for task in tasks]:
        for row in range(suite.table.m):
            suite.table.config(pool, row)


def _ask(suite: TableSuite, names: list[str]) -> None:
    """Propose every row of the tasks."""
    width = min(AT_ONCE, suite.table.m)
    steps = -(-suite.table.m // width)
    env = hpo_gym.HPOVectorEnv(len(names) * width, suite, codec="pool", budget=steps + 1)
    env.reset(seed=0, options={"task": [task for task in names for _ in range(width)]})
    for first in range(0, suite.table.m, width):
        rows = np.minimum(np.arange(first, first + width), suite.table.m - 1)
        env.step(np.tile(rows, len(names)))
