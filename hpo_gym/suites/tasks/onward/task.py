"""Tasks whose trials build on each other: alone, in batches, and by ask and tell."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, Keys
from hpo_gym.problem import (
    LAST,
    Evaluated,
    Evaluations,
    Points,
    ProgressBatch,
    Query,
    SeparateTasks,
    Session,
    Status,
    Task,
    Trial,
)


@dataclass(frozen=True, eq=False)
class OnwardTask(Task):
    """A task whose `batch` is an `OnwardBatch`. By itself, outside a run, a configuration is held for a whole run.

    Attributes:
        epochs: Trials of a whole run.
        goal: Result of a run: "last" score or "mean" of all.
        sd: Standard deviation of the result, over runs at constant configurations: a scale for rewards.
        found: The best results in searched instances of the task, by instance seed.
        observer: Default observer of an env.
    """

    observer: ClassVar[str] = "progress"

    epochs: int = 25
    goal: str = LAST
    sd: float = 1.0
    found: Mapping[int, float] = field(default_factory=dict)

    @property
    def counts(self) -> str:
        """Return the kind of a run's result."""
        return self.goal

    @property
    def env(self) -> Mapping[str, Any]:
        """Return defaults of an env: a whole run, its signals, and a reward with the result for its sum."""
        reward = "final" if self.goal == LAST else "score"
        return {"budget": self.epochs, "observer": self.observer, "codec": "move", "reward": reward}

    @property
    def exact(self) -> bool:
        """Never: nobody knows the best schedule."""
        return False

    def best_in(self, instance: int) -> float:
        """Return the best result in an instance; in one without a search, the mean over the searched ones."""
        return self.found.get(instance, self.best)

    def searched(self, instance: int | None) -> bool:
        """Return whether this very instance was searched; for a task without any searched instance, always true: `best`
        is then an upper bound.
        """
        return not self.found or instance in self.found

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Whole runs, each at one configuration."""
        progress = self.alone.progress(len(x), self.epochs)
        progress.begin(None, np.zeros(len(x), np.int64), key)
        scores = []
        for _ in range(self.epochs):
            out = progress.advance(x, None)
            scores.append(out.score)
        score = scores[-1] if self.goal == LAST else np.mean(scores, 0)
        return Evaluated(score, np.full(len(x), float(self.epochs)), out.status)

    def evaluations(self) -> Evaluations:
        """Nothing: the outcome of a trial says nothing of another run's."""
        none, reported = np.empty(0), self.meta_features
        x, status = np.empty((0, self.space.d)), np.empty(0, np.int8)
        return Evaluations(self.name, self.family, x, none, none, status, meta_features=reported)

    def session(self, instance: int, horizon: int) -> OnwardSession:
        """Return a run by itself."""
        return OnwardSession(self, instance, horizon)

    @functools.cached_property
    def alone(self) -> ProgressBatch:
        """The batch of this task alone."""
        batch = self.batch((self,), self.space.d)
        assert isinstance(batch, ProgressBatch)
        return batch


class OnwardBatch(SeparateTasks, ProgressBatch):
    """Tasks of one search space."""

    tasks: tuple[OnwardTask, ...]

    def __init__(self, tasks: Sequence[OnwardTask]) -> None:
        self.space = tasks[0].space
        super().__init__(tasks, self.space.d)

    def place(self, task: Ints, x: Points) -> Points:
        return self.space.snap(x)


class OnwardSession(Session):
    """One run, trial by trial."""

    task: OnwardTask

    def __init__(self, task: OnwardTask, instance: int, horizon: int) -> None:
        super().__init__(task, instance)
        self._progress = task.alone.progress(1, horizon)
        self._progress.begin(None, np.zeros(1, np.int64), np.array([instance % 2**64], np.uint64))

    @property
    def signals(self) -> dict[str, float]:
        """Return the current signals of the run, by name."""
        return dict(zip(self.task.alone.signals, self._progress.signals[0].tolist(), strict=True))

    def run(self, config: Mapping[str, Any], fidelity: float = 1.0, *, failed: float = 0.0) -> Trial:
        """One more trial, at a configuration."""
        x = self.task.space.to_unit(config)[None]
        out = self._progress.advance(x, None)
        query = Query(self.task.space.from_unit(x[0]), 1.0)
        score, cost, status = out.score.item(), out.cost.item(), Status(out.status.item())
        return Trial(query, score, cost, status, signals=self.signals)

    def save(self) -> dict[str, NDArray[Any]]:
        """All that the run is now; `load` of a session on the same task goes on from there."""
        return self._progress.save(0)

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Continue from the `save` of another session on the same task."""
        self._progress.load(0, saved)
