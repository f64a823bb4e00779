"""The protocol: how optimizers are compared, as a value with a hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_gym.base import InvalidValueError, SplitError, seeding, unknown, whole, whole_fields
from hpo_gym.optimize import check_in_flight
from hpo_gym.problem import AMOUNTS, FOLDS, KEPT, MEMORIES, Budget, Task, fold_checked

STARTS = {"cold": 0, "init5": 5}
FAMILIES = "families"
"""In place of a number of tasks: one of each family."""
SPLITS = ("test", "val")
MOST_SEEDS = 10_000
"""Upper limit of replicates: more is a typing error."""
TRAIN = MEMORIES[0]


@dataclass(frozen=True)
class Protocol:
    """Protocol of a comparison.

    Attributes:
        split: "test", or "val" for choices among one's own methods.
        fold: None for the published split, 0..4, or "all": every data set is held out once.
        start: "cold", or "init5": all begin with the same initial design of five random configurations, free of charge.
        seeds: Replicates of each task, at most `MOST_SEEDS`.
        tasks: A number of tasks of each suite, the first of a keyed order of families in turns; "families": one task of
            each, the first in that order; or names; None: all.
        memory: Splits of the earlier tasks available to every optimizer: "train" or "train+val".
        in_flight: Trials that run side by side, by simulated workers; see `hpo_gym.optimize.in_flight`.

    Raises:
        SplitError: Judged tasks would be remembered.
    """

    split: str = "test"
    fold: int | str | None = None
    start: str = "cold"
    budget: Budget = field(default_factory=Budget)
    seeds: int = 5
    tasks: int | str | tuple[str, ...] | None = None
    memory: str = TRAIN
    in_flight: int = 1

    def __post_init__(self) -> None:
        named = ("split to compare on", self.split, SPLITS), ("start", self.start, STARTS)
        for what, name, known in (*named, ("memory", self.memory, MEMORIES)):
            if not isinstance(name, str) or name not in known:
                raise unknown(what, name, known)
        if not (isinstance(self.fold, str) and self.fold == "all"):
            object.__setattr__(self, "fold", fold_checked(self.fold, "'all', None"))
        object.__setattr__(self, "seeds", whole("seeds", self.seeds, 1, MOST_SEEDS))
        whole_fields(self, 1, "in_flight")
        check_in_flight("in_flight", self.in_flight, (), checkpoints=self.budget.checkpoints)
        if isinstance(self.tasks, (list, tuple)):
            object.__setattr__(self, "tasks", _names(self.tasks))
        elif self.tasks is not None and self.tasks != FAMILIES:
            whole_fields(self, 1, "tasks")
        if self.split in self.remembered:
            raise SplitError(
                f"`memory` must hold no task that is judged, got memory={self.memory!r} with split={self.split!r}; the "
                f"nearest is memory={TRAIN!r}."
            )

    @property
    def remembered(self) -> tuple[str, ...]:
        """The splits of the earlier tasks that optimizers may read."""
        return tuple(self.memory.split("+"))

    @property
    def n_init(self) -> int:
        """Size of the initial design."""
        return STARTS[self.start]

    @property
    def folds(self) -> tuple[int | None, ...]:
        """The folds to run, None for the published split."""
        if self.fold == "all":
            return tuple(range(FOLDS))
        return (None if self.fold is None else int(self.fold),)

    def to_json(self) -> dict[str, Any]:
        """Return all settings; `memory` and `in_flight` where they are not the default."""
        tasks = list(self.tasks) if isinstance(self.tasks, tuple) else self.tasks
        evaluations, cost = ({}, self.budget.to_json()) if self.budget.in_cost else (self.budget.to_json(), {})
        own = {"split": self.split, "fold": self.fold, "start": self.start, **evaluations, "seeds": self.seeds}
        return {**own, "tasks": tasks, **cost, **self.later()}

    def later(self) -> dict[str, Any]:
        """Return `memory` and `in_flight` where they are not the default."""
        memory = {} if self.memory == TRAIN else {"memory": self.memory}
        return memory if self.in_flight == 1 else {**memory, "in_flight": self.in_flight}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Protocol:
        """Return the protocol of `to_json`."""
        own = {name: value for name, value in stored.items() if name not in (*AMOUNTS, KEPT)}
        return cls(**own, budget=Budget.from_json(stored))

    def deciding(self) -> dict[str, Any]:
        """Return the settings that all cells of a store share."""
        own = {"split": self.split, "fold": self.fold, "start": self.start}
        return {**own, **self.budget.settings(), "memory": self.memory, "in_flight": self.in_flight}


def families_first(suite: str, tasks: Iterable[Task]) -> list[str]:
    """Return names of tasks in the order of selection, so that fewer are a part of more.

    The order is keyed, and families take turns: as many tasks as there are families are one of each.
    """
    turn: Counter[str] = Counter()
    order: list[tuple[int, int, str]] = []
    for key, task in sorted(((seeding.key("subset", suite, t.name), t) for t in tasks), key=lambda pair: pair[0]):
        order.append((turn[task.family], key, task.name))
        turn[task.family] += 1
    return [name for _, _, name in sorted(order)]


def _names(given: Sequence[object]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in given if isinstance(name, str)))
    if not names or len(names) != len(given):
        raise InvalidValueError(f"`tasks` must be a number or different names of tasks, got {given!r:.200}.")
    return names
