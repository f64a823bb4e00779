"""The plan and the trials of a study in its store, read strictly: a foreign file gives typed values only.

Nothing read here is run or imported, and faults are put in words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, beside, shown, whole
from hpo_gym.problem import Hyperparameter, SearchSpace, Status
from hpo_gym.system import Measured, Record, Store, expect, rule_of
from hpo_gym.tuning.study import Ended, Study, StudyPlan

FILE, PLAN = "tune.sqlite", "study"
_MOST = 2**63  # of an integer

_FAULTS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


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


def read(folder: Path) -> Study:
    """Return the study in a folder, which is not written to.

    Raises:
        InvalidValueError: It holds none.
        DamagedDataError: It is damaged.
    """
    plan = stored_plan(folder)
    if plan is None:
        raise InvalidValueError(f"{folder} must hold a study, there is no {FILE} with a plan in it.{beside(folder)}")
    with Store(folder / FILE, write=False) as store:
        return Study(plan, *_trials(store, SearchSpace(plan.space)))


def faults(folder: Path) -> list[str]:
    """Return the unreadable parts of the study in a folder, a sentence each: its plan, or trials of it."""
    with Store(folder / FILE, write=False) as store:
        said = store.meta_get(PLAN)
        try:
            fault_of = keeps({} if said is None else {PLAN: said}, store.path)
        except HPOGymError as fault:
            return [str(fault)]
        return [why for record in store.records() if (why := fault_of(record))]


def keeps(texts: Mapping[str, str], path: Path) -> Callable[[Record], str]:
    """Return a check for records of a damaged store that are no trials of its study; for
    `hpo_gym.system.storage.repair`.

    Raises:
        DamagedDataError: The plan is lost, and trials are meaningless without it.
    """
    if PLAN not in texts:
        raise DamagedDataError(f"The plan of the study in {path} is lost, and its trials mean nothing without it.")
    space = SearchSpace(_plan(texts[PLAN], path).space)

    def fault_of(record: Record) -> str:
        try:
            _trial(record, space, path)
        except DamagedDataError as fault:
            return str(fault)
        return ""

    return fault_of


def _refuse_other(plan: StudyPlan, there: StudyPlan, folder: Path) -> None:
    mine, theirs = (json.loads(json.dumps(asdict(p))) for p in (plan, there))
    for name, value in mine.items():
        if theirs[name] != value and name not in ("why", "matched"):
            shown = "" if name in ("space", "prior") else f": {theirs[name]!r} there, {value!r} here"
            raise InvalidValueError(f"`out` must hold this study to be resumed, {folder} has another `{name}`{shown}.")


def _trials(store: Store, space: SearchSpace) -> tuple[list[Ended], dict[int, Mapping[str, Any]], dict[int, float]]:
    """Return the ended trials of a store in the order of their ends, and the others and their weights by number."""
    ended: list[Ended] = []
    begun: dict[int, Mapping[str, Any]] = {}
    weights: dict[int, float] = {}
    for record in store.records():
        try:
            trial = _trial(record, space, store.path)
        except DamagedDataError as fault:
            raise DamagedDataError(f"{fault} `hpo-gym repair {store.path.parent}` keeps the others.") from fault
        if isinstance(trial, Ended):
            ended.append(trial)
        else:
            begun[trial.trial] = trial.config
            weights |= {} if trial.prior_weight is None else {trial.trial: trial.prior_weight}
    return sorted(ended, key=lambda e: e.order), begun, weights


# ---------------------------------------------------------------------- values
class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, str_max_length=10_000)


_Amount = Annotated[float, Field(ge=0.0)]


class _Measured(_Strict):
    status: Annotated[int, Field(ge=0, le=max(Status))]
    reason: str
    score: float | None
    cost: _Amount | None
    constraints: tuple[float, ...]
    test_score: float | None = None


class _Begun(_Strict):
    trial: Annotated[int, Field(ge=0, lt=2**32)]
    config: dict[str, Any]
    prior_weight: Annotated[float, Field(ge=0.0, le=1.0)] | None = None


class _Ended(_Begun):
    measured: _Measured
    steps: tuple[tuple[Annotated[int, Field(ge=-_MOST, le=_MOST)], float], ...]
    order: Annotated[int, Field(ge=0, le=2**32)]
    seconds: _Amount
    cpu_seconds: _Amount
    stopped: bool = False


_PLAN: TypeAdapter[StudyPlan] = TypeAdapter(StudyPlan)


def _plan(text: str, path: Path) -> StudyPlan:
    """Return a plan from its JSON.

    Raises:
        DamagedDataError: It is no plan of this version: an unknown key, a missing one, or a wrong value.
    """
    with _blamed(f"{path} holds a plan that this version cannot read"):
        plan = _PLAN.validate_json(text)
        space = _space(plan.space)
        expect(plan.direction in ("maximize", "minimize"), "its direction must be maximize or minimize")
        whole("seed", plan.seed, 0, _MOST)
        return replace(plan, init=tuple(_config(space, one) for one in plan.init))


def _trial(record: Record, space: SearchSpace, path: Path) -> _Begun | Ended:
    """Return a trial; one that has not ended as it is stored.

    Raises:
        DamagedDataError: It is no trial of the space: an unknown key, a missing one, or a wrong value.
    """
    with _blamed(f"Trial {record.cell} of {path} cannot be read"):
        form = _Ended if "measured" in record.identity else _Begun
        said: _Begun = form.model_validate_json(json.dumps({**record.identity, **record.measured}))
        expect(record.cell == f"{said.trial:08x}", f"its number must be that of its cell, got {said.trial}")
        said.config = _config(space, said.config)
        if not isinstance(said, _Ended):
            return said
        m, succeeded = said.measured, said.measured.status == Status.OK
        expect(m.score is not None or not succeeded, "its score must be a number where it succeeded, got None")
        score = math.nan if m.score is None else m.score
        measured = Measured(Status(m.status), m.reason, score, m.cost, m.constraints, m.test_score)
        times = said.seconds, said.cpu_seconds
        return Ended(said.trial, said.order, said.config, measured, said.steps, *times, said.stopped, said.prior_weight)


def _space(value: Mapping[str, Any]) -> SearchSpace:
    """Return a space after using it once: wrong conditions would fail at the first point."""
    space = SearchSpace(value)
    expect(space.d > 0, "its space must have a hyperparameter")
    space.legal(space.snap(np.full((1, space.d), 0.5)))
    space.encode([space.default])
    return space


def _config(space: SearchSpace, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration of the space, with values of the types there."""
    known = {h.name: h for h in space.hyperparameters}
    config = {name: _typed(known[name], value) for name, value in said.items()}
    space.encode([config])
    return config


def _typed(h: Hyperparameter, value: object) -> Any:
    at = h.position(value)
    return h.choices[int(at)] if h.choices else int(at) if h.kind == "int" else value


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    try:
        yield
    except _FAULTS as fault:
        rule = f"{rule_of(fault)}." if isinstance(fault, ValidationError) else shown(fault)
        why = str(fault) if isinstance(fault, HPOGymError) else rule
        raise DamagedDataError(f"{what}: {why}") from fault
