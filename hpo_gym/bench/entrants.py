"""Entrants: the optimizers of a comparison, and what makes two of them the same."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hpo_gym.errors import DamagedDataError, HPOGymError, InvalidValueError
from hpo_gym.learning.saved import folder_of, load, read_about
from hpo_gym.optimizer import OPTIMIZERS, BatchOptimizer, Optimizer, Trainable
from hpo_gym.registry import made

SAVED = "saved:"


@dataclass(frozen=True)
class Entrant:
    """An optimizer in a comparison.

    Attributes:
        name: Its name in the results.
        spec: A registered name, "module:name", or "saved:" and the name or the folder of what is trained.
        settings: Arguments of its class, as JSON text, so that it hashes; of one that is trained, its checksum.
        resolved: All of its settings, as JSON text: also those that were not given but stand in a file or are defaults.
            Of one that does not tell them by a mapping `settings`, or is trained, "".
        version: The class's own.
        trainable, batched: Whether it must be trained, and whether it proposes for many runs at once.
        trainings: How often it is trained, each time from other seeds; replicate r of a task runs what training
            r mod `trainings` learned.
    """

    name: str
    spec: str
    settings: str = "{}"
    version: int = 1
    trainable: bool = False
    batched: bool = False
    trainings: int = 1
    resolved: str = ""

    @classmethod
    def of(cls, name: str, spec: str, settings: Mapping[str, Any], trainings: int = 1) -> Entrant:
        """An entrant after it was made once: only here is a "module:name" believed, never from a stored plan.

        Raises:
            InvalidValueError: It cannot be made so, or is no optimizer.
            UnknownNameError: No such optimizer or setting.
            MissingExtraError: It needs an optional package.
        """
        try:
            entrant = cls(name, spec, json.dumps(settings, sort_keys=True, allow_nan=False))
            optimizer = entrant.make()
            version = int(getattr(optimizer, "version", 1))
        except HPOGymError:
            raise
        except Exception as fault:  # of the user's own module or class
            why = f"{type(fault).__name__}: {fault}"
            raise InvalidValueError(
                f"Optimizer {spec!r} must be made by its settings {dict(settings)} alone, got {why}."
            ) from fault
        if not isinstance(optimizer, Optimizer):
            kind = type(optimizer).__name__
            raise InvalidValueError(f"{spec!r} must make an optimizer (`reset`, `ask`, `tell`), got {kind!r}.")
        trainable = isinstance(optimizer, Trainable) and not spec.startswith(SAVED)
        batched = isinstance(optimizer, BatchOptimizer)
        several = trainings if trainable else 1
        resolved = "" if spec.startswith(SAVED) else _resolved(optimizer)
        return replace(
            entrant, version=version, trainable=trainable, batched=batched, trainings=several, resolved=resolved
        )

    def make(self) -> Any:
        """A new one.

        Raises:
            DamagedDataError: It was trained, and its files have changed since.
        """
        settings = json.loads(self.settings)
        if not self.spec.startswith(SAVED):
            return made(OPTIMIZERS.resolve(self.spec), self.name, settings)
        folder = folder_of(self.spec.removeprefix(SAVED))
        found = read_about(folder)["checksum"]
        if found != settings["checksum"]:
            raise DamagedDataError(f"{folder} has changed since the comparison began: {settings['checksum']}, {found}.")
        return load(folder)

    @functools.cached_property
    def asked(self) -> dict[str, Any]:
        """Name, own version, the settings that were given, and the module of a user's own: what seeds are drawn from,
        so that other settings in its file are compared with the same random numbers."""
        own = {"name": self.name, "version": self.version, "settings": json.loads(self.settings)}
        module = self.spec.rpartition(":")[0]
        return {**own, "module": module} if module else own

    @functools.cached_property
    def identity(self) -> dict[str, Any]:
        """What was asked, and all settings that follow from it: what decides what it does."""
        return {**self.asked, "resolved": json.loads(self.resolved)} if self.resolved else self.asked

    def training(self, replicate: int) -> int:
        """Which training a replicate runs, from 0."""
        return replicate % self.trainings


def _resolved(optimizer: object) -> str:
    settings = getattr(optimizer, "settings", None)
    if not isinstance(settings, Mapping):
        return ""
    try:
        return json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return ""
