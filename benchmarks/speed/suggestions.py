"""What a suggestion of "auto" costs, ask and tell together: `python benchmarks/speed/suggestions.py`.

Processor milliseconds in the space of `Boosting` (13 hyperparameters), without earlier tasks, with three, and with all
of its training split, over all trials of a run and over the last tenth.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.optimize import Context, make_optimizer
from hpo_gym.problem import Evaluations, Trial
from hpo_gym.suites import load_suite

SUITE = load_suite("Boosting")


def costs(name: str, trials: int, prior: Sequence[Evaluations]) -> NDArray[np.float64]:
    """Processor milliseconds of each suggestion, ``(trials,)``; the score is a noisy bowl."""
    space, rng, out = SUITE.space, np.random.default_rng(1), []
    optimizer = make_optimizer(name)
    optimizer.reset(Context(space, float(trials), prior=prior, starts=1), np.random.default_rng(0))
    for _ in range(trials):
        start = time.process_time()
        query = optimizer.ask()
        asked = time.process_time() - start
        assert query is not None
        score = -float(np.square(space.to_unit(query.config) - 0.4).sum()) + 0.01 * rng.normal()
        start = time.process_time()
        optimizer.tell(Trial(query, score))
        out.append(1e3 * (asked + time.process_time() - start))
    return np.array(out)


if __name__ == "__main__":
    known = SUITE.prior()
    print("| earlier tasks | optimizer | trials | median | p95 | p95, last tenth |\n|---:|---|---:|---:|---:|---:|")
    for name, prior in (("gp-ei", ()), ("gp-fade", known[:3]), ("gp-fade", known), ("transfer-mix", known)):
        costs(name, 5, prior)  # what is loaded and learned once
        for trials in (33, 300):
            ms = costs(name, trials, prior)
            late = np.quantile(ms[-trials // 10 :], 0.95)
            cells = f"{np.median(ms):.1f} | {np.quantile(ms, 0.95):.1f} | {late:.1f}"
            print(f"| {len(prior)} | `{name}` | {trials} | {cells} |", flush=True)
