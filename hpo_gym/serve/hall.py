"""`Hall`: what a server offers, runs on the tasks of one split of a suite."""

from __future__ import annotations

from dataclasses import dataclass, field

from hpo_gym.base import InvalidValueError, seeding, unknown
from hpo_gym.optimize import Context, Run, Session, Wording, begun
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
    wording: Wording = field(default_factory=Wording)

    def __post_init__(self) -> None:
        if not self.tasks:
            raise InvalidValueError(f"The split {self.split!r} of {self.suite.name!r} must have a task, it has none.")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in the suite's order."""
        return self.suite.tasks(self.split)

    def begin(self, task: str | None = None, seed: int = 0, budget: float | None = None) -> Session:
        """Begin a run for an agent that calls us; see `run`."""
        run, context, _ = self.run(task, seed, budget)
        return Session(run, context, self.wording)

    def run(self, task: str | None = None, seed: int = 0, budget: float | None = None) -> tuple[Run, Context, int]:
        """Begin a run on a task, by default one drawn by the seed, with meta-train but its relatives as earlier tasks;
        return it as `begun`.

        Raises:
            UnknownNameError: No such task in this split.
        """
        known = {one.name: one for one in self.tasks}
        if task is None:
            task = list(known)[seeding.key("serve", self.suite.name, self.split, seed) % len(known)]
        if not isinstance(task, str) or task not in known:
            raise unknown(f"task in the split {self.split!r} of {self.suite.name!r}:", task, known)
        prior = [earlier for earlier in self.suite.prior() if earlier.family != known[task].family]
        budget = self.budget if budget is None else budget
        return begun(known[task], budget, seed=seed, prior=prior)
