"""Optimizers of several objectives: hypervolume regret after 10, 33 and 50 trials of one run, cold start.

On the suites of `SUITES` whose tasks have all `OBJECTIVES`, and whose data are there. Settings are chosen by the
validation split; the test split has intervals over families of tasks. A trained optimizer is trained on each suite,
once for each seed.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look
from numpy.typing import NDArray
from runs import compared

import hpo_gym
from hpo_gym.bench import Front, Resamples, hypervolume_regret, opened
from hpo_gym.suites import load_suite

DATA = Path(hpo_gym.__file__).parent / "data"
SUITES = ("NASBench201", "FCNet", "LM", "NAS")
OBJECTIVES = ("score", "size")
AFTER, SEEDS, SPLITS = (10, 33, 50), 3, ("val", "test")
GIVEN = {"objectives": list(OBJECTIVES)}
OPTIMIZERS: Mapping[str, Any] = {
    "random": "random",
    "portfolio": "portfolio",
    "nsga2": {"name": "nsga2", **GIVEN},
    "parego": {"name": "parego", **GIVEN},
}
LOOKS = Look("hypervolume regret of 4 optimizers", "a table of the benchmark page", SUITES, "test")
CHEAP = {("splits", "val", "FCNet"): ("random", "portfolio")}
ALL = "all"
"""The suites together: each task counts the same."""

Regrets = Mapping[str, NDArray[np.float64]]
"""By optimizer, for each task after each number of trials, ``(k, 3)``."""


def cells() -> Iterator[frame.Address]:
    """Yield suites by split, and all of them together."""
    for split in SPLITS:
        there = [s for s in having(SUITES) if load_suite(s).tasks(split)]
        yield from (("splits", split, suite) for suite in (*there, ALL))


def cell(_: str, split: str, suite: str, out: Path, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return means over tasks with intervals over families, by optimizer and number of trials."""
    suites = [s for s in having(SUITES) if load_suite(s).tasks(split)] if suite == ALL else [suite]
    parts = [measured(out, s, split, names) for s in suites]
    together = {n: np.concatenate([regrets[n] for regrets, _ in parts]) for n in parts[0][0]}
    return summary(together, [f for _, families in parts for f in families])


def having(names: Sequence[str]) -> list[str]:
    """Return the suites whose data are there, and whose tasks have all objectives."""
    there = [name for name in names if (DATA / name / "suite.json").is_file()]
    return [n for n in there if {o.name for o in load_suite(n).members[0].objectives} | {"score"} >= set(OBJECTIVES)]


@functools.cache
def measured(out: Path, suite: str, split: str, names: tuple[str, ...] = ()) -> tuple[Regrets, list[str]]:
    """Return the regrets, means over runs, and the family of each task; of a failed run they are 1."""
    folder, of = out / f"{suite}-{split}", {n: form for n, form in OPTIMIZERS.items() if n in (names or OPTIMIZERS)}
    compared(of, suite, split=split, budget=AFTER[-1], seeds=SEEDS, trainings=SEEDS, engine="serial", out=folder)
    regrets: dict[str, dict[str, list[NDArray[np.float64]]]] = defaultdict(lambda: defaultdict(list))
    tasks = load_suite(suite).tasks(split)
    fronts = {task.name: Front.of(task, OBJECTIVES) for task in tasks}
    with opened(folder) as (plan, store):
        (spec,) = plan.suites
        for entrant in (e for e in plan.entrants if e.name in of):
            for one in plan.cells(spec):
                record = store.get(plan.key(one, entrant))
                assert record is not None
                task = plan.suites[spec].task(one.task)
                course = hypervolume_regret(task, record.arrays, fronts[one.task], AFTER[-1])
                regrets[entrant.name][one.task].append(course[np.array(AFTER) - 1])
    means = {name: np.array([np.mean(rows[t.name], 0) for t in tasks]) for name, rows in regrets.items()}
    return means, [task.family for task in tasks]


def summary(regrets: Regrets, families: Sequence[str]) -> dict[str, Any]:
    """Return means over tasks with intervals over families, by optimizer and number of trials."""
    resamples = Resamples.of(families)
    rows = {n: {str(t): list(resamples.mean(r[:, i])) for i, t in enumerate(AFTER)} for n, r in regrets.items()}
    return {"tasks": len(families), "families": len(set(families)), "regret": rows}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each optimizer on each suite, the test split first; most have too few families for intervals."""
    rows = []
    for split in reversed(SPLITS):
        for suite, part in found["splits"].get(split, {}).items():
            regret = part["regret"]
            for name in sorted(regret, key=lambda n: regret[n][str(AFTER[1])][0]):
                cells = [f"{regret[name][str(t)][0]:.3f}" for t in AFTER]
                which, count = suite if suite == ALL else f"`{suite}`", f"{part['tasks']} ({part['families']})"
                rows.append((split, which, count, f"`{name}`", *cells))
    heads = ("split", "suite", "tasks (families)", "optimizer", *(f"{t} trials" for t in AFTER))
    return {"objectives": Table.of(heads, rows)}
