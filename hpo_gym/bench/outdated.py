"""Rows of a comparison that are out of date: they have a dagger and stand outside ranks, intervals and pools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.bench.metrics import Curves, auc

Row = Mapping[str, Any]
"""`why` it is out of date, and its mean `auc`, None where that is not known."""


def row_of(curves: Curves, why: str) -> Row:
    """Return the row of reference runs with an optimizer that has moved on."""
    return {"why": why, "auc": round(float(np.mean(auc(curves))), 6)}


def rows_before(folder: Path, suite: str, names: Iterable[str], why: str) -> dict[str, Row]:
    """Return the rows of a suite whose data have moved on, with the numbers of the earlier report."""
    path = folder / "results.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    part = before.get("suites", {}).get(suite, {}).get("optimizers", {})
    known = {name: summary["auc"][0] for name, summary in part.items()}
    known |= {name: row["auc"] for name, row in before.get("stale", {}).get(suite, {}).items()}
    return {name: {"why": why, "auc": known.get(name)} for name in names}


def notes(stale: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Return a note for each suite on its unranked optimizers, with the reasons."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for suite, rows in stale.items():
        for name, row in rows.items():
            by_reason.setdefault((suite, row["why"]), []).append(name)
    return [f"Not ranked on {suite}, {why}: {', '.join(names)}." for (suite, why), names in by_reason.items()]
