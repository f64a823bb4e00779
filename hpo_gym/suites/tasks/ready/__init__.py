"""Ready tasks: models that really train, one file each, found by their decorators.

A decorator names a task, what it needs, and the data set that the class is made with:
`@READY.register("digits-svm", extra="build", data="digits")`; a class may have several. The score is what the env
shows: of cross-validation, or of validation rows or seeds. The test score is of rows or seeds that no choice sees.
Ready tasks run under guard, one thread each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from hpo_gym.base import Registry
from hpo_gym.problem import AnySpace


class Ready(ABC):
    """An objective, and what may be chosen of it.

    Called, it trains, and returns `score` and `test_score`, or yields steps; its parameters are those that
    `ObjectiveTask` knows.

    Args:
        data: Name of the data set.

    Attributes:
        fidelities: Shares of a full training, ascending to 1.
    """

    fidelities: ClassVar[tuple[float, ...]] = (1.0,)
    __call__: Callable[..., Any]

    def __init__(self, data: str) -> None:
        self.data = data

    @abstractmethod
    def space(self) -> AnySpace:
        """What may be chosen; the defaults are those of the library where it has any."""

    @abstractmethod
    def prepare(self) -> None:
        """Import and load, once, what every trial needs."""


READY: Registry[Ready] = Registry("ready task", ("hpo_gym.suites.tasks.ready",), variable="READY")
