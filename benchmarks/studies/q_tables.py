"""The tabular agents: regret on the validation tasks of a suite, and how fast they train, as a table in Markdown.

    python benchmarks/studies/q_tables.py [--suite AutoML] [--trainings 8] [--gamma 0.9] [--agents q-portfolio,sarsa]

Seconds are those of the processor; the regret is the mean over 33 trials, and its error that over trainings.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

import hpo_gym
from hpo_gym.bench import mean_regret

MOVES = 3  # trainings of the agents that move: at most so many
AGENTS: list[tuple[str, dict[str, Any]]] = [
    ("q-learning", {}),
    ("q-learning", {"states": "move"}),
    ("q-portfolio", {}),
    *(
        (name, states)
        for name in ("sarsa", "double-q", "n-step-q")
        for states in ({}, {"states": "configuration"}, {"states": "move"})
    ),
    ("n-step-q", {"n_steps": 5}),
    ("n-step-q", {"n_steps": 5, "states": "configuration"}),
]


def train(agent: Any, suite: hpo_gym.Suite, seed: int) -> tuple[float, int]:
    """Seconds of the processor that a training took, and its trials."""
    tasks, steps = suite.tasks("train"), agent.plan.steps or agent.make_design().usual_steps
    begun = time.process_time()
    agent.train(tasks, np.random.default_rng(seed), steps=steps)
    return time.process_time() - begun, steps


def rows(suite: hpo_gym.Suite, trainings: int, gamma: float | None, only: list[str]) -> Iterator[str]:
    """A line for each agent: mean and standard error over trainings."""
    yield "| agent | regret | trainings | seconds of training | million trials a minute |"
    yield "|---|---|---|---|---|"
    for name, settings in AGENTS:
        if only and name not in only:
            continue
        count = min(trainings, MOVES) if settings.get("states") == "move" else trainings
        found, seconds, rate = [], [], []
        for seed in range(count):
            own = settings if gamma is None else {**settings, "gamma": gamma}
            agent = hpo_gym.make_optimizer(name, **own)
            took, steps = train(agent, suite, seed)
            found.append(mean_regret(agent, suite.tasks("val"), prior=suite.prior()))
            seconds.append(took)
            rate.append(steps / took * 60e-6)
        error = np.std(found, ddof=1) / count**0.5 if count > 1 else np.nan
        told = "".join(f", `{k}={v!r}`".replace("'", '"') for k, v in settings.items())
        yield (
            f"| `{name}`{told} | {np.mean(found):.4f} ± {error:.4f} | {count} | {np.median(seconds):.1f} | "
            f"{np.median(rate):.0f} |"
        )


def main() -> None:
    """Print the table, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="AutoML")
    parser.add_argument("--trainings", type=int, default=8)
    parser.add_argument("--gamma", type=float)
    parser.add_argument("--agents", default="")
    given = parser.parse_args()
    only = [name for name in given.agents.split(",") if name]
    for line in rows(hpo_gym.load_suite(given.suite), given.trainings, given.gamma, only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
