"""Replay of entries of the leaderboard: CPU seconds of 1,000 runs, for each of our entries of `tables-v1`.

A replay reads nothing but choices: it evaluates them on the tables, and checks each. The hash of the protocol, which
reads all tables once, is not in it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from hpo_gym.bench import Entry, named_protocol, records_of

ENTRIES = Path(__file__).resolve().parents[1] / "leaderboard" / "entries" / "tables-v1"
MOST = 2.0
"""CPU seconds of 1,000 runs of 33 full evaluations."""
FULL = "random"


def seconds(path: Path) -> tuple[float, int, int]:
    """Return the CPU seconds of an entry's replay, and its numbers of runs and trials; the faster of two."""
    entry, named = Entry.read(path), named_protocol("tables-v1")
    assert named.hash
    spent = []
    for _ in range(2):
        start = time.process_time()
        records = records_of(entry, named)
        spent.append(time.process_time() - start)
    return min(spent), len(records), sum(len(record.arrays["status"]) for record in records.values())


def main() -> int:
    """Print a line for each entry; 1 if 1,000 full runs take longer than they may."""
    fine = True
    for path in sorted(ENTRIES.glob("*.json")):
        spent, runs, trials = seconds(path)
        of_thousand = 1000 * spent / runs
        print(f"{path.stem:20} {runs} runs, {trials} trials: {spent:.2f} s, {of_thousand:.2f} s of 1,000 runs")
        fine &= path.stem != FULL or of_thousand <= MOST
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
