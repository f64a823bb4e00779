"""B1: Stable-Baselines3's PPO on the bridge, against an env that does nothing and against `DummyVecEnv`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import limit
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor
from timing import Case, rates, short
from vector_env import TABLE, vector

import hpo_gym
from hpo_gym.sb3 import as_vec_env
from hpo_gym.system import keep_memory

RUNS, STEPS = 512, 8
FLOORS = {"pool": {"no-op": 0.95, "DummyVecEnv": 1.2}, "box": {"no-op": 0.85, "DummyVecEnv": 1.2}}
# by codec; each action of "box" is answered by the nearest of 1,000 rows, which no bridge can make free
MARGIN = 0.85  # what `--check` allows: a short run on a shared machine


class Nothing(VecEnv):
    """An env that costs nothing: the same arrays at every step, an episode that ends after the budget."""

    def __init__(self, like: hpo_gym.HPOVectorEnv) -> None:
        self.obs = np.zeros((like.num_envs, *like.single_observation_space.shape), np.float32)
        self.rewards, self.t = np.zeros(like.num_envs, np.float32), 0
        super().__init__(like.num_envs, like.single_observation_space, like.single_action_space)

    def reset(self) -> Any:
        return self.obs

    def step_async(self, actions: Any) -> None:
        self.t += 1

    def step_wait(self) -> Any:
        over = self.t % limit.BUDGET == 0
        infos = [{"terminal_observation": self.obs[0]} if over else {} for _ in range(self.num_envs)]
        return self.obs, self.rewards, np.full(self.num_envs, over), infos

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None: ...

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **keywords: Any) -> list[Any]:
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs

    def close(self) -> None: ...


def training(env: VecEnv) -> Case:
    """A case that trains PPO: 512 runs, batches of 4096, 4 epochs."""
    model = PPO("MlpPolicy", env, n_steps=STEPS, batch_size=RUNS * STEPS, n_epochs=4, device="cpu", seed=0)
    model.learn(RUNS * STEPS)

    def run(count: int) -> None:
        model.learn(count * RUNS * STEPS, reset_num_timesteps=False)

    return run, RUNS * STEPS


def measure(codec: str, small: bool) -> dict[str, float]:
    """Print the ratios of one codec and return them by anchor."""

    def single() -> hpo_gym.HPOEnv:
        return hpo_gym.HPOEnv(TABLE, codec=codec, budget=limit.BUDGET)

    cases = {
        "bridge": training(as_vec_env(vector(RUNS, codec=codec))),
        "no-op": training(VecMonitor(Nothing(vector(RUNS, codec=codec)))),
        "DummyVecEnv": training(VecMonitor(DummyVecEnv([single] * RUNS))),
    }
    found = rates(cases, repeats=5 if small else 11, target=0.5 if small else 2.0)
    ratios = {name: found["bridge"] / found[name] for name in FLOORS[codec]}
    for name, floor in FLOORS[codec].items():
        print(
            f"{codec:5s} {name:12s} {found['bridge']:10,.0f} /s {found[name]:10,.0f} /s  "
            f"ratio {ratios[name]:6.2f} floor {floor:.2f}"
        )
    sys.stdout.flush()
    return ratios


def check(
    about: str | None, measure: Callable[[str, bool], Mapping[str, float]],
    floors: Mapping[str, Mapping[str, float]], margin: float,
) -> None:  # fmt: skip
    """Print the table of a program; with `--check`, fail below a floor less its margin.

    Args:
        about: Description of the program.
        measure: Prints the ratios of a codec, and returns them; in a short version or not.
        floors: Of the ratios, by codec.
        margin: Share of a floor that a short run on a shared machine must reach.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--small", action="store_true", help="a short version")
    parser.add_argument("--check", action="store_true", help="fail below the floors, with a margin")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    below = [
        f"{codec} {name}"
        for codec, own in floors.items()
        for name in short(partial(measure, codec, options.small), own, margin)
    ]
    if options.check and below:
        sys.exit(f"below the floor: {', '.join(below)}")


if __name__ == "__main__":
    check(__doc__, measure, FLOORS, MARGIN)
