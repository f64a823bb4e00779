"""How speed depends on the number of runs, of rows and of tasks: steps per CPU second to those of one CartPole-v1.

By number of runs on V1's table, codecs `pool` and `box` and the `history` observer; by rows with 10 tasks and by tasks
with 1,000 rows, 8 columns of floats. Each size has a process of its own, whose memory is told at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fresh import fresh, megabytes
from measured import Found, Goal, Group, Ratios, main

# isort: split
import limit
import numpy as np
from cart_pole import against_cart_pole
from ConfigSpace import ConfigurationSpace
from timing import Case
from vector_env import vector

import hpo_gym

RUNS = tuple(4**i for i in range(9))
ROWS = tuple(10**i for i in range(2, 7))
TASKS = tuple(10**i for i in range(2, 5))  # 10 x 1,000 is among the rows
SMALL = {"n": (1, 64, 256), "rows": (10**4, 10**5), "tasks": (10**3,)}
KINDS = ("pool", "box", "history")
SIZES = {"pool": (1, 1024), "box": (1, 512)}
GOALS = {"rows=100000 box n=512": Goal(0.28, 0.7), "rows=1000000 box n=512": Goal(0.03, 0.14)}


def runner(env: Any, n: int) -> Case:
    """A case that steps `n` runs with uniform actions of the env's codec."""
    rng, space = np.random.default_rng(0), env.single_action_space
    if hasattr(space, "n"):
        ring = rng.integers(0, space.n, (limit.RING, n))
    else:
        ring = rng.uniform(-1, 1, (limit.RING, n, *space.shape)).astype(np.float32)
    env.reset(seed=0)
    return limit.runner(env, list(ring)), n


def by_runs(n: int, small: bool) -> Found:
    """Three envs of `n` runs on V1's table."""
    settings: dict[str, dict[str, Any]] = {"pool": {}, "box": {"codec": "box"}, "history": {"observer": "history"}}
    envs = {kind: vector(n, statistics=True, **settings[kind]) for kind in KINDS}
    found = against_cart_pole({f"n={n} {kind}": runner(env, n) for kind, env in envs.items()}, small)
    return {**found, f"n={n}": {"MB": megabytes()}}


def by_table(name: str, tasks: int, count: int, small: bool) -> Found:
    """A table of `tasks` x `count` random scores: its making, the first step, and vector envs of both codecs."""
    made: dict[str, float] = {}
    suite = _timed(made, "suite s", partial(_suite, tasks, count))
    cases: dict[str, Case] = {}
    for codec, n in ((codec, n) for codec, sizes in SIZES.items() for n in sizes):
        make = partial(hpo_gym.HPOVectorEnv, n, suite, codec=codec, budget=50, autoreset_mode="SAME_STEP")
        case = cases[f"{name} {codec} n={n}"] = runner(_timed(made, "make s", make), n)
        if (codec, n) == ("box", 1):
            _timed(made, "first box step s", partial(case[0], 1))
    found = against_cart_pole(cases, small)
    return {**found, name: {**made, "MB": megabytes()}}


def _suite(tasks: int, count: int) -> Any:
    rng, names = np.random.default_rng(0), [f"t{i}" for i in range(tasks)]
    space = ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(8)})
    points, scores = rng.random((count, 8), dtype=np.float32), rng.random((tasks, count), dtype=np.float32)
    return hpo_gym.table_suite("Made", space, points, scores, tasks=names, splits={"train": names})


def _timed(made: dict[str, float], name: str, call: Callable[[], Any]) -> Any:
    """What a call returns; the CPU seconds of the first of its name are kept."""
    start = time.process_time()
    found = call()
    made.setdefault(name, time.process_time() - start)
    return found


def by_rows(count: int, small: bool) -> Found:
    """10 tasks."""
    return by_table(f"rows={count}", 10, count, small)


def by_tasks(count: int, small: bool) -> Found:
    """1,000 rows."""
    return by_table(f"tasks={count}", count, 1000, small)


def groups(small: bool) -> Mapping[str, Group]:
    """Each size in a process of its own."""
    sizes = SMALL if small else {"n": RUNS, "rows": ROWS, "tasks": TASKS}
    calls = {"n": by_runs, "rows": by_rows, "tasks": by_tasks}
    return {f"{what}={size}": partial(fresh, calls[what], size) for what in sizes for size in sizes[what]}


RATIOS = Ratios("growth", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
