"""Training tasks: a trial is one more epoch of a network, so what was done early decides what can be reached late."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym import seeding
from hpo_gym.errors import InvalidValueError
from hpo_gym.optimizer import Evaluations
from hpo_gym.space import Points, SearchSpace
from hpo_gym.task import Bank, Evaluated, Floats, Ints, Keys, ProgressBank, Session, Task
from hpo_gym.tasks.training.controls import Controls
from hpo_gym.tasks.training.recipe import Recipe
from hpo_gym.tasks.training.signals import SIGNALS
from hpo_gym.tasks.training.stream import Source, stream_of
from hpo_gym.tasks.training.trainings import Trainings
from hpo_gym.trial import Query, Status, Trial

MEAN, LAST = "mean", "last"
"""What of a run counts: the mean of its scores, or the last one."""


@dataclass(frozen=True, eq=False)
class TrainingTask(Task):
    """A network that trains on a stream of fresh rows, with hyperparameters that are set anew before each epoch.

    **Score** of a trial: minus the validation loss after its epoch, in losses of a guess, at least minus the recipe's
    `cap`. A run whose weights blow up has diverged: from then on each trial has the lowest score and that status.

    **Evaluated by itself**, outside a run, a configuration is held for a whole training of `epochs`.

    Attributes:
        source: Where the rows come from.
        recipe: Network, optimizer and epoch.
        epochs: Of a whole training.
        goal: What of a run counts: "last" score or "mean" of all.
    """

    source: Source = None  # type: ignore[assignment]
    recipe: Recipe = field(default_factory=Recipe)
    epochs: int = 25
    goal: str = LAST

    @property
    def counts(self) -> str:
        """What of a run counts."""
        return self.goal

    @classmethod
    def bank(cls, tasks: Sequence[TrainingTask], d: int) -> Bank:
        """Tasks of one recipe, trained together.

        Raises:
            InvalidValueError: They have several recipes.
        """
        return TrainingBank(tasks)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Whole trainings, each at one configuration."""
        progress = self._alone.progress(len(x), self.epochs)
        progress.begin(None, np.zeros(len(x), np.int64), key)
        scores = []
        for _ in range(self.epochs):
            out = progress.advance(x, None)
            scores.append(out.score)
        score = scores[-1] if self.goal == LAST else np.mean(scores, 0)
        return Evaluated(score, np.full(len(x), float(self.epochs)), out.status)

    def evaluations(self) -> Evaluations:
        """Nothing: the outcome of an epoch says nothing of another run's."""
        none = np.empty(0)
        return Evaluations(self.name, self.family, np.empty((0, self.space.d)), none, none, np.empty(0, np.int8))

    def session(self, world: int, horizon: int) -> TrainingSession:
        """A training by itself."""
        return TrainingSession(self, world, horizon)

    @functools.cached_property
    def _alone(self) -> TrainingBank:
        return TrainingBank((self,))


class TrainingBank(ProgressBank):
    """Training tasks of one recipe."""

    signals = SIGNALS

    def __init__(self, tasks: Sequence[TrainingTask]) -> None:
        recipes = sorted({str(t.recipe) for t in tasks})
        if len(recipes) > 1:
            raise InvalidValueError(f"Tasks that train together must have one recipe, got {recipes}.")
        self.tasks: tuple[TrainingTask, ...] = tuple(tasks)
        self.space: SearchSpace = tasks[0].space
        self.d = self.space.d
        self._salts = np.array([seeding.key("training", t.suite, t.name) for t in tasks], np.uint64)
        self._stream = stream_of(tuple(t.source for t in tasks), tasks[0].recipe)

    def progress(self, n: int, horizon: int) -> Trainings:
        return Trainings(self._stream, self._salts, Controls(self.space, self.tasks[0].recipe), n, horizon)

    def identity(self, task: int) -> str:
        t = self.tasks[task]
        return seeding.digest([t.suite, t.name, t.recipe.to_json(), self.space.to_json()])

    def place(self, task: Ints, x: Points) -> Points:
        return self.space.snap(x)

    def points(self, task: Ints, at: NDArray[Any]) -> Points:
        return np.asarray(at, np.float64)

    def evaluate(self, base: Ints, at: NDArray[Any], fidelity: Floats | None, world: Keys) -> tuple[Floats, Evaluated]:
        """Whole trainings, each at one configuration."""
        out = Evaluated(np.empty(len(at)), np.empty(len(at)), np.empty(len(at), np.int8))
        for j in np.unique(base).tolist():
            chosen = base == j
            part = self.tasks[j].evaluate(at[chosen], np.ones(int(chosen.sum())), world[chosen])
            out.score[chosen], out.cost[chosen], out.status[chosen] = part
        return out.score, out


class TrainingSession(Session):
    """One training, epoch by epoch."""

    task: TrainingTask

    def __init__(self, task: TrainingTask, world: int, horizon: int) -> None:
        super().__init__(task, world)
        self._progress = task._alone.progress(1, horizon)
        self._progress.begin(None, np.zeros(1, np.int64), np.array([world % 2**64], np.uint64))

    @property
    def signals(self) -> dict[str, float]:
        """What is seen of the training now, by name."""
        return dict(zip(SIGNALS, self._progress.signals[0].tolist(), strict=True))

    def run(self, config: Mapping[str, Any], fidelity: float = 1.0, *, failed: float = 0.0) -> Trial:
        """Train for one more epoch at a configuration."""
        x = self.task.space.to_unit(config)[None]
        out = self._progress.advance(x, None)
        query = Query(self.task.space.from_unit(x[0]), 1.0)
        score, cost, status = out.score.item(), out.cost.item(), Status(out.status.item())
        return Trial(query, score, cost, status, signals=self.signals)

    def save(self) -> dict[str, NDArray[Any]]:
        """All that the training is now; `load` of a session on the same task goes on from there."""
        return self._progress.save(0)

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what another session on the same task was, as `save` gave it."""
        self._progress.load(0, saved)
