"""Cells: one optimizer on one task with one replicate. What a worker does, and what it hands back to be stored."""

from __future__ import annotations

import functools
import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym import seeding
from hpo_gym.bench.incumbents import incumbents
from hpo_gym.bench.rollout import Run, run_batch, run_one
from hpo_gym.errors import DamagedDataError, HPOGymError, InvalidValueError, SplitError
from hpo_gym.jobs.memory import keep_memory
from hpo_gym.learning.saved import load, read_about
from hpo_gym.optimizer import OPTIMIZERS, BatchOptimizer, Context, Optimizer, Resumable, Trainable
from hpo_gym.registry import made
from hpo_gym.seeding import digest
from hpo_gym.storage.whole import whole_folder
from hpo_gym.suite import Suite
from hpo_gym.suites import load_suite
from hpo_gym.task import Task
from hpo_gym.trial import History

Arrays = dict[str, NDArray[Any]]
SAVED = "saved:"


@dataclass(frozen=True)
class Entrant:
    """An optimizer in a comparison.

    Attributes:
        name: Its name in the results.
        spec: A registered name, "module:name", or "saved:folder" of one that is trained.
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
        folder = self.spec.removeprefix(SAVED)
        found = read_about(folder)["checksum"]
        if found != settings["checksum"]:
            raise DamagedDataError(f"{folder} has changed since the comparison began: {settings['checksum']}, {found}.")
        return load(folder)

    @property
    def asked(self) -> dict[str, Any]:
        """Name, own version, the settings that were given, and the module of a user's own: what seeds are drawn from,
        so that other settings in its file are compared with the same random numbers."""
        own = {"name": self.name, "version": self.version, "settings": json.loads(self.settings)}
        module = self.spec.rpartition(":")[0]
        return {**own, "module": module} if module else own

    @property
    def identity(self) -> dict[str, Any]:
        """What was asked, and all settings that follow from it: what decides what it does."""
        return {**self.asked, "resolved": json.loads(self.resolved)} if self.resolved else self.asked

    def training(self, replicate: int) -> int:
        """Which training a replicate runs, from 0."""
        return replicate % self.trainings


def _resolved(optimizer: Any) -> str:
    settings = getattr(optimizer, "settings", None)
    if not isinstance(settings, Mapping):
        return ""
    try:
        return json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return ""


@dataclass(frozen=True)
class Cell:
    """One run to be made."""

    suite: str
    data_hash: str
    task: str
    fold: int | None
    replicate: int

    def identity(self, entrant: Entrant, start: str, budget: int) -> dict[str, Any]:
        """What the cell's hash is made from."""
        own = {**asdict(self), "optimizer": entrant.identity, "start": start, "budget": budget}
        training = entrant.training(self.replicate)
        return {**own, "training": training} if training else own


@dataclass(frozen=True)
class Work:
    """What a worker is asked to do: cells of one optimizer on one suite, or its training.

    Attributes:
        suite_spec: What `load_suite` takes, as text.
        trained: Folder of what training made, or None.
        training: Which training it is.
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


@dataclass(frozen=True)
class Made:
    """What became of a cell."""

    cell: str
    identity: dict[str, Any]
    arrays: Arrays
    error: str | None
    measured: dict[str, Any]


def training_identity(entrant: Entrant, suite: Suite, fold: int | None, split: str, number: int = 0) -> dict[str, Any]:
    """What a training's hash is made from; what is scored on val is not validated there."""
    known = {"suite": suite.name, "data_hash": suite.data_hash, "fold": fold, "validated": split != "val"}
    own = {"training": entrant.identity, **known}
    return {**own, "number": number} if number else own


def train(work: Work) -> dict[str, Any]:
    """Train an optimizer on the meta-train tasks of a fold; what it learned appears in its folder at once, or not."""
    assert work.trained is not None
    folder, suite = Path(work.trained), _suite(work.suite_spec)
    optimizer = work.entrant.make()
    identity = training_identity(work.entrant, suite, work.fold, work.split, work.training)
    rng = seeding.generator(seeding.key("training", {**identity, "training": work.entrant.asked}))
    tasks, validation = suite.tasks("train", work.fold), () if work.split == "val" else suite.tasks("val", work.fold)
    keep_memory()
    start, curve = time.process_time(), list[list[float]]()
    if isinstance(optimizer, Resumable):
        curve = optimizer.train_in(None, tasks, rng, validation=validation)
    else:
        optimizer.train(tasks, rng, validation=validation)
    measured = {"train_seconds": time.process_time() - start, "optimizer": work.entrant.name, "curve": curve}
    with whole_folder(folder) as unfinished:
        optimizer.save(unfinished)
        (unfinished / "training.json").write_text(json.dumps(measured))
    return measured


