"""Entrants: the optimizers of a comparison, and their identity."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from hpo_gym.base import DamagedDataError, making
from hpo_gym.optimize import (
    CMD,
    OWN,
    PACKED,
    SAVED,
    BatchOptimizer,
    Form,
    Trainable,
    content_of,
    control_of,
    parted,
    remembers,
)
from hpo_gym.system import Carried


@dataclass(frozen=True)
class Entrant:
    """An optimizer in a comparison.

    Attributes:
        spec: Its spec, see `Form`.
        settings: Arguments of its class, as JSON text, so that it hashes; of a trained one, its checksum.
        resolved: All of its settings, as JSON text, with defaults and those of a file; "" if trained, or without any.
        reference: It stands for its reference runs, and is never run.
        remembers: The facts about earlier tasks that it reads beside scores, with commas between; None: not recorded.
        control: Its untrained self; None: not stated, or not recorded.
        trainable, batched: Whether it must be trained, and whether it proposes for many runs at once.
        trainings: Number of trainings, each from other seeds; replicate r of a task runs that of r mod `trainings`.
        maker: Makes one if `spec` does not: it goes to the workers, and into no file.
    """

    name: str
    spec: str
    settings: str = "{}"
    version: int = 1
    trainable: bool = False
    batched: bool = False
    trainings: int = 1
    resolved: str = ""
    reference: bool = field(default=False, compare=False)
    remembers: str | None = field(default=None, compare=False)
    control: str | None = field(default=None, compare=False)
    maker: Carried | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, form: Form, trainings: int = 1) -> Entrant:
        """Return an entrant after making it once: only here is a "module:name" trusted, never from a stored plan.

        Raises:
            InvalidValueError: It cannot be made so, or is no optimizer.
            UnknownNameError: No such optimizer or setting.
            MissingExtraError: It needs an optional package.
        """
        spec, settings = form.spec, dict(form.settings)
        with making(form.name, settings):
            entrant = cls(form.name, spec, json.dumps(settings, sort_keys=True, allow_nan=False), maker=form.maker)
            optimizer = entrant.make()
            version = int(getattr(optimizer, "version", 1))
            reads = ",".join(remembers(optimizer))
        trainable = isinstance(optimizer, Trainable) and "checksum" not in settings
        batched = isinstance(optimizer, BatchOptimizer)
        several = trainings if trainable else 1
        resolved = "" if spec.startswith(SAVED) else _resolved(optimizer)
        return replace(
            entrant, version=version, trainable=trainable, batched=batched, trainings=several, resolved=resolved,
            remembers=reads, control=control_of(optimizer),
        )  # fmt: skip

    def make(self) -> Any:
        """Return a new optimizer; raise `DamagedDataError` where the files of a trained one have changed."""
        settings = json.loads(self.settings)
        if self.spec.startswith(SAVED):
            _, folder = parted(self.spec.removeprefix(SAVED))
            found = content_of(folder)
            if found != settings["checksum"]:
                raise DamagedDataError(
                    f"{folder} has changed since the comparison began: {settings['checksum']}, {found}."
                )
        return Form(self.name, self.spec, settings, self.maker).make()

    @property
    def word(self) -> str:
        """Return its word for `hpo-gym bench --optimizers`, the name of a place; "" for an object, or with settings."""
        if self.spec.startswith(SAVED):
            maker, at, _ = self.spec.removeprefix(SAVED).partition("@")
            word = f"{self.name}{PACKED * self.spec.endswith(PACKED)}"
            return f"{maker}@{word}" if at and ":" in maker else word
        plain = self.settings == "{}" or (self.spec.startswith(CMD) and [*json.loads(self.settings)] == ["checksum"])
        return self.spec if plain and not self.spec.startswith(OWN) else ""

    def to_json(self) -> dict[str, Any]:
        """Return all but the maker, as JSON values, without unrecorded ones."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "maker"}
        return {name: value for name, value in said.items() if value is not None and (value or name != "reference")}

    @functools.cached_property
    def asked(self) -> dict[str, Any]:
        """Return name, own version, given settings, and the module of a user's class: the source of seeds, so that
        other settings in its file are compared with the same random numbers.
        """
        own = {"name": self.name, "version": self.version, "settings": json.loads(self.settings)}
        module = self.spec.rpartition(":")[0]
        return {**own, "module": module} if module else own

    @functools.cached_property
    def identity(self) -> dict[str, Any]:
        """Return the given and the resolved settings: everything that determines its behaviour."""
        return {**self.asked, "resolved": json.loads(self.resolved)} if self.resolved else self.asked

    def training(self, replicate: int) -> int:
        """Return the training of a replicate, from 0."""
        return replicate % self.trainings


def before_training(entrants: Iterable[Entrant]) -> dict[str, str]:
    """Return by trained entrant the name of the one that it was before its training."""
    found = {e.name: e.control or control_of(e.name) for e in entrants}
    return {name: control for name, control in found.items() if control is not None}


def _resolved(optimizer: object) -> str:
    settings = getattr(optimizer, "settings", None)
    if not isinstance(settings, Mapping):
        return ""
    try:
        return json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return ""
