"""Tasks whose trials build on each other: alone, and in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hpo_gym.base import Floats, Ints, Keys
from hpo_gym.problem import LAST, Evaluated, Points, ProgressBatch, SeparateTasks, Task, TaskProgress


@dataclass(frozen=True, eq=False)
class OnwardTask(Task):
    """A task whose `batch` is an `OnwardBatch`. By itself, outside a run, a configuration is held for a whole run.

    Attributes:
        epochs: Trials of a whole run.
        sd: Standard deviation of the result, over runs at constant configurations: a scale for rewards.
    """

    observer: ClassVar[str] = "progress"
    counts: ClassVar[str] = LAST

    epochs: int = 25
    sd: float = 1.0

    @property
    def env(self) -> Mapping[str, Any]:
        """Return defaults of an env: a whole run, its signals, and a reward with the result for its sum."""
        return {"budget": self.epochs, "observer": self.observer, "codec": "move", "reward": "final"}

    exact = False  # nobody knows the best schedule

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Whole runs, each at one configuration."""
        progress = self.begun(key, self.epochs)
        for _ in range(self.epochs):
            out = progress.advance(x, None)
        return Evaluated(out.score, np.full(len(x), float(self.epochs)), out.status)

    def begun(self, instance: Keys, horizon: int) -> TaskProgress:
        """Return runs in instances ``(n,)`` before the first of at most `horizon` trials."""
        assert isinstance(self.alone, ProgressBatch)
        progress = self.alone.progress(len(instance), horizon)
        progress.begin(None, np.zeros(len(instance), np.int64), instance)
        return progress


class OnwardBatch(SeparateTasks, ProgressBatch):
    """Tasks of one search space."""

    tasks: tuple[OnwardTask, ...]

    def __init__(self, tasks: Sequence[OnwardTask]) -> None:
        self.space = tasks[0].space
        super().__init__(tasks, self.space.d)

    def place(self, task: Ints, x: Points) -> Points:
        return self.space.snap(x)
