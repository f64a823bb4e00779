"""`Learned`: what optimizers that are trained keep beside their weights, and how it stands in their files."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from hpo_baselines._maml.tasks import Encoding
from hpo_gym.optimizer import Context
from hpo_gym.space import SearchSpace

if TYPE_CHECKING:
    from hpo_gym.task import Task


class Learned:
    """The families, suites and search space of the tasks that an optimizer was trained on.

    Attributes:
        version: Files of another one are refused.
    """

    version: int
    _encoding: Encoding
    _seen: frozenset[str] = frozenset()
    _suites: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of the constructor, plain JSON."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks that it was trained (or chosen by validation) on."""
        return self._seen

    def _remember(self, tasks: Sequence[Task], seen: frozenset[str], encoding: Encoding) -> None:
        self._encoding, self._seen, self._suites = encoding, seen, tuple(sorted({t.suite for t in tasks}))

    def _check_spaces(self, contexts: Sequence[Context]) -> None:
        """Refuse a space other than the one trained on."""
        for context in contexts:
            self._encoding.check(context.space)

    def _about(self) -> dict[str, Any]:
        """All this as plain JSON."""
        return {
            "version": self.version,
            "settings": self.settings,
            "suites": list(self._suites),
            "seen": sorted(self._seen),
            "space": self._encoding.space.to_json(),
            "least": self._encoding.least,
        }

    def _like(self, about: Mapping[str, Any]) -> Self:
        """A new one of the settings, families, suites and space that a file tells of."""
        other = type(self)(**about["settings"])
        other._encoding = Encoding(SearchSpace(about["space"]), int(about["least"]))
        other._seen, other._suites = frozenset(about["seen"]), tuple(about["suites"])
        return other