def run_cells(work: Work) -> list[Made]:
    """Run cells; a failure is that cell's, never the others'."""
    optimizer = work.entrant.make()
    if work.entrant.trainable and work.trained is not None:
        optimizer.load(Path(work.trained))
    suite = _suite(work.suite_spec)
    if work.entrant.batched:
        try:
            return _run_together(optimizer, suite, work)
        except (Exception, SystemExit):
            if len(work.cells) > 1:  # find out whose failure it is
                return [made for cell in work.cells for made in run_cells(_only(work, cell))]
            return [failed(work, work.cells[0], traceback.format_exc())]
    return [_run_alone(optimizer, suite, work, cell) for cell in work.cells]


def _only(work: Work, cell: Cell) -> Work:
    return replace(work, cells=(cell,))


def _run_alone(optimizer: Optimizer, suite: Suite, work: Work, cell: Cell) -> Made:
    try:
        task = _task(optimizer, suite, cell)
        world, rng = _seeds(work, cell)
        run = Run(task, float(work.budget), world, work.n_init)
        run_one(optimizer, run, Context.of(task, work.budget, suite.prior(cell.fold)), rng)
    except (Exception, SystemExit):
        return failed(work, cell, traceback.format_exc())
    history = History(tuple(run.trials), work.n_init)
    arrays: Arrays = {
        "x": task.space.encode(history.configs) if len(history) else np.empty((0, task.space.d)),
        "score": np.array(history.scores, np.float64),
        "cost": np.array(history.costs, np.float64),
        "status": np.array(history.statuses, np.int8),
        "fidelity": np.array(history.fidelities, np.float64),
    }
    return _done(work, cell, task, arrays, run.seconds)


def _run_together(optimizer: BatchOptimizer, suite: Suite, work: Work) -> list[Made]:
    """Run cells of one search space at once."""
    by_space: dict[Any, list[Cell]] = {}
    for cell in work.cells:
        task = suite.task(cell.task)
        by_space.setdefault((task.space, task.fidelities), []).append(cell)
    return [made for cells in by_space.values() for made in _run_space(optimizer, suite, work, cells)]


def _run_space(optimizer: BatchOptimizer, suite: Suite, work: Work, cells: Sequence[Cell]) -> list[Made]:
    tasks = [_task(optimizer, suite, cell) for cell in cells]
    known: dict[Task, Any] = {}
    for task in tasks:
        if task not in known:
            known[task] = Context.of(task, work.budget, suite.prior(work.fold))
    return _driven(optimizer, work, cells, tasks, [known[t] for t in tasks])


def replayed(player: BatchOptimizer, suite: Suite, work: Work) -> list[Made]:
    """Run cells anew by an optimizer that knows what to choose, and so needs to know nothing of the tasks."""
    tasks = [suite.task(cell.task) for cell in work.cells]
    return _driven(player, work, work.cells, tasks, [Context.of(t, work.budget) for t in tasks])


def _driven(
    optimizer: BatchOptimizer, work: Work, cells: Sequence[Cell], tasks: Sequence[Task], contexts: Sequence[Context]
) -> list[Made]:
    seeds = [_seeds(work, cell) for cell in cells]
    seconds: list[float] = []
    runs = run_batch(
        optimizer, tasks, [w for w, _ in seeds], contexts, [g for _, g in seeds],
        budget=float(work.budget), n_init=work.n_init, watch=seconds.append,
    )  # fmt: skip
    return [_done(work, cell, tasks[i], runs.arrays(i), seconds) for i, cell in enumerate(cells)]


def _done(work: Work, cell: Cell, task: Task, arrays: Arrays, seconds: Sequence[float]) -> Made:
    identity = cell.identity(work.entrant, work.start, work.budget)
    arrays["incumbent"] = incumbents(task, arrays, work.budget, work.n_init)
    arrays["x"] = arrays["x"].astype(np.float64)
    p50, p95 = np.percentile(seconds, [50, 95]) if len(seconds) else (0.0, 0.0)
    return Made(digest(identity), identity, arrays, None, {"ms_p50": 1e3 * float(p50), "ms_p95": 1e3 * float(p95)})


def failed(work: Work, cell: Cell, error: str) -> Made:
    """A cell that failed, with the reason."""
    identity = cell.identity(work.entrant, work.start, work.budget)
    return Made(digest(identity), identity, {}, error, {})


def _task(optimizer: Any, suite: Suite, cell: Cell) -> Task:
    task = suite.task(cell.task)
    if isinstance(optimizer, Trainable) and task.family in optimizer.seen:
        raise SplitError(
            f"Task {task.name!r} must not be scored: {type(optimizer).__name__} was trained on its family."
        )
    return task


def _seeds(work: Work, cell: Cell) -> tuple[int, np.random.Generator]:
    world = seeding.world_seed(cell.suite, cell.task, "bench", cell.replicate)
    who = work.entrant.asked
    return world, seeding.generator(seeding.optimizer_seed(world, who["name"], who["settings"]))


@functools.lru_cache(maxsize=16)
def _suite(spec: str) -> Suite:
    return load_suite(spec)
