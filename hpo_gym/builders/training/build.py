"""Makes the tables of our own training: trains every configuration on every data set, in guarded processes.

Cells of one data set are trained `CHUNK` at a time and stored as a shard. A chunk whose worker dies or runs out of time
is tried again cell by cell, and a cell that does so alone has failed: its score is -inf.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym import engines
from hpo_gym.builders.data_sets import roster, sources
from hpo_gym.builders.order import Order
from hpo_gym.builders.training import assembly
from hpo_gym.builders.training.cells import Part, configurations, load, perform
from hpo_gym.builders.training.recipe import Recipe
from hpo_gym.builders.training.shards import Shards
from hpo_gym.errors import StateError
from hpo_gym.space import SearchSpace

CHUNK = 25
"""Configurations of a shard."""

CELL_SECONDS, CHUNK_SECONDS = 120.0, 1200.0
"""Wall seconds after which a worker is killed: far above what a cell takes, so that no clock decides a score."""

STUDY_SEEDS, STUDY_ROWS, STUDY_DATA_SETS = (1, 2, 3), 10, 24
"""The seed study: so many first configurations on so many first data sets, under other folds and initial weights."""


def build(recipe: Recipe, order: Order) -> None:
    """Train what is missing, and write the suite's folder.

    Raises:
        UnknownNameError: No such data set.
        InvalidValueError: An archive is missing, or `order.work` holds a build of another plan.
    """
    chosen = data_sets(recipe, order)
    x = configurations(recipe, recipe.configurations if order.rows is None else order.rows)
    shards = Shards(order.work / recipe.suite)
    shards.open(_plan(recipe), resume=order.resume or order.assemble)
    table = {e.name: _parts(recipe, e.name, len(x), order.archives, shards) for e in chosen}
    study = {e.name: _study(recipe, e.name, len(x), order.archives, shards) for e in chosen[:STUDY_DATA_SETS]}
    if not order.assemble:
        _carry_out([part for parts in (table, study) for p in parts.values() for part in p], order)
    assembly.assemble(recipe, order, x, chosen, table, study)


def data_sets(recipe: Recipe, order: Order) -> list[roster.Entry]:
    """The data sets that a build is of, in the roster's order or as they were named; their archives are checked."""
    if isinstance(order.tasks, tuple):
        chosen = [roster.entry(name) for name in order.tasks]
    else:
        chosen = list(roster.roster(recipe.kinds))
    limit = order.tasks if isinstance(order.tasks, int) else recipe.data_sets
    for package in sorted({sources.PACKAGES[e.package] for e in chosen}, key=lambda p: p.archive):
        if package.archive:
            order.archive(package.archive, package.sha256)
    fit = (e for e in chosen if load(e.name, order.archives, recipe.rows, 0).classes <= recipe.max_classes)
    return list(itertools.islice(fit, limit))


def _plan(recipe: Recipe) -> dict[str, Any]:
    """What all shards of a build have in common."""
    return {
        "suite": recipe.suite,
        "space": SearchSpace(recipe.space()).to_json(),
        "fidelities": list(recipe.fidelities),
        "data set rows": recipe.rows,
        "chunk": CHUNK,
        "libraries": versions(recipe.libraries),
    }


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """The installed version of each package, and Python's."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in libraries}}


def _parts(recipe: Recipe, data_set: str, m: int, archives: Path, shards: Shards) -> list[Part]:
    rows = [tuple(range(start, min(start + CHUNK, m))) for start in range(0, m, CHUNK)]
    return [Part(recipe, data_set, r, 0, archives, shards) for r in rows]


def _study(recipe: Recipe, data_set: str, m: int, archives: Path, shards: Shards) -> list[Part]:
    rows = tuple(range(min(m, STUDY_ROWS)))
    return [Part(recipe, data_set, rows, seed, archives, shards) for seed in STUDY_SEEDS]


def _carry_out(parts: Sequence[Part], order: Order) -> None:
    missing = [p for p in parts if p.shards.read(p.data_set, p.chunk) is None]
    done, total = sum(len(p.rows) for p in parts) - sum(len(p.rows) for p in missing), sum(len(p.rows) for p in parts)
    order.progress(done, total, "")
    before, start = parts[0].shards.wall(), time.monotonic()
    for part, lost in _run(missing, order, CHUNK_SECONDS):
        if lost is not None:
            _apart(part, order)
        done += len(part.rows)
        order.progress(done, total, part.data_set)
        part.shards.tell_wall(before + time.monotonic() - start)


def _run(parts: Sequence[Part], order: Order, seconds: float) -> Iterator[tuple[Part, str | None]]:
    """Each part that ended, with None, or what a dead or slow worker left."""
    by_key = {p.key: p for p in parts}
    jobs = [engines.Job(key, perform, (p,)) for key, p in by_key.items()]
    limit = seconds if order.engine == "process" else None
    for out in engines.run(jobs, engine=order.engine, workers=order.workers, retries=0, timeout=limit):
        yield by_key[out.key], None if out.status == "done" else str(out.error)


def _apart(part: Part, order: Order) -> None:
    """Train the cells of a part one by one, and store the part with those that killed their worker as failed."""
    cells = [replace(part, rows=(row,)) for row in part.rows]
    lost = {cell.rows[0]: fault for cell, fault in _run(cells, order, CELL_SECONDS) if fault is not None}
    f = len(part.recipe.fidelities)
    blank = {name: np.full((1, f), -np.inf, np.float32) for name in ("score", "test_score")}
    found = [part.shards.read(part.data_set, c.chunk) or {} for c in cells if c.rows[0] not in lost]
    if not found:
        raise StateError(f"No configuration of {part.key} could be trained; the first: {next(iter(lost.values()))}")
    problem, kept = found[0]["problem"], iter(found)
    rows = [{**blank, "seconds": np.full((1, f), np.nan, np.float32)} if r in lost else next(kept) for r in part.rows]
    arrays = {name: np.concatenate([row[name] for row in rows]) for name in ("score", "test_score")}
    part.shards.write(part.data_set, part.chunk, {**arrays, "problem": problem},
                      np.concatenate([row["seconds"] for row in rows]))  # fmt: skip
    for cell in cells:
        part.shards.remove(part.data_set, cell.chunk)
