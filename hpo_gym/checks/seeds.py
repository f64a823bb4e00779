"""One seed gives one episode: in a fresh env and a used one, under other actions, and in another process."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.checks.choices import actions
from hpo_gym.checks.drive import Env, Make, drive, episode_length, history_of, is_vector
from hpo_gym.checks.elsewhere import elsewhere
from hpo_gym.checks.faults import Faults, difference, snapshot

_EPISODES = 5
_SOME = 15  # steps


def check_seeds(make: Make, faults: Faults) -> None:
    """Check that episodes of one seed are alike, whatever happened before."""
    whole = episode_length(make()) + 3
    some = min(whole, _SOME)
    a, b = make(), make()
    for seed, steps in ((0, whole), (1, some)):
        first, second = drive(a, seed, steps), drive(b, seed, steps)
        faults.same("One seed gives two episodes", first, second)
        faults.same("One seed gives two episodes of one env", first, drive(a, seed, steps))
    used, fresh = make(), make()
    drive(used, 11, whole, choose=9)
    for _ in range(2):
        drive(used, None, 2, choose=3)
    faults.same("What was done before changes a seeded episode", drive(fresh, 4, some), drive(used, 4, some))


def check_other_actions(make: Make, faults: Faults) -> None:
    """Check that actions do not change the beginnings of the next episodes."""
    env = make()
    if is_vector(env):  # of vector envs each run is held against a single env
        return
    one, other = (_beginnings(make(), choose) for choose in (5, 30))
    for begun, there in zip(one, other, strict=True):
        if not faults.same("One seed under other actions gives other tasks or first observations", begun, there):
            return


def _beginnings(env: Env, choose: int) -> list[Any]:
    """Return the beginnings of successive episodes, each left after a number of steps from the actions' seed."""
    chosen, out = actions(env, choose), []
    steps = np.random.default_rng(choose).integers(1, episode_length(env) + 1, _EPISODES)
    for episode in range(_EPISODES):
        opening = env.reset(seed=6 if episode == 0 else None)
        out.append([*snapshot(opening), snapshot([t.config for t in history_of(env)])])
        for _ in range(steps[episode]):
            outcome = env.step(next(chosen))
            if outcome[2] or outcome[3]:
                break
    return out


def check_hash_seed(make: Make, faults: Faults) -> None:
    """Other processes, with other hash seeds of Python, give the same episode."""
    env = make()
    steps = episode_length(env) + 3
    for where, there in elsewhere("The env", faults, drive, env, 2, steps).items():
        alike = difference(drive(make(), 2, steps), there) is None
        faults.expect(alike, f"{where} gives another episode")
