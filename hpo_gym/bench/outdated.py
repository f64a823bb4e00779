"""Rows of a comparison that are out of date: they have a dagger and stand outside ranks, intervals and pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from hpo_gym.base import DamagedDataError
from hpo_gym.bench.metrics import Curves, auc
from hpo_gym.system import rule_of

Row = Mapping[str, Any]
"""`why` it is out of date, and its mean `auc`, None where that is not known."""


class _Mean(BaseModel):
    auc: list[float | None]


class _Suite(BaseModel):
    optimizers: dict[str, _Mean]


class _Before(BaseModel):
    """What is read of an earlier results.json."""

    suites: dict[str, _Suite] = {}
    stale: dict[str, dict[str, dict[str, str | float | None]]] = {}


def row_of(curves: Curves, why: str) -> Row:
    """Return the row of reference runs with an optimizer that has moved on."""
    return {"why": why, "auc": round(float(np.mean(auc(curves))), 6)}


def rows_before(folder: Path, suite: str, names: Iterable[str], why: str) -> dict[str, Row]:
    """Return the rows of a suite whose data have moved on, with the numbers of the earlier report.

    Raises:
        DamagedDataError: There is a results.json, and it is none.
    """
    path = folder / "results.json"
    try:
        before = _Before.model_validate_json(path.read_bytes() if path.is_file() else b"{}")
    except ValidationError as fault:
        raise DamagedDataError(f"{path} must be what `hpo-gym bench` wrote: {rule_of(fault)}.") from fault
    known: dict[str, Any] = {}
    if suite in before.suites:
        known = {name: one.auc[0] for name, one in before.suites[suite].optimizers.items()}
    known |= {name: row.get("auc") for name, row in before.stale.get(suite, {}).items()}
    return {name: {"why": why, "auc": known.get(name)} for name in names}


def notes(stale: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Return a note for each suite on its unranked optimizers, with the reasons."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for suite, rows in stale.items():
        for name, row in rows.items():
            by_reason.setdefault((suite, row["why"]), []).append(name)
    return [f"Not ranked on {suite}, {why}: {', '.join(names)}." for (suite, why), names in by_reason.items()]
