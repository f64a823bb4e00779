"""L1: trials per CPU second of the benchmark's loop on AutoML's test tasks, the optimizer's own time left out.

Every run proposes configurations drawn at random, so that a memo does not serve them by design; the first
repeat starts cold.
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import median

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

import hpo_gym
from hpo_gym.bench.rollout import Run, run_batch, run_one
from hpo_gym.trial import Query

FLOORS = {"batched": 100_000, "unbatched": 20_000}
BUDGET = 33


REPEATS = 7


class Replay:
    """Proposes configurations that were drawn beforehand, new ones for each run: what is left is the loop."""

    def __init__(self, task: hpo_gym.Task, count: int, rng: np.random.Generator) -> None:
        pool = task.pool
        assert pool is not None
        self.rows = rng.integers(0, len(pool), (count, BUDGET))
        self.queries = iter([Query(config) for config in task.space.decode(pool[self.rows.reshape(-1)])])
        self.t = -1

    def reset(self, context: object, rng: object) -> None:
        """Go on with the next configurations."""

    def ask(self) -> Query:
        return next(self.queries)

    def tell(self, trial: object) -> None:
        """Learn nothing."""

    def reset_batch(self, contexts: object, rngs: object) -> None:
        self.t = -1

    def ask_batch(self, runs: object) -> tuple[np.ndarray, None]:
        self.t += 1
        return self.rows[:, self.t], None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail below half of a floor")
    given = parser.parse_args()
    tasks = hpo_gym.load_suite("AutoML").tasks("test")
    contexts = [hpo_gym.Context.of(task, BUDGET) for task in tasks]
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"unbatched": [], "batched": []}
    for _ in range(REPEATS):
        replay = Replay(tasks[0], 3 * len(tasks), rng)
        start = time.process_time()
        for i in range(3 * len(tasks)):
            j = i % len(tasks)
            run_one(replay, Run(tasks[j], BUDGET, i), contexts[j], rng)
        found["unbatched"].append(3 * len(tasks) * BUDGET / (time.process_time() - start))
        n = 10 * len(tasks)
        replay = Replay(tasks[0], n, rng)
        start = time.process_time()
        run_batch(replay, list(tasks) * 10, range(n), contexts * 10, [rng] * n, budget=BUDGET, n_init=0)
        found["batched"].append(n * BUDGET / (time.process_time() - start))
    for name, rates in found.items():
        rate = median(rates)
        print(
            f"L1 {name:10s} {rate:12,.0f} trials per CPU second, the median of {REPEATS}, the first {rates[0]:,.0f}; "
            f"floor {FLOORS[name]:,}"
        )
        if given.check and rate < FLOORS[name] / 2:
            raise SystemExit(f"L1 {name} is below half of its floor")


if __name__ == "__main__":
    main()
