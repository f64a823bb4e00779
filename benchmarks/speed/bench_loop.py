"""L1: trials per CPU second of the benchmark's loop on AutoML's test tasks, the optimizer's own time left out.
L2: what a cell of `hpo-gym bench` costs there, in steps of CartPole-v1 and in bytes.

In L1, every run proposes configurations drawn at random, so that a memo does not serve them by design; the first
repeat starts cold. In L2, `random`, `default` and `portfolio` run 33 trials a cell, and all is done that the command
does: trials are chosen, evaluated and stored, the report is written. Slices of CartPole come before and after.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import gymnasium as gym
import numpy as np

import hpo_gym
from hpo_gym.bench import benchmark
from hpo_gym.optimize import Run, run_batch, run_one
from hpo_gym.problem import Query

FLOORS = {"batched": 100_000, "unbatched": 20_000}
MOST = {"steps": 85, "bytes": 1_000}
BUDGET = 33
REPEATS = 7
SEEDS, FEW_SEEDS, CELLS_REPEATS = 80, 8, 3
CARTPOLE = 20_000


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


def cartpole() -> float:
    """CPU seconds of a step of Gymnasium's CartPole-v1 with random actions, episodes reset."""
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    actions = np.random.default_rng(0).integers(0, 2, CARTPOLE).tolist()
    start = time.process_time()
    for action in actions:
        _, _, ended, truncated, _ = env.step(action)
        if ended or truncated:
            env.reset()
    return (time.process_time() - start) / CARTPOLE


def cells(seeds: int) -> tuple[float, float, float]:
    """Of a cell of `hpo-gym bench`: steps of CartPole, CPU milliseconds, bytes of the results' folder."""
    count = 3 * seeds * len(hpo_gym.load_suite("AutoML").tasks("test"))
    with tempfile.TemporaryDirectory() as name:
        before = cartpole()
        start = time.process_time()
        benchmark("random", "AutoML", budget=BUDGET, seeds=seeds, out=Path(name, "out"))
        seconds = (time.process_time() - start) / count
        size = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
    return seconds / ((before + cartpole()) / 2), 1e3 * seconds, size / count


def measure_cells(check: bool) -> None:
    """L2."""
    seeds = FEW_SEEDS if check else SEEDS
    with tempfile.TemporaryDirectory() as name:  # what is imported on use
        benchmark("random", "AutoML", budget=1, seeds=1, tasks=2, out=Path(name, "out"))
    found = sorted(cells(seeds) for _ in range(CELLS_REPEATS))
    steps, ms, size = found[CELLS_REPEATS // 2]
    print(
        f"L2 {381 * seeds:,} cells: {steps:.0f} steps of CartPole-v1 a cell ({ms:.2f} ms), the median of "
        f"{CELLS_REPEATS}; at most {MOST['steps']}; {size:.0f} bytes a cell, at most {MOST['bytes']:,}"
    )
    if check and (steps > 2 * MOST["steps"] or size > MOST["bytes"]):
        raise SystemExit("L2 takes more than twice the steps or more than the bytes that it may")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fewer cells; fail below half of a floor")
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
    measure_cells(given.check)


if __name__ == "__main__":
    main()
