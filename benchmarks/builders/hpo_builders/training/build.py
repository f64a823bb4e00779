"""Makes the tables of our own training: trains every configuration on every task, in guarded processes.

Cells of one task are trained `CHUNK` at a time and stored as a shard. A chunk whose process dies, or that runs out
of time or memory, is tried again cell by cell once the others are done, and a cell that does so alone has failed: its
score is -inf, and the table says why. What a recipe raises besides `TrainingFailed` is a fault of this package or of
its input, and ends the build.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import math
import platform
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.order import Order
from hpo_builders.training import assembly
from hpo_builders.training.cells import LOST, Part, beside, configurations, digest, load, points
from hpo_builders.training.material import Entry
from hpo_builders.training.recipe import CHUNK, Recipe, unmeasured
from hpo_builders.training.shards import Shards
from hpo_builders.training.workers import Run, workers
from hpo_gym.base import DamagedDataError, InvalidValueError
from hpo_gym.problem import SearchSpace
from hpo_gym.suites import little

CELL_SECONDS, CHUNK_SECONDS = 120.0, 1200.0
"""Wall seconds after which the training of a cell or a chunk is ended: far above what one takes, so that no clock
decides a score."""

STUDY_SEEDS, STUDY_ROWS = (1, 2, 3), 10
"""The seed study: so many first configurations, on the first tasks, under other data and initial weights."""

SPACES = "ConfigSpace"
"""The package that decides what is trained, whatever the recipe; its version is recorded with the others."""


def build(recipe: Recipe, order: Order) -> None:
    """Train what is missing, and write the suite's folder.

    Raises:
        UnknownNameError: No such task.
        InvalidValueError: An archive is missing, no task fits, or `order.work` holds a build of another plan.
        StateError: Another process builds in `order.work`, or training ended otherwise than a cell can.
    """
    chosen = tasks(recipe, order)
    m = recipe.configurations if order.rows is None else order.rows
    if recipe.search is None:
        configurations(recipe, m)  # so many are there
    shards = Shards(order.work / recipe.suite)
    with shards.opened(plan(recipe), resume=order.resume or order.assemble):
        table = {e.name: _parts(recipe, e.name, m, order.archives, shards) for e in chosen}
        study = {e.name: _study(recipe, e.name, m, order.archives, shards) for e in chosen[: recipe.study]}
        if not order.assemble:
            _carry_out(_stages(recipe, table, study), order)
        assembly.assemble(recipe, order, m, chosen, table, study)


def tasks(recipe: Recipe, order: Order) -> list[Entry]:
    """Return the tasks that a build is of, in the material's order or as they were named; their archives are checked.

    Raises:
        UnknownNameError: No such task.
        InvalidValueError: An archive is missing, a name stands twice, or a named task is none for this recipe.
    """
    material = recipe.material
    named = order.tasks if isinstance(order.tasks, tuple) else None
    if named is not None and (not named or len(set(named)) < len(named)):
        raise InvalidValueError(f"`tasks` must name one or more, each once, got {', '.join(named) or 'none'}.")
    chosen = [material.entry(name) for name in named] if named is not None else list(material.entries())
    for package in sorted({material.packages[e.package] for e in chosen if e.package}, key=lambda p: p.archive):
        if package.archive:
            order.archive(package.archive, package.sha256)
    if named is not None:
        for e in chosen:
            if fault := material.fault(e, order.archives):
                raise InvalidValueError(f"`tasks` of {recipe.suite} {fault}")
        return chosen
    limit = order.tasks if isinstance(order.tasks, int) else material.limit
    return list(itertools.islice((e for e in chosen if material.fault(e, order.archives) is None), limit))


def plan(recipe: Recipe) -> dict[str, Any]:
    """Return the facts that all shards of a build share."""
    first = configurations(recipe, min(CHUNK, recipe.configurations))
    search = {} if recipe.search is None else {"drawn": recipe.search.drawn}
    return {
        "suite": recipe.suite,
        "recipe": recipe.version,
        "space": SearchSpace(recipe.space()).to_json(units=False),
        "sha256 of the first configurations": hashlib.sha256(little(first).data).hexdigest(),
        "fidelities": list(recipe.fidelities),
        **recipe.material.plan(),
        "chunk": CHUNK,
        **search,
        "libraries": versions((*recipe.libraries, *recipe.material.libraries, SPACES)),
    }


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each package, and Python's."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in libraries}}


def _parts(recipe: Recipe, task: str, m: int, archives: Path, shards: Shards) -> list[Part]:
    rows = [tuple(range(start, min(start + CHUNK, m))) for start in range(0, m, CHUNK)]
    return [Part(recipe, task, r, 0, archives, shards) for r in rows]


def _study(recipe: Recipe, task: str, m: int, archives: Path, shards: Shards) -> list[Part]:
    rows = tuple(range(min(m, STUDY_ROWS)))
    return [Part(recipe, task, rows, seed, archives, shards) for seed in STUDY_SEEDS]


def _stages(recipe: Recipe, table: Mapping[str, list[Part]], study: Mapping[str, list[Part]]) -> list[list[Part]]:
    """Parts that may be trained side by side; what is proposed waits for the chunks before it."""
    parts = [part for each in (table, study) for p in each.values() for part in p]
    drawn = math.inf if recipe.search is None else recipe.search.drawn
    later = sorted({p.rows[0] for p in parts if p.rows[0] >= drawn})
    return [[p for p in parts if p.rows[0] < drawn], *([p for p in parts if p.rows[0] == row] for row in later)]


def _carry_out(stages: Sequence[Sequence[Part]], order: Order) -> None:
    parts = [part for stage in stages for part in stage]
    stored = {p.key for p in parts if p.stored}
    missing = [p for p in parts if p.key not in stored]
    for part in (p for p in parts if p.key in stored):
        _clear(part)  # of what a build left that was killed as it joined them
    total = sum(len(p.rows) for p in parts)
    done = total - sum(len(p.rows) for p in missing)
    shards, start = parts[0].shards, time.monotonic()
    before = shards.wall()[0]

    def tell(part: Part) -> None:
        nonlocal done
        done += len(part.rows)
        order.progress(done, total, part.task)
        shards.tell_wall(before + time.monotonic() - start)

    order.progress(done, total, "")
    with workers(order, parts[0]) as run:
        for stage in stages:
            todo = [p for p in stage if p.key not in stored]
            apart = [p for p in todo if any(cell.stored for cell in _cells(p))]  # as far as a killed build had come
            for part, lost in run([p for p in todo if p not in apart], CHUNK_SECONDS, 0):
                if lost is None:
                    tell(part)
                else:
                    apart.append(part)
            _apart(apart, run, tell)


def _cells(part: Part) -> list[Part]:
    return [replace(part, rows=(row,)) for row in part.rows]


def _apart(parts: Sequence[Part], run: Run, tell: Callable[[Part], None]) -> None:
    """Train the cells of lost parts one by one, and store each part with those that are lost again as failed."""
    lost: dict[str, str] = {}
    whole = {cell.key: part for part in parts for cell in _cells(part)}
    todo = [cell for part in parts for cell in _cells(part) if not cell.stored]
    left = Counter(whole[cell.key].key for cell in todo)
    for part in (p for p in parts if not left[p.key]):  # all its cells were there
        _join(part, lost)
        tell(part)
    for cell, reason in run(todo, CELL_SECONDS, 1):
        part = whole[cell.key]
        lost |= {} if reason is None else {cell.key: reason}
        left[part.key] -= 1
        if not left[part.key]:
            _join(part, lost)
            tell(part)


def _join(part: Part, lost: Mapping[str, str]) -> None:
    """Make one shard of a part's cells.

    Raises:
        DamagedDataError: A cell was trained on other numbers.
    """
    problem = digest(part.recipe, load(part.recipe, part.task, part.archives, part.seed))
    rows = [_blank(c, lost[c.key]) if c.key in lost else _found(c, problem) for c in _cells(part)]
    arrays = {name: np.concatenate([row[name] for row in rows]) for name in assembly.names(part.recipe)}
    seconds = arrays.pop("seconds")
    part.shards.write(part.task, part.chunk, {**arrays, "problem": problem}, seconds)
    _clear(part)


def _found(cell: Part, problem: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    shard = cell.shards.read(cell.task, cell.chunk)
    if shard is None or not np.array_equal(shard["problem"], problem):
        raise DamagedDataError(
            f"Shard {cell.key} must be there and of the numbers that are read now; remove {cell.task} from "
            f"{cell.shards.folder} and build it again."
        )
    return shard


def _clear(part: Part) -> None:
    """Remove the shards of a part's single cells."""
    for cell in _cells(part):
        if cell.chunk != part.chunk:
            part.shards.remove(part.task, cell.chunk)


def _blank(cell: Part, reason: str) -> dict[str, Any]:
    """Return the shard of a lost cell: it failed, and took its time if that is known."""
    recipe = cell.recipe
    f = len(recipe.fidelities)
    failed = np.full((1, f), -np.inf, np.float32)
    spent = (CELL_SECONDS if recipe.cumulative else CELL_SECONDS / f) if reason == LOST["timeout"] else np.nan
    mark = np.array([list(LOST.values()).index(reason) + 1], np.uint8)
    test = unmeasured(f, -np.inf).astype(np.float32)[None]
    own = {name: np.full((1, *shape), np.nan, np.float32) for name, shape in beside(recipe).items()}
    own |= {} if recipe.search is None else {"x": points(cell)}
    return {**own, "score": failed, "test_score": test, "lost": mark, "seconds": np.full((1, f), spent, np.float32)}
