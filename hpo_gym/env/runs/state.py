"""`RunState`: the arrays of `Runs` as columns, payments and evaluations see them.

A protocol, so that these files need not import the class that uses them.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.problem import TaskBatchView, TaskProgress


class Paid(Protocol):
    """Costs of the last step, of trainings from the start, ``(n,)``."""

    whole: Floats


class RunState(Protocol):
    """Shapes and arrays of `n` runs of at most `h` trials; see `Runs`."""

    n: int
    h: int
    d: int
    budget: float
    tabular: bool
    in_step: bool
    clock: int
    start: Ints
    task: Ints
    instance: NDArray[np.uint64]
    base: Ints
    batch: TaskBatchView
    progress: TaskProgress | None
    cell: Ints | None
    block: NDArray[np.float32] | None
    row: NDArray[np.float32] | None

    @property
    def at(self) -> NDArray[Any]:
        """Evaluated rows or points by slot."""

    @property
    def t(self) -> Any:
        """Trials so far."""

    @property
    def spent(self) -> Any:
        """Spending so far, ``(n,)``."""

    @property
    def payment(self) -> Paid:
        """Payments of a budget in cost."""

    @property
    def signals(self) -> NDArray[np.float32]:
        """Observed numbers of each run now, ``(n, s)``."""

    @signals.setter
    def signals(self, values: NDArray[np.float32]) -> None: ...

    def signed(self, task: Ints, at: NDArray[Any]) -> NDArray[np.float32]:
        """Return evaluated points in [-1, 1]."""

    def __getitem__(self, name: str) -> NDArray[Any]: ...

    def __contains__(self, name: str) -> bool: ...
