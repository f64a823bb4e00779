"""V1 on every table suite that ships: our vector env against the same look-ups in bare NumPy, on the same table.

Where a suite keeps seeds, the anchor draws one of them for each evaluation, as its generator gives it; ours are drawn
by key, so that an evaluation gives the same score whenever and wherever it is made.
"""

from __future__ import annotations

import argparse
import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import limit
import numpy as np
from timing import Case, rates

import hpo_gym
from hpo_gym.suite import SUITES
from hpo_gym.tables.suite import TableSuite

FLOORS = {64: 0.4, 1024: 0.5, 16384: 0.7}
MARGIN = 0.75  # what `--check` allows: a short run on a shared machine
BUDGET = 50


def cases(suite: TableSuite, n: int) -> dict[str, Case]:
    """Our env and its anchor on the training tasks of a suite; rows are drawn of those that all tasks have."""
    tasks = suite.tasks("train")
    env = hpo_gym.HPOVectorEnv(n, suite, codec="pool", budget=BUDGET, autoreset_mode="SAME_STEP", statistics=False)
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    everywhere = np.flatnonzero(suite.table.measured[[t.index for t in tasks]].all(0))
    ring = list(rng.choice(everywhere if everywhere.size else suite.table.m, (limit.RING, n)))
    index = [t.index for t in tasks]
    repeats = None if suite.table.repeats is None else suite.table.repeated[0][index, :, -1]
    anchor = limit.Last(n, suite.table.x, suite.table.served[index, :, -1], repeats, BUDGET)
    return {"ours": (limit.runner(env, ring), n), "anchor": (limit.runner(anchor, ring), n)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help="all that ship, if none is named")
    parser.add_argument("--small", action="store_true", help="short slices")
    parser.add_argument("--check", action="store_true", help="fail below the floors, with a margin")
    given = parser.parse_args()
    slow: list[str] = []
    names = given.suites or [n for n in SUITES.names() if isinstance(hpo_gym.load_suite(n), TableSuite)]
    print("| suite | n | ours, steps / CPU s | anchor, steps / CPU s | ratio | floor |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in names:
        suite = hpo_gym.load_suite(name)
        assert isinstance(suite, TableSuite)
        for n, floor in FLOORS.items():
            for last in (not given.check, True):  # a short run that was disturbed is measured once more
                found = rates(cases(suite, n), repeats=7 if given.small else 15, target=0.03 if given.small else 0.1)
                ratio = found["ours"] / found["anchor"]
                print(f"| {name} | {n:,} | {found['ours']:,.0f} | {found['anchor']:,.0f} | {ratio:.2f} | {floor} |")
                sys.stdout.flush()
                if last or ratio >= MARGIN * floor:
                    break
            slow += [f"{name} n={n}"] if ratio < MARGIN * floor else []
    if given.check and slow:
        sys.exit(f"below {MARGIN} of the floor: {', '.join(slow)}")


if __name__ == "__main__":
    main()
