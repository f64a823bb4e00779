"""`LiveTask`, and `Archive`: evaluations that optimizers of other tasks may know, made on request and stored.

An evaluation is stored when it ends, so a killed process loses none that has ended, and none is repeated: not by
another process (it waits for its turn), nor if more are asked for later.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, StateError, digest
from hpo_gym.problem import Evaluations, OnRequest, Points, Results, Task, finite_scores
from hpo_gym.system import LOGGER, Record, Store, steps

FILE = "evaluations.sqlite"
_POLL = 0.2  # seconds
_NAMES = ("score", "cost", "status")


@dataclass(frozen=True, eq=False)
class LiveTask(Task):
    """A task that runs somebody's code: nothing is evaluated beside a run's own trials, unless asked for.

    Attributes:
        prior_evaluations: Evenly spread points that optimizers of other tasks may know of this one.
        archive: Evaluates them when one is first read, and stores them; None: they cost nothing, or there are none.
        failed: Score of a failure before any success of its run; None: 0.
    """

    prior_evaluations: int = 0
    archive: Archive | None = field(default=None, repr=False)
    failed: float | None = None

    @property
    def env(self) -> Mapping[str, Any]:
        return {"codec": "box"}  # its best score is unknown, so that nothing can be paid by it

    @property
    def side_by_side(self) -> int:
        """Return the number of evaluations that run at once."""
        return 1

    @property
    def told(self) -> list[Any]:
        """Return settings behind a stored score, beside its task, its space and its point, as JSON."""
        return []

    def evaluations(self) -> Evaluations:
        if self.archive is None or not self.prior_evaluations:
            return super().evaluations()
        x, measure = self.space.spread(self.prior_evaluations), partial(self.archive.results, self)
        return OnRequest.of(self.name, self.family, x, self.meta_features, measure)


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

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.folder / FILE

    def results(self, task: LiveTask) -> Results:
        """Return the results of a task's `prior_evaluations`; the ones not stored yet are made now."""
        if task.name not in self.read:
            self.read[task.name] = self._results(task)
        return self.read[task.name]

    def _results(self, task: LiveTask) -> Results:
        points = task.space.spread(task.prior_evaluations)
        about = {"suite": task.suite, "version": self.version, "task": task.name, "told": task.told}
        about["space"] = digest(task.space.to_json(units=False))
        blank = [Record(digest(one), one) for one in ({**about, "x": x.tolist()} for x in points)]
        keys = [record.cell for record in blank]
        found = self._stored(keys)
        if found.keys() >= set(keys):
            self._announce(task, 0, len(found))
        else:
            with self._writing() as store:
                found = _of(store, keys)  # more, where another process was at work
                first = {key: i for i, key in reversed(list(enumerate(keys)))}  # equal points are evaluated once
                rest = sorted(i for key, i in first.items() if key not in found)
                self._announce(task, len(rest), len(found))
                for i, arrays in _made(task, rest, points):
                    found[keys[i]] = Record(keys[i], blank[i].identity, arrays)
                    store.put(found[keys[i]])
        score, cost, status = (np.array([found[key].arrays[name] for key in keys]) for name in _NAMES)
        return finite_scores(score), cost, status

    def _stored(self, keys: Iterable[str]) -> dict[str, Record]:
        try:
            with Store(self.path, write=False) as store:
                return _of(store, keys)
        except InvalidValueError:  # there is none, or one without its first cell
            return {}

    @contextmanager
    def _writing(self) -> Iterator[Store]:
        """Open the store for writing; wait while another process writes to it."""
        said = False
        with ExitStack() as stack:
            while True:
                try:
                    store = stack.enter_context(Store(self.path))
                    break
                except StateError as fault:
                    if not isinstance(fault.__cause__, BlockingIOError):
                        raise
                if not said:
                    LOGGER.warning("Another process evaluates earlier tasks into %s: this one waits.", self.path)
                said = True
                time.sleep(_POLL)
            yield store

    def _announce(self, task: LiveTask, new: int, stored: int) -> None:
        """Announce evaluations, and the use of stored ones; the latter alone not in workers."""
        parts = [f"{new} evaluations of the earlier task {task.name!r} begin, stored in {self.path}"] if new else []
        if stored:
            place = "there" if new else self.path
            parts.append(
                f"{stored} of {task.name!r} are taken from {place}: raise `version` where the code has changed"
            )
        tell = LOGGER.warning if new or multiprocessing.parent_process() is None else LOGGER.info
        tell("%s, `prior_evaluations=%d`: %s.", task.suite, task.prior_evaluations, "; ".join(parts))


def _of(store: Store, keys: Iterable[str]) -> dict[str, Record]:
    there = store.cells()
    return {key: record for key in keys if key in there and (record := store.get(key)) is not None}


def _made(task: LiveTask, rest: list[int], points: Points) -> Iterator[tuple[int, dict[str, Any]]]:
    """Evaluate points one after the other, or as many as run side by side; yield their outcomes as they come."""
    with steps(f"earlier task {task.name!r} of {task.suite}", len(rest), "evaluations") as tell:
        for start in range(0, len(rest), task.side_by_side):
            some = rest[start : start + task.side_by_side]
            out = task.evaluate(points[some], np.ones(len(some)), np.zeros(len(some), np.uint64))
            for i, *values in zip(some, *out, strict=True):
                yield i, dict(zip(_NAMES, map(np.asarray, values), strict=True))
            tell(start + len(some))
