"""Named sets are frozen: a release gives the set `NEXT`, everything with reference runs now, a new name.

python -m hpo_builders.sets 2027.02
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from hpo_gym.base import InvalidValueError
from hpo_gym.bench import FOLDER, NamedSet, Reference, reference_of
from hpo_gym.optimize import joined
from hpo_gym.system import sealed, write_files

SETS = FOLDER.parent / "sets"
NEXT = "next"
FORMAT = 1


def set_of(name: str, runs: Mapping[str, Reference]) -> NamedSet:
    """Return the set of reference runs, by suite.

    Raises:
        InvalidValueError: They differ in budget, seeds or split.
    """
    protocols = {(one.budget, one.seeds, one.split) for one in runs.values()}
    if len(protocols) != 1:
        raise InvalidValueError(f"A set must have one budget, number of seeds and split, got {sorted(protocols)}.")
    ((budget, seeds, split),) = protocols
    tasks = {suite: one.tasks for suite, one in sorted(runs.items())}
    optimizers = tuple(sorted({e.name for one in runs.values() for e in one.entrants}))
    return NamedSet(name, tasks, optimizers, budget, seeds, split, joined(one.made_of for one in runs.values()))


def next_set() -> NamedSet:
    """Return the set of all that has reference runs now."""
    return set_of(NEXT, {path.stem: reference_of(path.stem) for path in FOLDER.glob("*.json")})


def write(one: NamedSet, folder: Path = SETS) -> Path:
    """Write a set, and return its path.

    Raises:
        InvalidValueError: Its name is taken: a set never changes.
    """
    path = folder / f"{one.name}.json"
    if path.exists() or one.name == NEXT:
        raise InvalidValueError(f"`name` of a set must be new, got {one.name!r}.")
    write_files(folder, {path.name: sealed({"format": FORMAT, **asdict(one)})})
    return path


if __name__ == "__main__":
    write(replace(next_set(), name=sys.argv[1]))
