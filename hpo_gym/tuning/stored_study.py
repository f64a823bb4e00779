"""The plan and the trials of a study in its store, read strictly: a foreign file gives typed values only.

Nothing read here is run or imported, and faults are put in words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError, beside, real, shown, whole
from hpo_gym.problem import Hyperparameter, SearchSpace, Status
from hpo_gym.system import Measured, Record, Store, exactly, expect, listed, mapping, of_type, verdict
from hpo_gym.system import text as text_of
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
        if said is None:
            return [f"{store.path} holds no plan of a study: `hpo-gym tune` did not write it."]
        try:
            space = SearchSpace(_plan(said, store.path).space)
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
        _trial(record, space, path)
    except DamagedDataError as fault:
        return str(fault)
    return ""


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
            number, config, weight, end = _trial(record, space, store.path)
        except DamagedDataError as fault:
            raise DamagedDataError(f"{fault} `hpo-gym repair {store.path.parent}` keeps the others.") from fault
        if end is None:
            begun[number] = config
            weights |= {} if weight is None else {number: weight}
        else:
            ended.append(replace(end, measured=verdict(end.measured, stopped=end.stopped)))  # older records have none
    return sorted(ended, key=lambda e: e.order), begun, weights


# ---------------------------------------------------------------------- values
def _plan(text: str, path: Path) -> StudyPlan:
    """Return a plan from its JSON.

    Raises:
        DamagedDataError: It is no plan of this version: an unknown key, a missing one, or a wrong value.
    """
    names = {f.name for f in fields(StudyPlan)}
    later = {f.name for f in fields(StudyPlan) if (f.default, f.default_factory) != (MISSING, MISSING)}
    with _blamed(f"{path} holds a plan that this version cannot read"):
        said = dict(mapping("plan", json.loads(text)))
        exactly("plan", said, names - later, later)
        space = _space(said["space"])
        for name in ("optimizer", "prior"):
            text_of(name, said[name])
        said |= {name: text_of(name, said.get(name, "")) for name in ("why", "matched")}
        mapping("settings", said["settings"])
        expect(said["direction"] in ("maximize", "minimize"), "its direction must be maximize or minimize")
        whole("seed", said["seed"], 0, _MOST)
        said["init"] = tuple(_config(space, one) for one in listed("init", said.get("init", [])))
        if said.get("belief") is not None:
            mapping("belief", said["belief"])
        if said.get("stopping") is not None:
            said["stopping"] = [whole("stopping", v, 0, _MOST) for v in listed("stopping", said["stopping"])]
        features = mapping("meta_features", said.get("meta_features", {}))
        said["meta_features"] = {k: None if v is None else real("meta_features", v) for k, v in features.items()}
        return StudyPlan(**said)


def _trial(record: Record, space: SearchSpace, path: Path) -> tuple[int, dict[str, Any], float | None, Ended | None]:
    """Return the number, the configuration and the weight of a trial, and its end if it has ended.

    Raises:
        DamagedDataError: It is no trial of the space: an unknown key, a missing one, or a wrong value.
    """
    with _blamed(f"Trial {record.cell} of {path} cannot be read"):
        reported, times = dict(record.identity), dict(record.measured)
        ended = "measured" in reported
        needed = {"trial", "config", *(("measured", "steps", "order") if ended else ())}
        exactly("record", reported, needed, {"stopped", "prior_weight"})
        n = whole("trial", reported["trial"], 0, 2**32 - 1)
        expect(record.cell == f"{n:08x}", f"its number must be that of its cell, got {n}")
        config = _config(space, reported["config"])
        weight = real("prior_weight", reported["prior_weight"], 0.0, 1.0) if "prior_weight" in reported else None
        if not ended:
            return n, config, weight, None
        steps = tuple(_step(step) for step in listed("steps", reported["steps"]))
        seconds, cpu = (real(name, times.get(name), 0.0) for name in ("seconds", "cpu_seconds"))
        stopped = of_type("stopped", reported.get("stopped", False), bool)
        order = whole("order", reported["order"], 0, 2**32)
        measured = _measured(reported["measured"])
        return n, config, weight, Ended(n, order, config, measured, steps, seconds, cpu, stopped, weight)


def _measured(value: object) -> Measured:
    said = mapping("measured", value)
    exactly("measured", said, {"status", "reason", "score", "cost", "constraints"}, {"test_score"})
    status = Status(whole("status", said["status"], 0, max(Status)))
    reason = text_of("reason", said["reason"])
    score, tested = (None if said.get(k) is None else real(k, said[k]) for k in ("score", "test_score"))
    expect(score is not None or status is not Status.OK, "its score must be a number where it succeeded, got None")
    cost = None if said["cost"] is None else real("cost", said["cost"], 0.0)
    constraints = tuple(real("constraints", c) for c in listed("constraints", said["constraints"]))
    return Measured(status, reason, math.nan if score is None else score, cost, constraints, tested)


def _step(value: object) -> tuple[int, float]:
    pair = listed("steps", value)
    expect(len(pair) == 2, f"its steps must be pairs of a step and a score, got {shown(pair, 80)}")
    return whole("steps", pair[0], -_MOST, _MOST), real("steps", pair[1])


def _space(value: object) -> SearchSpace:
    """Return a space after using it once: wrong conditions would fail at the first point."""
    space = SearchSpace(mapping("space", value))
    expect(space.d > 0, "its space must have a hyperparameter")
    space.legal(space.snap(np.full((1, space.d), 0.5)))
    space.encode([space.default])
    return space


def _config(space: SearchSpace, value: object) -> dict[str, Any]:
    """Return a configuration of the space, with values of the types there."""
    said = mapping("config", value)
    known = {h.name: h for h in space.hyperparameters if h.name in said}
    exactly("config", said, set(), set(known))
    config = {name: _typed(h, said[name]) for name, h in known.items()}
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
        why = str(fault) if isinstance(fault, HPOGymError) else shown(fault)
        raise DamagedDataError(f"{what}: {why}") from fault
