"""The plan and the trials of a study in its store, read strictly: a foreign file gives typed values only.

Nothing read here is run or imported, and faults are put in words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import DamagedDataError, HPOGymError, shown
from hpo_gym.problem import Hyperparameter, SearchSpace, Status
from hpo_gym.system import Measured, Record, exactly, expect, listed, mapping, number, of_type, whole
from hpo_gym.system import text as text_of

_FAULTS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class StoredTrial:
    """A trial in a store: number and configuration, and the result if it has ended.

    Attributes:
        order: Its place in the order of ends; -1 before its end.
    """

    number: int
    config: Mapping[str, Any]
    order: int = -1
    measured: Measured | None = None
    steps: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    stopped: bool = False


def read_plan(text: str, needed: Collection[str], more: Collection[str], path: Path) -> dict[str, Any]:
    """Return the entries of a plan.

    Args:
        text: JSON.
        needed: Names of required entries.
        more: Names of optional entries.
        path: Of the store, for messages.

    Raises:
        DamagedDataError: It is no plan of this version: an unknown key, a missing one, or a wrong value.
    """
    with _blamed(f"{path} holds a plan that this version cannot read"):
        said = dict(mapping("plan", json.loads(text)))
        exactly("plan", said, set(needed), set(more))
        space = _space(said["space"])
        for name in ("optimizer", "prior"):
            text_of(name, said[name])
        said["why"] = text_of("why", said.get("why", ""))
        settings = mapping("settings", said["settings"])
        said["settings"] = settings
        expect(said["direction"] in ("maximize", "minimize"), "its direction must be maximize or minimize")
        whole("seed", said["seed"])
        said["init"] = tuple(_config(space, one) for one in listed("init", said.get("init", [])))
        if said.get("belief") is not None:
            mapping("belief", said["belief"])
        if said.get("stopping") is not None:
            said["stopping"] = [whole("stopping", v) for v in listed("stopping", said["stopping"])]
        features = mapping("meta_features", said.get("meta_features", {}))
        said["meta_features"] = {k: None if v is None else number("meta_features", v) for k, v in features.items()}
        return said


def read_trial(record: Record, space: SearchSpace, path: Path) -> StoredTrial:
    """Return a trial of a space.

    Raises:
        DamagedDataError: It is none: an unknown key, a missing one, or a wrong value.
    """
    with _blamed(f"Trial {record.cell} of {path} cannot be read"):
        reported, times = dict(record.identity), dict(record.measured)
        ended = "measured" in reported
        exactly(
            "record", reported, {"trial", "config", *(("measured", "steps", "order") if ended else ())}, {"stopped"}
        )
        n = whole("trial", reported["trial"], most=2**32 - 1)
        expect(record.cell == f"{n:08x}", f"its number must be that of its cell, got {n}")
        config = _config(space, reported["config"])
        if not ended:
            return StoredTrial(n, config)
        steps = tuple(_step(step) for step in listed("steps", reported["steps"]))
        seconds, cpu = (number(name, times.get(name), 0.0) for name in ("seconds", "cpu_seconds"))
        stopped = of_type("stopped", reported.get("stopped", False), bool)
        order = whole("order", reported["order"], most=2**32)
        return StoredTrial(n, config, order, _measured(reported["measured"]), steps, seconds, cpu, stopped)


def _measured(value: object) -> Measured:
    said = mapping("measured", value)
    exactly("measured", said, {"status", "reason", "score", "cost", "constraints"}, {"test_score"})
    status = Status(whole("status", said["status"], most=max(Status)))
    reason = text_of("reason", said["reason"])
    score, tested = (None if said.get(k) is None else number(k, said[k]) for k in ("score", "test_score"))
    expect(score is not None or status is not Status.OK, "its score must be a number where it succeeded, got None")
    cost = None if said["cost"] is None else number("cost", said["cost"], 0.0)
    constraints = tuple(number("constraints", c) for c in listed("constraints", said["constraints"]))
    return Measured(status, reason, math.nan if score is None else score, cost, constraints, tested)


def _step(value: object) -> tuple[int, float]:
    pair = listed("steps", value)
    expect(len(pair) == 2, f"its steps must be pairs of a step and a score, got {shown(pair, 80)}")
    return whole("steps", pair[0], -(2**63)), number("steps", pair[1])


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
