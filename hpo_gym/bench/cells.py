"""Cells: one optimizer on one task with one replicate; what makes two of them the same, and what was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.live import Live
from hpo_gym.bench.protocol import TRAIN
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

    def identity(
        self, entrant: Entrant, start: str, budget: int, budget_cost: float | None = None, *, checkpoints: bool = False,
        memory: str = TRAIN,
    ) -> dict[str, Any]:  # fmt: skip
        """What the cell's hash is made from; with `budget_cost`, the points at which a run is looked at are not.

        Nor is a memory of train alone, which stores of before have without saying so.
        """
        limit: dict[str, Any] = {"budget": budget} if budget_cost is None else {"budget_cost": budget_cost}
        if checkpoints:
            limit["checkpoints"] = True
        own = {
            "suite": self.suite, "data_hash": self.data_hash, "task": self.task, "fold": self.fold,
            "replicate": self.replicate, "optimizer": entrant.identity, "start": start, **limit,
            **({} if memory == TRAIN else {"memory": memory}),
        }  # fmt: skip
        training = entrant.training(self.replicate)
        return {**own, "training": training} if training else own


def world_of(suite: str, task: str, replicate: int) -> int:
    """Seed of the world of all optimizers' runs of one replicate."""
    return seeding.world_seed(suite, task, "bench", replicate)


@dataclass(frozen=True)
class Work:
    """What a worker is asked to do: cells of one optimizer on one suite, or its training.

    Attributes:
        suite_spec: What `load_suite` takes, as text.
        trained: Folder of what training made, or None.
        training: Which training it is.
        live: The suite itself, where nothing loads it.
        budget_cost: The budget in cost, where it is, in mean costs of a full evaluation of the task.
        checkpoints: Whether a trial pays only what lies beyond its checkpoint, where costs of its task are cumulative.
        memory: Splits of the earlier tasks that the optimizer may read.
    """

    entrant: Entrant
    suite_spec: str
    fold: int | None
    split: str
    start: str
    budget: int
    n_init: int
    cells: tuple[Cell, ...] = ()
    trained: str | None = None
    training: int = 0
    live: Live | None = None
    budget_cost: float | None = None
    checkpoints: bool = False
    memory: str = TRAIN


@dataclass(frozen=True)
class Made:
    """What became of a cell."""

    cell: Cell
    arrays: Arrays
    error: str | None
    measured: dict[str, Any]


def training_identity(entrant: Entrant, suite: Suite, fold: int | None, split: str, number: int = 0) -> dict[str, Any]:
    """What a training's hash is made from; what is scored on val is not validated there."""
    known = {"suite": suite.name, "data_hash": suite.data_hash, "fold": fold, "validated": split != "val"}
    own = {"training": entrant.identity, **known}
    return {**own, "number": number} if number else own


def failed(cell: Cell, error: str) -> Made:
    """A cell that failed, with the reason."""
    return Made(cell, {}, error, {})
