"""Ready tasks: real trainings, one file each, found by their decorators.

A decorator names a task, its extra, and the data set for its class:
`@READY.register("digits-svm", extra="build", data="digits")`; a class may have several. The env shows the score: of
cross-validation, or validation. The test score is of data unused by any choice. Guarded, with a thread each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from hpo_gym.base import Registry
from hpo_gym.problem import AnySpace


class Ready(ABC):
    """An objective with its search space.

    Called, it trains, and returns `score` and `test_score`, or yields steps; parameters as of `ObjectiveTask`.

    Attributes:
        fidelities: Shares of a full training, ascending to 1.
    """

    fidelities: ClassVar[tuple[float, ...]] = (1.0,)
    __call__: Callable[..., Any]

    def __init__(self, data: str) -> None:
        self.data = data

    @abstractmethod
    def space(self) -> AnySpace:
        """Return the search space; the defaults are the library's if it has any."""

    @abstractmethod
    def prepare(self) -> None:
        """Import and load, once, the common needs of every trial."""


READY: Registry[Ready] = Registry("ready task", ("hpo_gym.suites.tasks.ready",), variable="READY")
