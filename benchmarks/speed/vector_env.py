"""V1-V6, V8: speed of the vector env against the bare NumPy limit and against Gymnasium's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from measured import Found, Goal, Group, Ratios, main

# isort: split
import gymnasium as gym
import limit
import numpy as np
from ConfigSpace import ConfigurationSpace
from gymnasium.vector import SyncVectorEnv
from timing import Case, against

import hpo_gym

GOALS = {
    "V1 n=64": Goal(0.5, 0.6), "V1 n=1024": Goal(0.72, 0.8), "V1 n=16384": Goal(0.88, 0.95),
    "V1r n=64": Goal(0.25, 0.3), "V1r n=1024": Goal(0.4, 0.45), "V1r n=16384": Goal(0.5, 0.6),
    "V2 n=64": Goal(0.5), "V2 n=1024": Goal(0.5), "V3 n=64": Goal(25.0), "V3 n=1024": Goal(80.0),
    "V4 n=1024": Goal(2.0), "V5 n=1024": Goal(0.45), "V5 stops": Goal(0.3, 0.4), "V6 n=1024": Goal(0.8),
    "V8 n=1024": Goal(1.0),
}  # fmt: skip


def suite() -> hpo_gym.Suite:
    """The table of the limit as a suite: all tasks train."""
    space = ConfigurationSpace({f"x{j}": (0.0, 1.0) for j in range(limit.D)})
    names = [f"t{i}" for i in range(limit.TASKS)]
    return hpo_gym.table_suite("Limit", space, limit.POINTS, limit.SCORES, tasks=names, splits={"train": names})


def vector(n: int, **keywords: Any) -> Any:
    """Our vector env on the limit's table, reset."""
    settings: dict[str, Any] = {
        "codec": "pool",
        "budget": limit.BUDGET,
        "autoreset_mode": "SAME_STEP",
        "statistics": False,
    }
    settings |= keywords
    env = hpo_gym.HPOVectorEnv(n, TABLE, **settings)
    env.reset(seed=0)
    return env


def ours(n: int, **keywords: Any) -> Case:
    """A case that steps our vector env."""
    return limit.runner(vector(n, **keywords), limit.actions(n)), n


def reading(n: int) -> Case:
    """A case with all that can be on: episode statistics, and every info read at every step."""
    env, ring = vector(n, statistics=True), limit.actions(n)

    def run(count: int) -> None:
        for i in range(count):
            dict(env.step(ring[i % limit.RING])[4].items())

    return run, n


def staggered(n: int, stops: float) -> Case:
    """A case whose episodes are out of step, so that some end at every step.

    In the first episode each run stops at a random time; after that a share `stops` of all actions stop.
    """
    env = vector(n, codec={"name": "pool", "stop": True})
    rng = np.random.default_rng(0)
    for _ in range(3 * limit.BUDGET):
        env.step(np.where(rng.random(n) < 0.03, limit.ROWS, rng.integers(0, limit.ROWS, n)))
    ring = [np.where(rng.random(n) < stops, limit.ROWS, a) for a in limit.actions(n)]
    return limit.runner(env, ring), n


def synchronous(n: int) -> Case:
    """A case that steps Gymnasium's SyncVectorEnv of our single env."""
    env = SyncVectorEnv([lambda: hpo_gym.HPOEnv(TABLE, codec="pool", budget=limit.BUDGET)] * n)
    env.reset(seed=0)
    return limit.runner(env, limit.actions(n)), n


def cart_poles(n: int) -> Case:
    """A case that steps Gymnasium's CartPole vector env."""
    env = gym.make_vec("CartPole-v1", num_envs=n, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    return limit.runner(env, list(rng.integers(0, 2, (limit.RING, n)))), n


def bare(n: int) -> Case:
    """The limit of V1."""
    return limit.runner(limit.Last(n), limit.actions(n)), n


def lockstep() -> Case:
    """V5's anchor: the same codec, nobody stops."""
    return ours(1024, codec={"name": "pool", "stop": True})


Makers = dict[str, tuple[Callable[[], Case], Callable[[], Case]]]
"""Our case and its anchor, by name."""


def makers() -> Makers:
    """All cases."""
    found: Makers = {}
    for n in (64, 1024, 16384):
        found[f"V1 n={n}"] = (partial(ours, n), partial(bare, n))
        found[f"V1r n={n}"] = (partial(reading, n), partial(bare, n))
    for n in (64, 1024):
        found[f"V2 n={n}"] = (
            partial(ours, n, observer="history"),
            lambda n=n: (limit.runner(limit.History(n), limit.actions(n)), n),
        )
        found[f"V3 n={n}"] = (partial(ours, n), partial(synchronous, n))
    found["V4 n=1024"] = (partial(ours, 1024), partial(cart_poles, 1024))
    found["V5 n=1024"] = (partial(staggered, 1024, 0.0), lockstep)
    found["V5 stops"] = (partial(staggered, 1024, 0.01), lockstep)
    found["V6 n=1024"] = (partial(ours, 1024, statistics=True), partial(ours, 1024))
    found["V8 n=1024"] = (partial(ours, 1024, observer="summary"), partial(cart_poles, 1024))
    return found


def measure(name: str, small: bool) -> Found:
    """The ratio of a case to its anchor, and both rates."""
    case, anchor = makers()[name]
    return dict(against({name: case()}, anchor(), repeats=7 if small else 15, target=0.03 if small else 0.1))


def groups(small: bool) -> Mapping[str, Group]:
    """Each case with its anchor."""
    return {name: partial(measure, name) for name in makers()}


TABLE = suite()
RATIOS = Ratios("vector_env", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
