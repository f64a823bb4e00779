"""A suite: tasks of one kind with a fixed split by family, so that no relative of a test task is ever trained on.

The split is a function of the family's name alone, the same in every suite: about 60 / 15 / 25 % train / val / test,
and five folds (fold k: test = part k, val = part k + 1, train = the rest).
"""

from __future__ import annotations

import functools
import json
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from hpo_gym.base import InvalidValueError, Registry, seeding, unknown, whole
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.prior import Scale, evaluations, scale_of
from hpo_gym.problem.shipped import ByName
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.task import Task

P = ParamSpec("P")
T = TypeVar("T")

SPLITS = ("train", "val", "test")
MEMORIES = ("train", "train+val")
"""Splits with tasks that optimizers may know as earlier tasks."""
FOLDS = 5
_RENAMED = Path(__file__).resolve().parents[1] / "data" / "renamed_families.json"
_SHARES = (0.60, 0.75)
_SALT = 2463  # of 4,000, the nearest to these shares and to equal folds, by families and by AutoML's tasks


def split_of(family: str) -> str:
    """Return the split of a family: train below .60 of its hash, val below .75, else test."""
    u = _family_uniform(family, 2 * _SALT)
    return SPLITS[sum(u >= share for share in _SHARES)]


def fold_checked(fold: object, also: str = "None") -> int | None:
    """Return a fold as a Python integer, or None; refuse anything but 0..4."""
    return None if fold is None else whole("fold", fold, 0, FOLDS - 1, f", or {also}")


def fold_of(family: str) -> int:
    """Return the part of a family in five-fold cross-validation."""
    return int(_family_uniform(family, 2 * _SALT + 1) * FOLDS)


@functools.cache
def _family_uniform(family: str, salt: int) -> float:
    key = np.array([seeding.key("family", family_id(family))], np.uint64)
    return float(seeding.uniform(seeding.mix(key, salt))[0])


def family_id(family: str) -> str:
    """Return the stable id of a family: its first name. It decides the split and what trained optimizers have seen, so
    a new version of a table may rename or join families (`data/renamed_families.json`: name -> earlier name)."""
    known = _renamed()
    while family in known:
        family = known[family]
    return family


def has_seen(seen: Collection[str], family: str) -> bool:
    """Return whether a family is among those that a trained optimizer has seen, under any of their names."""
    return bool(seen) and family_id(family) in set(map(family_id, seen))


@functools.cache
def _renamed() -> Mapping[str, str]:
    return dict(json.loads(_RENAMED.read_text(encoding="utf-8")))


def _kept(method: Callable[Concatenate[Suite, P], T]) -> Callable[Concatenate[Suite, P], T]:
    """Keep the result of a method as long as its suite lives; an unreferenced live suite ends its processes."""
    known: weakref.WeakKeyDictionary[Suite, dict[Any, T]] = weakref.WeakKeyDictionary()

    @functools.wraps(method)
    def looked_up(suite: Suite, /, *args: P.args, **named: P.kwargs) -> T:
        mine, key = known.setdefault(suite, {}), (args, *sorted(named.items()))
        if key not in mine:
            mine[key] = method(suite, *args, **named)
        return mine[key]

    return looked_up


