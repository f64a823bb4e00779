"""`Archive`: the evaluations of live tasks that optimizers of other tasks may know, made on request and stored.

An evaluation is stored when it ends, so a killed process loses none that has ended, and none is repeated: not by
another process, which waits for its turn, nor where more are asked for later.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import InvalidValueError, StateError, digest
from hpo_gym.problem import Results, finite_scores
from hpo_gym.system import LOGGER, Record, Store, steps

if TYPE_CHECKING:
    from hpo_gym.suites.tasks.live import LiveTask

FILE = "evaluations.sqlite"
_POLL = 0.2  # seconds


@dataclass(eq=False)
class Archive:
    """The store of a suite's evaluations; several suites may share one.

    Attributes:
        folder: Of the store; made with the first evaluation.
        version: Of the suite: results of another one are not used.
        read: Results by task, once they were read; they travel with the suite to workers.
    """

    folder: Path
    version: int
    read: dict[str, Results] = field(default_factory=dict)

    def results(self, task: LiveTask) -> Results:
        """Return the results of a task's `prior_evaluations`; those that are not stored yet are made now."""
        if task.name not in self.read:
            self.read[task.name] = self._results(task)
        return self.read[task.name]

    def _results(self, task: LiveTask) -> Results:
        points = task.space.spread(task.prior_evaluations)
        about = {
            "suite": task.suite, "version": self.version, "task": task.name, "told": task.told,
            "space": digest(task.space.to_json(units=False)),
        }  # fmt: skip
        asked = [{**about, "x": x.tolist()} for x in points]
        keys = [digest(one) for one in asked]
        found = self._stored(keys)
        new = {key: i for i, key in enumerate(keys) if key not in found}
        if new:
            with _writing(self.folder / FILE) as store:
                found |= _of(store, new)  # of another process, meanwhile
                rest = [i for key, i in new.items() if key not in found]
                _announce(task, len(rest), len(found), self.folder / FILE)
                for i, record in _made(task, rest, points, {i: Record(keys[i], asked[i]) for i in rest}):
                    store.put(record)
                    found[keys[i]] = record
        else:
            _announce(task, 0, len(found), self.folder / FILE)
        score, cost, status = (np.array([found[key].arrays[name] for key in keys]) for name in _NAMES)
        return finite_scores(score), cost, status

    def _stored(self, keys: list[str]) -> dict[str, Record]:
        path = self.folder / FILE
        try:
            with Store(path, write=False) as store:
                return _of(store, keys)
        except InvalidValueError:  # there is none, or one without its first cell
            return {}


_NAMES = ("score", "cost", "status")


def _of(store: Store, keys: Iterable[str]) -> dict[str, Record]:
    there = store.cells()
    return {key: record for key in keys if key in there and (record := store.get(key)) is not None}


def _made(task: LiveTask, rest: list[int], points: Any, records: Mapping[int, Record]) -> Iterator[tuple[int, Record]]:
    """Evaluate points one after the other, or as many as run side by side; yield their records as they come."""
    with steps(f"earlier task {task.name!r} of {task.suite}", len(rest), "evaluations") as tell:
        for start in range(0, len(rest), task.side_by_side):
            some = rest[start : start + task.side_by_side]
            out = task.evaluate(points[some], np.ones(len(some)), np.zeros(len(some), np.uint64))
            for i, *values in zip(some, *out, strict=True):
                arrays = {name: np.asarray(value) for name, value in zip(_NAMES, values, strict=True)}
                yield i, Record(records[i].cell, records[i].identity, arrays)
            tell(start + len(some))


def _announce(task: LiveTask, new: int, stored: int, path: Path) -> None:
    """Say what is evaluated, before it is, and what is taken from the store; once, not in each worker."""
    parts = [f"{new} evaluations of the earlier task {task.name!r} begin, stored in {path}"] if new else []
    if stored:
        parts.append(f"{stored} of {task.name!r} are taken from {path}: raise `version` where the code has changed")
    level = LOGGER.warning if new or multiprocessing.parent_process() is None else LOGGER.info
    level("%s, `prior_evaluations=%d`: %s.", task.suite, task.prior_evaluations, "; ".join(parts))


@contextmanager
def _writing(path: Path) -> Iterator[Store]:
    """Open a store for writing; wait while another process writes to it."""
    said = False
    with ExitStack() as stack:
        while True:
            try:
                store = stack.enter_context(Store(path))
                break
            except StateError as fault:
                if not isinstance(fault.__cause__, BlockingIOError):
                    raise
                if not said:
                    LOGGER.warning("Another process evaluates earlier tasks, and stores them in %s: this waits.", path)
                said = True
                time.sleep(_POLL)
        yield store
