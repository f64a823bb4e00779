"""Two tasks whose trials go on from each other, with signals from a table: what observers of signals are shown.

The one hyperparameter, `rate`, is 1 to 16, logarithmic, by default 4, so an action of the `box` codec is also its value
as an observer shows it, and the default is shown as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ConfigSpace as cs
import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.problem.task import Evaluated, TaskBatch, TaskProgress
from hpo_gym.suites.tasks.onward.task import OnwardBatch, OnwardTask

Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Going(OnwardTask):
    """A task that shows row `t` of its table after `t` trials, and scores minus the first number of it."""

    names: tuple[str, ...] = ()
    table: Table = ()

    @classmethod
    def batch(cls, tasks: Sequence[Going], d: int) -> TaskBatch:
        return GoingBatch(tasks)


class GoingBatch(OnwardBatch):
    def __init__(self, tasks: Sequence[Going]) -> None:
        super().__init__(tasks)
        self.signals = tasks[0].names
        self._shown = np.array([t.table for t in tasks], np.float32)

    def progress(self, n: int, horizon: int) -> TaskProgress:
        return GoingRuns(self._shown, n)

    def identity(self, task: int) -> str:
        return self.tasks[task].name


class GoingRuns(TaskProgress):
    def __init__(self, shown: NDArray[np.float32], n: int) -> None:
        self._shown = shown
        self._task, self._t = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.signals = shown[self._task, self._t]

    def begin(self, which: Any, task: Any, instance: Any) -> None:
        at = slice(None) if which is None else which
        self._task[at], self._t[at] = task, 0
        self.signals = self._shown[self._task, self._t]

    def advance(self, at: Any, idle: Any) -> Evaluated:
        self._t += 1 if idle is None else ~idle
        self.signals = self._shown[self._task, self._t]
        return Evaluated(-self.signals[:, 0].astype(float), np.ones(len(at)), np.zeros(len(at), np.int8))

    def save(self, i: int) -> dict[str, NDArray[Any]]:
        return {"t": self._t[i].copy()}

    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        self._t[i] = saved["t"]
        self.signals = self._shown[self._task, self._t]


def going(names: tuple[str, ...], g: Table, h: Table) -> hpo_gym.Suite:
    """Return a suite of the tasks g and h, each with its table of signals by trial, the first before any."""
    space = cs.ConfigurationSpace()
    space.add(cs.UniformFloatHyperparameter("rate", 1.0, 16.0, log=True, default_value=4.0))
    one = hpo_gym.SearchSpace(space)
    tasks = tuple(
        Going(name, name, "KnownGoing", one, 1.0, 0.0, epochs=len(table) - 1, names=names, table=table)
        for name, table in (("g", g), ("h", h))
    )
    return hpo_gym.Suite("KnownGoing", one, tasks, "training", splits={"train": ("g", "h")}, data_hash="toy")
