"""A study: its plan, and all of its trials, on the disk if it has a folder.

A trial is stored twice: at its beginning, so that it runs again after an interruption, and at its end. An ended trial
outlives a killed process, and is never run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, StorageLostError, beside
from hpo_gym.problem import SearchSpace, Status
from hpo_gym.system import Measured, Record, Store, Verdict, verdict
from hpo_gym.tuning.stored_study import read_plan, read_trial

FILE, PLAN = "tune.sqlite", "study"


@dataclass(frozen=True)
class StudyPlan:
    """Identity of a study: it is continued only under the same plan.

    Attributes:
        space: Of ConfigSpace, as JSON.
        optimizer: Its name.
        settings: Of the optimizer; of a trained one, the hash of its content.
        direction: "maximize" or "minimize".
        seed: Of all choices and of the trials.
        prior: Hash of the earlier tasks.
        init: The initial design.
        belief: Densities of the user's belief; None without.
        meta_features: Numbers that describe the data.
        stopping: Settings of the rule that stops trials early; None without.
        why: The reason for the choice of "auto"; it decides nothing.
    """

    space: Mapping[str, Any]
    optimizer: str
    settings: Mapping[str, Any]
    direction: str
    seed: int
    prior: str
    init: tuple[Mapping[str, Any], ...] = ()
    belief: Mapping[str, Any] | None = None
    meta_features: Mapping[str, float | None] = field(default_factory=dict)
    stopping: Sequence[int] | None = None
    why: str = ""

    @property
    def sign(self) -> float:
        """Return the factor of a score that makes higher better."""
        return -1.0 if self.direction == "minimize" else 1.0


@dataclass(frozen=True)
class Ended:
    """An ended trial.

    Attributes:
        number: Of the trial, in the order of beginnings.
        order: In the order of ends.
        config: The evaluated configuration.
        measured: The `verdict`, and the objective's result: the score in its own direction.
        steps: Pairs of a step and the score at it.
        seconds, cpu_seconds: Its duration.
        stopped: Whether it was stopped before its last step; its score is that of the last step reached.
    """

    number: int
    order: int
    config: Mapping[str, Any]
    measured: Measured
    steps: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    stopped: bool = False

    @property
    def counts(self) -> bool:
        """Return whether it is a success: it ran to its end and met its constraints."""
        return self.measured.status is Status.OK

    @property
    def cost(self) -> float:
        """Return the objective's `cost`, or else the seconds."""
        return self.seconds if self.measured.cost is None else self.measured.cost


@dataclass
class Study:
    """The trials of a study so far.

    Attributes:
        plan: Its identity.
        ended: In the order of ends.
        begun: Running or interrupted trials, by number.
    """

    plan: StudyPlan
    ended: list[Ended] = field(default_factory=list)
    begun: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _store: Store | None = None

    def __post_init__(self) -> None:
        self._file = None if self._store is None or not self._store.write else _File(self._store.path)

    @property
    def space(self) -> SearchSpace:
        """Return the search space."""
        return SearchSpace(self.plan.space)

    @property
    def count(self) -> int:
        """Trials that have begun."""
        return len(self.ended) + len(self.begun)

    def begin(self, config: Mapping[str, Any]) -> int:
        """Begin a trial; return its number."""
        number = max((*self.begun, *(e.number for e in self.ended)), default=-1) + 1
        self.begun[number] = dict(config)
        self._put(number, {"config": dict(config)})
        return number

    def end(self, number: int, outcome: Verdict, steps: Sequence[tuple[int, float]], *, stopped: bool = False) -> Ended:
        """End a trial; when this returns, it is on the disk."""
        config = self.begun[number]
        times = round(outcome.seconds, 6), round(outcome.cpu_seconds, 6)
        measured = verdict(outcome.measured, stopped=stopped)
        ended = Ended(number, len(self.ended), config, measured, tuple(steps), *times, stopped)
        del self.begun[number]
        self.ended.append(ended)
        reported = {"measured": ended.measured.to_json(), "steps": [list(s) for s in ended.steps], "order": ended.order}
        reported |= {"stopped": True} if stopped else {}
        self._put(number, {"config": dict(config), **reported}, {"seconds": times[0], "cpu_seconds": times[1]})
        return ended

    def _put(self, number: int, reported: Mapping[str, Any], times: Mapping[str, float] | None = None) -> None:
        if self._store is not None and self._file is not None:
            self._file.check()  # what is removed or cut is written to without an error
            self._store.put(Record(f"{number:08x}", {"trial": number, **reported}, measured=times or {}))
            self._file.check()