@dataclass(frozen=True, eq=False)
class Suite(ByName):
    """Tasks with a fixed split.

    Attributes:
        space: The search space; a task with fewer columns is padded to it by inactive ones.
        members: All published tasks.
        kind: "table", "function", "live" (tasks run the user's code), or "training" (trials build on each other).
        version: Raised when a task changes.
        splits: Task names by split, if the split differs from that of the family's hash, or omits tasks.
        about: Facts for `hpo-gym info`: title, description, score, unit, licence, source.
        data_hash: Hash of all data behind the scores; part of the identity of results.
        make: Builds a non-member task from its name, for unlimited suites; refuses other names.
    """

    name: str
    space: SearchSpace
    members: tuple[Task, ...]
    kind: str
    version: int = 1
    splits: Mapping[str, Sequence[str]] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""
    make: Callable[[str], Task] | None = None

    def __post_init__(self) -> None:
        names = [t.name for t in self.members]
        if not names:
            raise InvalidValueError(f"Suite {self.name!r} must have at least one task, got none.")
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise InvalidValueError(f"Task names must be unique in suite {self.name!r}, got {twice} more than once.")
        _ = self._sides  # refuses wrong splits

    def __repr__(self) -> str:
        return f"Suite({self.name!r}, {len(self.members)} tasks, d={self.space.d})"

    def save(self, folder: str | Path) -> None:
        """Write the suite to a folder, where it has a table (`hpo_gym.suites.own.suite.TableSuite`).

        Raises:
            InvalidValueError: The suite has no table.
        """
        raise InvalidValueError(f"Only a suite with a table can be saved, got {self.name!r} of kind {self.kind!r}.")

    @functools.cached_property
    def _by_name(self) -> dict[str, Task]:
        return {t.name: t for t in self.members}

    @functools.cached_property
    def _sides(self) -> dict[str, str]:
        """The split of each family of an explicit split."""
        sides: dict[str, str] = {}
        for split, members in (self.splits or {}).items():
            if split not in SPLITS:
                raise unknown("split", split, SPLITS)
            for name in members:
                if name not in self._by_name:
                    raise unknown(f"task (split {split!r})", name, self._by_name)
                family = self._by_name[name].family
                if sides.setdefault(family, split) != split:
                    raise InvalidValueError(
                        f"A family must stand on one side: {family!r} is in {sides[family]!r} and {split!r}."
                    )
        return sides

    def task(self, name: str) -> Task:
        """Return the task of a name: a member, or one from `make`.

        Raises:
            UnknownNameError: No such task; the message offers the nearest.
        """
        found = self._by_name.get(name) if isinstance(name, str) else None
        if found is None and isinstance(name, str) and self.make is not None:
            return self.make(name)
        if found is None:
            raise unknown(f"task in suite {self.name!r}:", name, self._by_name)
        return found

    def tasks(self, split: str, fold: int | None = None) -> tuple[Task, ...]:
        """Return the tasks of a split, in the suite's order.

        Args:
            split: "train", "val" or "test".
            fold: None for the published split, else 0..4.
        """
        if not isinstance(split, str) or split not in SPLITS:
            raise unknown("split", split, SPLITS)
        return self._tasks(split, fold_checked(fold))

    @_kept
    def _tasks(self, split: str, fold: int | None) -> tuple[Task, ...]:
        return tuple(t for t in self.members if self.split(t, fold) == split)

    def split(self, task: Task, fold: int | None = None) -> str | None:
        """Return the split of a task (of its family, if a stranger); None if an explicit split omits it."""
        fold, published = fold_checked(fold), self._published(task)
        if fold is None or published is None:
            return published
        part = (fold_of(task.family) - fold) % FOLDS
        return "test" if part == 0 else "val" if part == 1 else "train"

    def _published(self, task: Task) -> str | None:
        if self.splits is None:
            return split_of(task.family)
        if task.name not in self._by_name:
            return self._sides.get(task.family) if self.make is not None else None
        return self._split_by_name.get(task.name)

    @functools.cached_property
    def _split_by_name(self) -> dict[str, str]:
        return {name: split for split, names in (self.splits or {}).items() for name in names}

    @property
    def env(self) -> Mapping[str, Any]:
        """Keywords that an env has on this suite where it is given none: see `Task.env`."""
        return self.members[0].env

    @property
    def budget(self) -> int:
        """Full evaluations of a run that is given no budget: see `Task.budget`."""
        return self.members[0].budget

    def scale(self, fold: int | None = None) -> Scale:
        """Statistics of meta-train; of a suite without training tasks, the plain scale."""
        return self._scale(fold_checked(fold))

    @_kept
    def _scale(self, fold: int | None) -> Scale:
        return scale_of(self.tasks("train", fold), self.members[0].failed)

    def prior(self, fold: int | None = None, memory: str = "train") -> tuple[Evaluations, ...]:
        """Return the tables of earlier tasks that optimizers may read.

        Args:
            memory: Their splits: "train", or "train+val" for methods judged on test alone. Tasks of train come first,
                and are the same objects in both.

        Raises:
            UnknownNameError: No such memory.
        """
        if not isinstance(memory, str) or memory not in MEMORIES:
            raise unknown("memory", memory, MEMORIES)
        return self._prior(fold_checked(fold), memory)

    @_kept
    def _prior(self, fold: int | None, memory: str) -> tuple[Evaluations, ...]:
        if memory == "train":
            return evaluations(self._known("train", fold))
        return self._prior(fold, "train") + evaluations(self._known("val", fold))

    def _known(self, split: str, fold: int | None) -> Sequence[Task]:
        """Return the tasks of a split that may be known as earlier ones."""
        return self.tasks(split, fold)


SUITES: Registry[Suite] = Registry("suite", ("hpo_gym.suites",), variable="SUITES")
