"""Envs of surrogates against the bare model: the same network asked for as many configurations, with nothing around."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from measured import Found, Goal, Group, Ratios, main

# isort: split
import numpy as np
from timing import Case, against

from hpo_gym import HPOVectorEnv, load_suite
from hpo_gym.suites import SurrogateTask, served

FLOORS = {64: 0.8, 1024: 0.8}
RING = 16


def cases(suite: str, n: int) -> tuple[Case, Case]:
    """The env with its box of actions, and the model at points that it would be asked for."""
    loaded = load_suite(suite)
    tasks = loaded.tasks("train")
    assert isinstance(tasks[0], SurrogateTask)
    model, index = tasks[0].surrogate, np.array([t.index for t in tasks])
    env = HPOVectorEnv(n, loaded, codec="box", autoreset_mode="SAME_STEP", statistics=False)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(RING)]
    rng = np.random.default_rng(0)
    points, at = [loaded.space.sample(rng, n) for _ in range(RING)], index[rng.integers(len(index), size=n)]
    last = np.full(n, model.f - 1)

    def ours(count: int) -> None:
        for i in range(count):
            env.step(actions[i % RING])

    def bare(count: int) -> None:
        for i in range(count):
            model(at, points[i % RING], last)

    return (ours, n), (bare, n)


def measure(suite: str, small: bool) -> Found:
    """Of each number of runs the ratio to the model, and both rates."""
    found = Found()
    for n in FLOORS:
        env, model = cases(suite, n)
        found |= against({f"{suite} n={n}": env}, model, repeats=5 if small else 15, target=0.05 if small else 0.2)
    return found


def groups(small: bool) -> Mapping[str, Group]:
    """All that are served; of a small run the first."""
    return {name: partial(measure, name) for name in (served()[:1] if small else served())}


GOALS = {f"{name} n={n}": Goal(floor) for name in served() for n, floor in FLOORS.items()}
RATIOS = Ratios("surrogates", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
