"""Epochs of `Schedules` and `Drift` against the bare kernel, and one run against the loop that one would write by hand.

The bare kernel trains and validates the same networks with nothing around it: no signals, accounting or observation.
Episodes go on and on in both, so a reset, which the kernel alone does not have, counts against the env.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from measured import Found, Goal, Group, Ratios, main

# isort: split
import numpy as np
from plain_training import PlainTraining
from timing import Case, against

from hpo_gym import HPOVectorEnv, load_suite
from hpo_gym.problem import batch_of
from hpo_gym.suites import Settings, Trainings

KEEP = 4
SIZES = (64, 1024)
SUITES = ("Schedules", "Drift")
GOALS = {
    **{f"{suite} n=64": Goal(0.8) for suite in SUITES},
    **{f"{suite} n=1024": Goal(0.85) for suite in SUITES},
    "Schedules n=1": Goal(0.4),
}
MIB = "resident MiB"


def env_case(suite: str, n: int) -> Case:
    """Steps of the env with its defaults, all runs keeping their learning rate."""
    env = HPOVectorEnv(n, suite, autoreset_mode="SAME_STEP")
    env.reset(seed=0)
    actions = np.full(n, KEEP)

    def run(count: int) -> None:
        for _ in range(count):
            env.step(actions)

    return run, n


def kernel_case(suite: str, n: int) -> Case:
    """Epochs and validations of as many networks, by the functions that the env calls."""
    batch: Any = batch_of(load_suite(suite).tasks("train"))
    runs: Trainings = batch.progress(n, 25)
    everyone = np.arange(n)
    runs.begin(None, everyone % len(batch.tasks), everyone.astype(np.uint64))
    settings = Settings(np.full(n, 0.01, np.float32), np.full(n, 0.9, np.float32), np.ones(n, np.int64))

    def run(count: int) -> None:
        for _ in range(count):
            runs._trainer.epoch(runs.weights, settings, lambda block: runs._rows(everyone[block]))
            runs._validated(everyone)
            runs.state.epoch[:] += 1

    return run, n


def plain_case() -> Case:
    """The loop by hand."""
    task: Any = load_suite("Schedules").tasks("train")[0]
    training = PlainTraining(task.recipe, task.source)

    def run(count: int) -> None:
        for _ in range(count):
            training.epoch(0.01)

    return run, 1


def measured(name: str, case: Callable[[], Case], anchor: Callable[[], Case], small: bool) -> Found:
    """Both take turns."""
    found = against({name: case()}, anchor(), repeats=5 if small else 11, target=0.2)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {name: {**found[name], MIB: memory}}


def many(suite: str, n: int, small: bool) -> Found:
    """The env against the bare kernel."""
    return measured(f"{suite} n={n}", partial(env_case, suite, n), partial(kernel_case, suite, n), small)


def one(small: bool) -> Found:
    """One run against the loop by hand."""
    return measured("Schedules n=1", partial(env_case, "Schedules", 1), plain_case, small)


def groups(small: bool) -> Mapping[str, Group]:
    """The loop by hand, then the kernel at each size."""
    suites = SUITES[:1] if small else SUITES
    return {"n=1": one, **{f"{suite} n={n}": partial(many, suite, n) for n in SIZES for suite in suites}}


RATIOS = Ratios("schedules", groups, GOALS)

if __name__ == "__main__":
    main(RATIOS, __doc__)
