"""Cells: one optimizer on one task with one replicate; their identity and their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.live import Live
from hpo_gym.bench.protocol import Protocol
from hpo_gym.problem import Suite

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to be made."""

    suite: str
    data_hash: str
    task: str
    fold: int | None
    replicate: int

    def identity(self, entrant: Entrant, protocol: Protocol) -> dict[str, Any]:
        """Return the hashed settings; `Protocol.later` says which default ones are not among them."""
        own = {
            "suite": self.suite, "data_hash": self.data_hash, "task": self.task, "fold": self.fold,
            "replicate": self.replicate, "optimizer": entrant.identity, "start": protocol.start,
            **protocol.budget.to_json(), **protocol.later(),
        }  # fmt: skip
        training = entrant.training(self.replicate)
        return {**own, "training": training} if training else own


def instance_of(suite: str, task: str, replicate: int) -> int:
    """Seed of the instance of all optimizers' runs of one replicate."""
    return seeding.instance_seed(suite, task, "bench", replicate)


@dataclass(frozen=True)
class Work:
    """A job of a worker: cells of one optimizer on one suite, or its training.

    Attributes:
        suite_spec: Argument of `load_suite`.
        trained: Folder of the training, or None.
    """

    entrant: Entrant
    suite_spec: str
    fold: int | None
    protocol: Protocol
    cells: tuple[Cell, ...] = ()
    trained: str | None = None
    training: int = 0
    live: Live | None = None


@dataclass(frozen=True)
class Made:
    """The result of a cell."""

    cell: Cell
    arrays: Arrays
    error: str | None
    measured: dict[str, Any]


def training_identity(entrant: Entrant, suite: Suite, fold: int | None, split: str, number: int = 0) -> dict[str, Any]:
    """Return the input of a training's hash; methods scored on val do not validate there."""
    known = {"suite": suite.name, "data_hash": suite.data_hash, "fold": fold, "validated": split != "val"}
    own = {"training": entrant.identity, **known}
    return {**own, "number": number} if number else own


def failed(cell: Cell, error: str) -> Made:
    """Return a failed cell, with the reason."""
    return Made(cell, {}, error, {})
