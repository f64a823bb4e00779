"""B2: `ppo-bare` against Stable-Baselines3's PPO on the bridge, both with the same options, networks and updates."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from functools import partial

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch
from sb3_bridge import RUNS, STEPS, training
from timing import Case, rates, short
from vector_env import vector

from hpo_agents.ppo_bare import Options, PPOBare
from hpo_gym.sb3 import as_vec_env
from hpo_gym.system import keep_memory

FLOORS = {"pool": 1.25, "box": 1.25}
MARGIN = 0.9  # what `--check` allows: a short run on a shared machine


def bare(codec: str) -> Case:
    """A case that does what `sb3_bridge.training` does: two layers of 64, 512 runs, batches of 4096, 4 epochs."""
    options = Options(n_steps=STEPS, batch_size=RUNS * STEPS, n_epochs=4)  # the other defaults are theirs
    agent = PPOBare(codec=codec, observer="last", network=[64, 64], algorithm=asdict(options))
    learner = agent.make_learner(vector(RUNS, codec=codec), 0, None)

    def run(count: int) -> None:
        learner.advance(count * RUNS * STEPS, 0, 0.0, lambda _: None)

    return run, RUNS * STEPS


def measure(codec: str, small: bool) -> dict[str, float]:
    """Print both rates of one codec; returns their ratio, by codec."""
    cases = {"bare": bare(codec), "sb3": training(as_vec_env(vector(RUNS, codec=codec)))}
    found = rates(cases, repeats=5 if small else 11, target=1.0 if small else 4.0)
    ratio = found["bare"] / found["sb3"]
    print(
        f"{codec:5s} {found['bare']:10,.0f} /s {found['sb3']:10,.0f} /s  ratio {ratio:5.2f} floor {FLOORS[codec]:.2f}"
    )
    sys.stdout.flush()
    return {codec: ratio}


def main() -> None:
    """Print the table; with `--check`, fail below a floor less its margin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a short version")
    parser.add_argument("--check", action="store_true", help="fail below the floors, with a margin")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    below = [name for codec in FLOORS for name in short(partial(measure, codec, options.small), FLOORS, MARGIN)]
    if options.check and below:
        sys.exit(f"below the floor: {', '.join(below)}")


if __name__ == "__main__":
    main()
