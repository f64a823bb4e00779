"""B2: `ppo-bare` against Stable-Baselines3's PPO on the bridge, both with the same options, networks and updates."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from sb3_bridge import RUNS, STEPS, check, training
from timing import Case, rates
from vector_env import vector

from hpo_agents.ppo_bare import Options, PPOBare
from hpo_gym.sb3 import as_vec_env

FLOORS = {"pool": {"sb3": 1.25}, "box": {"sb3": 1.25}}
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
    """Print both rates of one codec; returns their ratio."""
    cases = {"bare": bare(codec), "sb3": training(as_vec_env(vector(RUNS, codec=codec)))}
    found = rates(cases, repeats=5 if small else 11, target=1.0 if small else 4.0)
    ratio = found["bare"] / found["sb3"]
    print(
        f"{codec:5s} {found['bare']:10,.0f} /s {found['sb3']:10,.0f} /s  "
        f"ratio {ratio:5.2f} floor {FLOORS[codec]['sb3']:.2f}"
    )
    sys.stdout.flush()
    return {"sb3": ratio}


if __name__ == "__main__":
    check(__doc__, measure, FLOORS, MARGIN)