class _File:
    """The file of a study, protected against removal, replacement and truncation while it is written to.

    Args:
        path: Its place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._seen = self._path.stat()

    def check(self) -> None:
        """Look whether it is there, and whole.

        Raises:
            StorageLostError: It is not.
        """
        before = self._seen
        try:
            now = self._path.stat()
        except OSError:
            raise self._lost("removed") from None
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            raise self._lost("replaced")
        if now.st_size < before.st_size:
            raise self._lost(f"cut from {before.st_size:,} to {now.st_size:,} bytes")
        self._seen = now

    def _lost(self, how: str) -> StorageLostError:
        return StorageLostError(
            f"The folder of a study must stay as it is while it runs, {self._path} was {how}: give an `out` that the "
            "objective leaves alone. The trials so far are in `tuned` of this error."
        )


@contextmanager
def opened(folder: Path | None, plan: StudyPlan, *, resume: bool) -> Iterator[Study]:
    """Return a study, empty or, if `resume`, in the state of the folder.

    Raises:
        InvalidValueError: The folder holds a study, without `resume`, or one of another plan.
        DamagedDataError: Its content is damaged.
    """
    if folder is None:
        yield Study(plan)
        return
    path = folder / FILE
    if path.exists() and not resume:
        raise InvalidValueError(
            f"`out` must be a new folder, {folder} holds a study: `resume=True` (`--resume`) goes on with it."
        )
    with Store(path) as store:
        said = store.meta_get(PLAN)
        if said is None:
            store.meta_set(PLAN, json.dumps(asdict(plan), sort_keys=True))
        else:
            _refuse_other(plan, _plan(said, path), folder)
        yield Study(plan, *_trials(store, SearchSpace(plan.space)), store)


def stored_plan(folder: Path) -> StudyPlan | None:
    """Return the plan of the study in a folder; None if there is none yet."""
    if not (folder / FILE).is_file():
        return None
    with Store(folder / FILE, write=False) as store:
        said = store.meta_get(PLAN)
    return None if said is None else _plan(said, folder / FILE)


@contextmanager
def read(folder: Path) -> Iterator[Study]:
    """Return the study in a folder, which is not written to.

    Raises:
        InvalidValueError: It holds none.
        DamagedDataError: It is damaged.
    """
    plan = stored_plan(folder)
    if plan is None:
        raise InvalidValueError(f"{folder} must hold a study, there is no {FILE} with a plan in it.{beside(folder)}")
    with Store(folder / FILE, write=False) as store:
        yield Study(plan, *_trials(store, SearchSpace(plan.space)))


def faults(folder: Path) -> list[str]:
    """Return the unreadable parts of the study in a folder, a sentence each: its plan, or trials of it."""
    with Store(folder / FILE, write=False) as store:
        try:
            space = SearchSpace(_of_store(store).space)
        except HPOGymError as fault:
            return [str(fault)]
        return [why for record in store.records() if (why := _fault(record, space, store.path))]


def keeps(texts: Mapping[str, str], path: Path) -> Callable[[Record], str]:
    """Return a check for records of a damaged store that are no trials of its study; for
    `hpo_gym.system.storage.repair`.

    Raises:
        DamagedDataError: The plan is lost, and trials are meaningless without it.
    """
    if PLAN not in texts:
        raise DamagedDataError(f"Nothing can be kept. The plan of the study in {path} is lost.")
    space = SearchSpace(_plan(texts[PLAN], path).space)
    return lambda record: _fault(record, space, path)


def _fault(record: Record, space: SearchSpace, path: Path) -> str:
    try:
        read_trial(record, space, path)
    except DamagedDataError as fault:
        return str(fault)
    return ""


def _refuse_other(plan: StudyPlan, there: StudyPlan, folder: Path) -> None:
    mine, theirs = (json.loads(json.dumps(asdict(p))) for p in (plan, there))
    for name, value in mine.items():
        if theirs[name] != value and name != "why":
            shown = "" if name in ("space", "prior") else f": {theirs[name]!r} there, {value!r} here"
            raise InvalidValueError(f"`out` must hold this study to be resumed, {folder} has another `{name}`{shown}.")


def _of_store(store: Store) -> StudyPlan:
    said = store.meta_get(PLAN)
    if said is None:
        raise DamagedDataError(f"{store.path} holds no plan of a study: `hpo-gym tune` did not write it.")
    return _plan(said, store.path)


def _plan(text: str, path: Path) -> StudyPlan:
    later = {f.name for f in fields(StudyPlan) if (f.default, f.default_factory) != (MISSING, MISSING)}
    return StudyPlan(**read_plan(text, {f.name for f in fields(StudyPlan)} - later, later, path))


def _trials(store: Store, space: SearchSpace) -> tuple[list[Ended], dict[int, Mapping[str, Any]]]:
    ended: list[Ended] = []
    begun: dict[int, Mapping[str, Any]] = {}
    for record in store.records():
        try:
            t = read_trial(record, space, store.path)
        except DamagedDataError as fault:
            raise DamagedDataError(f"{fault} `hpo-gym repair {store.path.parent}` keeps the others.") from fault
        if t.measured is None:
            begun[t.number] = t.config
        else:
            measured = verdict(t.measured, stopped=t.stopped)  # older records have none
            ended.append(Ended(t.number, t.order, t.config, measured, t.steps, t.seconds, t.cpu_seconds, t.stopped))
    return sorted(ended, key=lambda e: e.order), begun
