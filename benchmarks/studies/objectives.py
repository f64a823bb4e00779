"""Optimizers of several objectives: `objectives.py FOLDER [SUITE,SUITE ..] [--seeds N]`, or `--check` alone.

Hypervolume regret after 10, 33 and 50 trials of one run, cold start, on the suites of `SUITES` whose tasks tell all
of `OBJECTIVES`, and whose data are there. Settings are chosen by the validation split; the test split has intervals
over families of tasks. What learns is trained on each suite, once for each seed. The runs go into FOLDER, and are gone
on with. With suites that are named, or another number of seeds, the table is printed and nothing is stored; `--check`
says whether docs/benchmark.md holds what is stored.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import looks
import numpy as np
from marks import renew
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.bench import Front, Resamples, benchmark, hypervolume_regret, interval, opened
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmark.md"
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
    "ppo-objectives": {"name": "ppo-objectives", **GIVEN},
}
ALL = "all"
"""Of the suites together: each task counts the same."""

Regrets = Mapping[str, NDArray[np.float64]]
"""By optimizer, of each task after each number of trials, ``(k, 3)``."""


def having(names: Sequence[str]) -> list[str]:
    """The suites whose data are there, and whose tasks tell all objectives."""
    there = [name for name in names if (DATA / name / "suite.json").is_file()]
    return [n for n in there if {o.name for o in load_suite(n).members[0].objectives} | {"score"} >= set(OBJECTIVES)]


def measured(folder: Path, suite: str, split: str, seeds: int) -> tuple[Regrets, list[str]]:
    """The regrets, means over runs, and the family of each task; of a failed run they are 1."""
    out = folder / f"{suite}-{split}"
    found = benchmark(
        OPTIMIZERS, suite, split=split, budget=AFTER[-1], seeds=seeds, trainings=seeds, engine="serial", out=out,
        resume=True,
    )  # fmt: skip
    if found.failed_cells:
        sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
    regrets: dict[str, dict[str, list[NDArray[np.float64]]]] = defaultdict(lambda: defaultdict(list))
    tasks = load_suite(suite).tasks(split)
    fronts = {task.name: Front.of(task, OBJECTIVES) for task in tasks}
    with opened(out) as (plan, store):
        (spec,) = plan.suites
        for entrant in plan.entrants:
            for cell in plan.cells(spec) if entrant.name in OPTIMIZERS else ():
                record = store.get(plan.key(cell, entrant))
                assert record is not None
                task = plan.suites[spec].task(cell.task)
                course = hypervolume_regret(task, record.arrays, fronts[cell.task], AFTER[-1])
                regrets[entrant.name][cell.task].append(course[np.array(AFTER) - 1])
    means = {name: np.array([np.mean(of[t.name], 0) for t in tasks]) for name, of in regrets.items()}
    return means, [task.family for task in tasks]


def told(regrets: Regrets, families: Sequence[str]) -> dict[str, Any]:
    """Means over tasks with intervals over families, by optimizer and number of trials."""
    resamples = Resamples.of(families)
    rows = {n: {str(t): resamples.mean(r[:, i]) for i, t in enumerate(AFTER)} for n, r in regrets.items()}
    return {"tasks": len(families), "families": len(set(families)), "regret": rows}


def study(folder: Path, suites: Sequence[str], seeds: int) -> dict[str, Any]:
    """By split and suite, what `told` tells; and of all suites together."""
    out: dict[str, Any] = {}
    for split in SPLITS:
        parts = {s: measured(folder, s, split, seeds) for s in suites if load_suite(s).tasks(split)}
        if not parts:
            continue
        out[split] = {suite: told(*part) for suite, part in parts.items()}
        together = {n: np.concatenate([regrets[n] for regrets, _ in parts.values()]) for n in OPTIMIZERS}
        out[split][ALL] = told(together, [f for _, families in parts.values() for f in families])
    return {"objectives": list(OBJECTIVES), "seeds": seeds, "splits": out}


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """A row for each optimizer on each suite, the test split first."""
    yield f"| split | suite | tasks (families) | optimizer | {' | '.join(f'{t} trials' for t in AFTER)} |"
    yield "|---|---|---:|---|" + "---:|" * len(AFTER)
    for split in reversed(SPLITS):
        for suite, part in found["splits"].get(split, {}).items():
            rows = part["regret"]
            for name in sorted(rows, key=lambda n: rows[n][str(AFTER[1])][0]):
                cells = [interval(rows[name][str(t)], 3) for t in AFTER]
                which = suite if suite == ALL else f"`{suite}`"
                count = f"{part['tasks']} ({part['families']})"
                yield f"| {split} | {which} | {count} | `{name}` | {' | '.join(cells)} |"


def main() -> None:
    """Run what is missing, and write the page; or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("suites", nargs="?", default=",".join(SUITES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if (asked.folder is None) is not asked.check:
        parser.error("give a FOLDER, or --check alone")
    if not asked.check:
        suites = having(asked.suites.split(","))
        looks.count(
            looks.typed(__file__, sys.argv[1:]), suites, f"hypervolume regret of {len(OPTIMIZERS)} optimizers",
            "a table of the benchmark page",
        )  # fmt: skip
        found = study(asked.folder, suites, asked.seeds)
        if asked.suites != ",".join(SUITES) or asked.seeds != SEEDS:
            print(*table(found), sep="\n")
            return
        FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    lines = table(json.loads(FOUND.read_text(encoding="utf-8"))) if FOUND.is_file() else ()
    renew(PAGE, [("objectives", lines)], "objectives.py FOLDER", check=asked.check)


if __name__ == "__main__":
    main()
