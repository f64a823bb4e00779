"""L1: trials per CPU second of the benchmark's loop, the optimizer's own time left out."""

from __future__ import annotations

import argparse
import os
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

import hpo_gym
from hpo_gym.bench.rollout import Run, context_of, run_batch, run_one
from hpo_gym.trial import Query

FLOORS = {"batched": 100_000, "unbatched": 20_000}
BUDGET = 33


class Replay:
    """Proposes prepared configurations: what is left is the loop."""

    def __init__(self, task: hpo_gym.Task) -> None:
        pool = task.pool
        assert pool is not None
        self.rows = np.random.default_rng(0).permutation(len(pool))[: 4 * BUDGET]
        self.queries = [Query(config) for config in task.space.decode(pool[self.rows])]

    def reset(self, context: object, rng: object) -> None:
        self.next = iter(self.queries)

    def ask(self) -> Query:
        return next(self.next)

    def tell(self, trial: object) -> None:
        pass

    def reset_batch(self, contexts: object, rngs: object) -> None:
        self.t = 0

    def ask_batch(self, runs: object) -> tuple[np.ndarray, None]:
        self.t += 1
        return np.full(runs.n, self.rows[self.t]), None  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail below half of a floor")
    given = parser.parse_args()
    tasks = hpo_gym.load_suite("AutoML").tasks("test")
    contexts = [context_of(task, BUDGET, ()) for task in tasks]
    rng = np.random.default_rng(0)
    found = {"unbatched": 0.0, "batched": 0.0}
    for _ in range(5):
        replay, start, runs = Replay(tasks[0]), time.process_time(), 300
        for seed in range(runs):
            run_one(replay, Run(tasks[0], BUDGET, seed), contexts[0], rng)
        found["unbatched"] = max(found["unbatched"], runs * BUDGET / (time.process_time() - start))
        start, n = time.process_time(), 10 * len(tasks)
        run_batch(replay, list(tasks) * 10, range(n), contexts * 10, [rng] * n, budget=BUDGET, n_init=0)
        found["batched"] = max(found["batched"], n * BUDGET / (time.process_time() - start))
    for name, rate in found.items():
        print(f"L1 {name:10s} {rate:12,.0f} trials per CPU second, floor {FLOORS[name]:,}")
        if given.check and rate < FLOORS[name] / 2:
            raise SystemExit(f"L1 {name} is below half of its floor")


if __name__ == "__main__":
    main()
