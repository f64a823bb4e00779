"""Named sets: the suites with their versions, the tasks and the optimizers of a comparison, under a name.

`hpo_gym/data/results/sets/2026.11.json` is a set; after its release it never changes. Later additions are in `NEXT`,
which is no file: everything with reference runs now. A release freezes it under a new name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, InvalidValueError, blame, unknown
from hpo_gym.bench.reference.reference import FOLDER, Reference, reference_of
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
    def of(cls, name: str, runs: Mapping[str, Reference]) -> NamedSet:
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
        of = joined(one.made_of for one in runs.values())
        return cls(name, tasks, optimizers, budget, seeds, split, of)

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

    def write(self, folder: Path = SETS) -> Path:
        """Write the set, and return its path.

        Raises:
            InvalidValueError: Its name is taken: a set never changes.
        """
        path = folder / f"{self.name}.json"
        if path.exists() or self.name == NEXT:
            raise InvalidValueError(f"`name` of a set must be new, got {self.name!r}.")
        write_files(folder, {path.name: sealed({"format": FORMAT, **asdict(self)})})
        return path

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


def named_set(name: str) -> NamedSet:
    """Return a frozen set, or `NEXT`: all that has reference runs now.

    Raises:
        UnknownNameError: There is no such set.
    """
    if name == NEXT:
        return NamedSet.of(NEXT, {path.stem: reference_of(path.stem) for path in FOLDER.glob("*.json")})
    if name not in set_names():
        raise unknown("set", name, [*set_names(), NEXT])
    return NamedSet.read(SETS / f"{name}.json")


def newest_set() -> NamedSet:
    """Return the set that was frozen last."""
    return named_set(set_names()[-1])
