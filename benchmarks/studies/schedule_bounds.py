"""The best of 1,064 schedules on each task of `Schedules` and `Drift`.

    python benchmarks/studies schedule_bounds      # search; finished rules are not played again
    python benchmarks/studies/schedule_bounds.py   # write hpo_gym/data/<suite>/found.json

All rules of `schedule_rules.py` are played at random settings, in the instances of a comparison's first five replicates
(of a training task in the first). Regret on these suites is relative to the best that was found in the very instance:
it is a bound, and a run may be better. It is picked by the rows that judge it, so luck in part: no measure of what
control could gain. No optimizer observes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import frame
import numpy as np
from looks import Look
from schedule_rules import RANGES, SUITES, drawn

from hpo_builders.files import DATA, update_manifest, write_json
from hpo_gym.base import seeding
from hpo_gym.bench import instance_of
from hpo_gym.optimize import Context, make_optimizer, run_batch
from hpo_gym.problem import LAST, Suite
from hpo_gym.suites import FILE, load_suite

LOOKS = Look("the best of 1,064 schedules on each task, which is the zero of regret", "the suites themselves", SUITES)
COUNTS: Mapping[str, int] = {**dict.fromkeys(RANGES, 96), "constant": 40, "random-schedule": 160}
"""Settings of each rule."""
REPLICATES = {"train": 1, "val": 5, "test": 5}


cells = frame.grid(SUITES, COUNTS)


def cell(suite: str, rule: str, count: int | None = None) -> list[float]:
    """Return the best score of a rule's settings on each task and replicate."""
    loaded = load_suite(suite)
    places, budget = places_of(loaded), int(loaded.env["budget"])
    tasks = [loaded.task(name) for name, _ in places]
    instances = [instance_of(suite, name, r) for name, r in places]
    contexts = {task: Context.of(task, budget) for task in tasks}
    best = np.full(len(places), -np.inf)
    for i, settings in enumerate(drawn(rule, count or COUNTS[rule])):
        rngs = [seeding.generator(seeding.optimizer_seed(instance, rule, {"draw": i})) for instance in instances]
        optimizer: Any = make_optimizer(rule, **settings)
        runs = run_batch(optimizer, tasks, instances, [contexts[t] for t in tasks], rngs, budget=budget, n_init=0)
        scores = runs.scores()
        best = np.maximum(best, scores[:, -1] if tasks[0].counts == LAST else scores.mean(1))
    return [float(b) for b in best]


def again(_: Any) -> tuple[Any, Any]:
    """Play a few settings of two rules anew: none may be better than the stored best of all."""
    better = 0
    for suite, rule in (("Schedules", "cosine"), ("Drift", "plateau")):
        best = known(load_suite(suite))
        better += sum(now > then + 1e-6 for now, then in zip(cell(suite, rule, 3), best, strict=True))
    return better, 0


def places_of(suite: Suite) -> list[tuple[str, int]]:
    """Return names of tasks, and replicates."""
    return [(t.name, r) for split, count in REPLICATES.items() for t in suite.tasks(split) for r in range(count)]


def known(suite: Suite) -> list[float]:
    """Return the installed best scores, in the order of `places_of`."""

    found = json.loads((DATA / suite.name / FILE).read_text("utf-8"))["found"]
    return [found[task][replicate] for task, replicate in places_of(suite)]


def install() -> None:
    """Write the best of all rules where the suites read it."""

    for name, parts in frame.stored("schedule_bounds").items():
        suite = load_suite(name)
        found: dict[str, list[float]] = {}
        for (task, _), score in zip(places_of(suite), np.max(list(parts.values()), axis=0).tolist(), strict=True):
            found.setdefault(task, []).append(round(score, 6))
        path = DATA / name / FILE
        path.parent.mkdir(exist_ok=True)
        write_json(path, {"schedules": sum(COUNTS.values()), "data_hash": suite.data_hash, "found": found})
        update_manifest(DATA, [path])


if __name__ == "__main__":
    install()
