"""Named sets: the suites with their versions, the tasks and the optimizers of a comparison, under a name.

`hpo_gym/data/results/sets/2026.11.json` is a set; after its release it never changes. A release gives the set `NEXT`,
everything with reference runs now, a new name:

    python -m hpo_builders.sets 2027.02
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hpo_builders.files import update_manifest
from hpo_gym.base import DamagedDataError, InvalidValueError, blame
from hpo_gym.bench import FOLDER, Reference, reference_of
from hpo_gym.optimize import joined
from hpo_gym.system import MADE_OF, check_seal, sealed, write_files

SETS = FOLDER.parent / "sets"
NEXT = "next"
FORMAT = 1


@dataclass(frozen=True)
class NamedSet:
    """A comparison that pages and pooled numbers are of.

    Attributes:
        name: Such as "2026.11".
        tasks: By suite, in the order of the reference runs.
        optimizers: Names of the entrants.
        budget, seeds, split: As of `Protocol`, one for all suites.
        made_of: Versions and hashes of suites and optimizers, see `hpo_gym.optimize.made_of`.
    """

    name: str
    tasks: Mapping[str, tuple[str, ...]]
    optimizers: tuple[str, ...]
    budget: int
    seeds: int
    split: str
    made_of: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> NamedSet:
        """Read a file of `write`.

        Raises:
            DamagedDataError: The file contradicts its checksum.
        """
        if not path.is_file():
            raise DamagedDataError(f"{path} must be a file; it is missing.")
        with blame(path):
            said = json.loads(path.read_text(encoding="utf-8"))
            check_seal(said)
            of = {key: value for key, value in said[MADE_OF].items() if key != "checksum"}
            tasks = {suite: tuple(names) for suite, names in said["tasks"].items()}
            budget, seeds, split = said["budget"], said["seeds"], said["split"]
            return cls(said["name"], tasks, tuple(said["optimizers"]), budget, seeds, split, of)

    @property
    def suites(self) -> tuple[str, ...]:
        """The names of its suites."""
        return tuple(self.tasks)

    def stamp(self, suite: str) -> str:
        """Return the version and the hash of a suite of the set."""
        return str(self.made_of["suites"][suite])


def set_names() -> list[str]:
    """Return the names of the frozen sets, the newest last."""
    return sorted(path.stem for path in SETS.glob("*.json"))


def newest_set() -> NamedSet:
    """Return the set that was frozen last."""
    return NamedSet.read(SETS / f"{set_names()[-1]}.json")


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
    update_manifest(FOLDER.parents[1], [write(replace(next_set(), name=sys.argv[1]))])
