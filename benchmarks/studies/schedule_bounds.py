"""The best of 1,064 schedules on each task of `Schedules` and `Drift`.

    python benchmarks/studies/schedule_bounds.py OUT             # search; what OUT has is not done again
    python benchmarks/studies/schedule_bounds.py OUT --only Drift
    python benchmarks/studies/schedule_bounds.py OUT --install   # write hpo_gym/data/<suite>/found.json

All rules of `schedule_rules.py` are played at random settings, in the worlds of a comparison's first five replicates
(of a training task in the first). Regret on these suites is held against the best that was found in the very world: it
is a bound, and a run may be better. No optimizer is told of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import looks
import numpy as np
from schedule_rules import RANGES, SUITES, drawn

from hpo_builders.files import DATA, update_manifest, write_json
from hpo_gym.base import seeding
from hpo_gym.bench import world_of
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import LAST, Suite
from hpo_gym.suites import FILE, load_suite
from hpo_gym.system import write_files

COUNTS: Mapping[str, int] = {**dict.fromkeys(RANGES, 96), "constant": 40, "random-schedule": 160}
"""How many settings of each rule are played."""
REPLICATES = {"train": 1, "val": 5, "test": 5}


def cells_of(suite: Suite) -> list[tuple[str, int]]:
    """Names of tasks, and replicates."""
    return [(t.name, r) for split, count in REPLICATES.items() for t in suite.tasks(split) for r in range(count)]


def search(suite: Suite, out: Path) -> None:
    """Play what is missing; a rule's best scores are written when all its settings are played."""
    cells, budget = cells_of(suite), int(suite.env["budget"])
    tasks = [suite.task(name) for name, _ in cells]
    worlds = [world_of(suite.name, name, r) for name, r in cells]
    contexts = {task: Context.of(task, budget) for task in tasks}
    out.mkdir(parents=True, exist_ok=True)
    for rule, count in COUNTS.items():
        file = out / f"{suite.name}-{rule}-{suite.data_hash}.json"
        if file.exists():
            continue
        best = np.full(len(cells), -np.inf)
        for i, settings in enumerate(drawn(rule, count)):
            rngs = [seeding.generator(seeding.optimizer_seed(world, rule, {"draw": i})) for world in worlds]
            optimizer: Any = make_optimizer(rule, **settings)
            runs = run_batch(optimizer, tasks, worlds, [contexts[t] for t in tasks], rngs, budget=budget, n_init=0)
            scores = runs.scores()
            best = np.maximum(best, scores[:, -1] if tasks[0].counts == LAST else scores.mean(1))
        write_files(out, {file.name: json.dumps(best.tolist()).encode()})
        print(f"{suite.name} {rule}: {count} settings, mean of the best {best.mean():.4f}", flush=True)


def install(suite: Suite, out: Path) -> None:
    """Write the best of all rules where the suite reads it."""
    cells = cells_of(suite)
    parts = [json.loads((out / f"{suite.name}-{rule}-{suite.data_hash}.json").read_text("utf-8")) for rule in COUNTS]
    found: dict[str, list[float]] = {}
    for (task, _), score in zip(cells, np.max(parts, axis=0).tolist(), strict=True):
        found.setdefault(task, []).append(round(score, 6))
    path = DATA / suite.name / FILE
    path.parent.mkdir(exist_ok=True)
    write_json(path, {"schedules": sum(COUNTS.values()), "data_hash": suite.data_hash, "found": found})
    update_manifest(DATA, [path])


def main() -> None:
    """Search, or install what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of what was found")
    parser.add_argument("--only", choices=SUITES, help="one suite")
    parser.add_argument("--install", action="store_true", help="write the files that the suites read")
    told = parser.parse_args()
    names = SUITES if told.only is None else (told.only,)
    what = f"the best of {sum(COUNTS.values()):,} schedules on each task, which is the zero of regret"
    looks.count(looks.typed(__file__, sys.argv[1:]), names, what, "the suites themselves")
    for name in names:
        (install if told.install else search)(load_suite(name), told.out)


if __name__ == "__main__":
    main()
