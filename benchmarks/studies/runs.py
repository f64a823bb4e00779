"""The shipped reference runs of all suites, as one comparison that ran nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpo_gym.bench import ANCHORS, FOLDER, STARTS, Results, benchmark, pooled
from hpo_gym.suites import load_suite


def reference_runs() -> dict[str, Results]:
    """By start; what the comparison writes is gone when this returns."""
    with tempfile.TemporaryDirectory() as folder:
        return {start: _from(start, Path(folder) / start) for start in STARTS}


def _from(start: str, folder: Path) -> Results:
    suites = sorted(p.stem for p in FOLDER.glob("*.json"))
    parts = [benchmark([], [s], start=start, with_reference=True, out=folder / s, report=False) for s in suites]
    data = {**parts[0].data, "suites": {}, "timings": {}}
    for part in parts:
        data["suites"].update(part.data["suites"])
        data["timings"].update(part.data["timings"])
    curves, validation = (
        {s: c for found in of for s, c in found.items()}
        for of in ([part.curves for part in parts], [part.validation for part in parts])
    )
    return Results(data, curves, validation, folder=folder)


def ratios(results: Results, suites: Sequence[str], anchors: Sequence[str] = ANCHORS) -> dict[str, Any]:
    """Pooled ratios over some suites to some optimizers, formulas apart."""
    formulas = [s for s in suites if load_suite(s).kind != "table"]
    return pooled({s: results.curves[s] for s in suites}, formulas, anchors)
