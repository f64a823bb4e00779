"""Named sets: the suites with their versions, the tasks and the optimizers of a comparison, under a name.

`hpo_gym/data/results/sets/2026.11.json` is a set; after its release it never changes. The builders freeze a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, blame
from hpo_gym.bench.reference.reference import FOLDER
from hpo_gym.system import MADE_OF, check_seal

SETS = FOLDER.parent / "sets"


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
        """Read a file of `hpo_builders.sets`.

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
