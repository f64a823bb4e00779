"""`Hall`: what a server offers, runs on the tasks of one split of a suite."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, seeding, unknown, whole
from hpo_gym.optimize import Session, Wording
from hpo_gym.problem import Suite, Task


@dataclass(frozen=True)
class Hall:
    """Runs on the tasks of one split; a client cannot reach another.

    Attributes:
        split: "train", "val" or "test".
        budget: Full evaluations of a run that is given none; None: the suite's own.
    """

    suite: Suite
    split: str = "train"
    budget: float | None = None
    wording: Wording = Wording()

    def __post_init__(self) -> None:
        if not self.tasks:
            raise InvalidValueError(f"The split {self.split!r} of {self.suite.name!r} must have a task, it has none.")

    @functools.cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in the suite's order."""
        return self.suite.tasks(self.split)

    @property
    def names(self) -> list[str]:
        """Return the names of the tasks, in order."""
        return [task.name for task in self.tasks]

    def task(self, name: str | None = None, *, index: int | None = None, seed: int = 0) -> Task:
        """Return a task by its name or its position; without both, one drawn by the seed.

        Raises:
            UnknownNameError: No such task in this split.
        """
        if name is not None:
            if name not in self.names:
                raise unknown(f"task in the split {self.split!r} of {self.suite.name!r}:", name, self.names)
            return self.tasks[self.names.index(name)]
        if index is None:
            index = seeding.key("serve", self.suite.name, self.split, seed) % len(self.tasks)
        return self.tasks[whole("index", index, 0, len(self.tasks) - 1)]

    def begin(self, task: Task, seed: int = 0, budget: float | None = None) -> Session:
        """Begin a run, with the tables of meta-train as earlier tasks, those of relatives left out."""
        prior = [earlier for earlier in self.suite.prior() if earlier.family != task.family]
        budget = self.budget if budget is None else budget
        return Session.of(task, budget, seed=seed, prior=prior, wording=self.wording)
