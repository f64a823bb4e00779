"""Results of a comparison: computed from the stored trials, never from rewards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.metrics import PORTFOLIO, Curves, normalised_regret, summarise
from hpo_gym.storage.whole import write_files

if TYPE_CHECKING:
    import pandas as pd

    from hpo_gym.suite import Suite
from hpo_gym.tasks.table import TableTask

FLAT = 0.01  # a task whose optimum is shared by more of its measured rows than this counts half


@dataclass(frozen=True)
class Results:
    """What `benchmark` found.

    Attributes:
        data: The content of results.json.
        curves: Normalised regret of each optimizer by suite.
        weights: Weight of each task by suite: a half where many configurations share the optimum.
        folder: Where all files lie.
        errors: Messages of failed cells.
    """

    data: dict[str, Any]
    curves: dict[str, list[Curves]]
    weights: dict[str, np.ndarray[Any, Any]]
    folder: Path
    errors: tuple[str, ...] = ()

    @property
    def failed_cells(self) -> int:
        """How many cells failed."""
        return sum(o["failed_cells"] for s in self.data["suites"].values() for o in s["optimizers"].values())

    def to_frame(self) -> pd.DataFrame:
        """One row per suite and optimizer; means, with `_low` and `_high` for the intervals."""
        import pandas as pd

        rows = []
        for suite, part in self.data["suites"].items():
            for name, summary in part["optimizers"].items():
                row: dict[str, Any] = {"suite": suite, "optimizer": name}
                flat = {**summary, **{f"regret@{k}": v for k, v in summary["regret"].items()}}
                flat.pop("regret")
                for key, value in flat.items():
                    if isinstance(value, list):
                        row[key], row[f"{key}_low"], row[f"{key}_high"] = value
                    else:
                        row[key] = value
                rows.append(row)
        return pd.DataFrame(rows)

    def write(self, *, timings: bool = True) -> None:
        """Write results.json and the report."""
        from hpo_gym.bench.report import write_report

        data = self.data if timings else {k: v for k, v in self.data.items() if k != "timings"}
        write_files(self.folder, {"results.json": f"{json.dumps(data, indent=1, sort_keys=True)}\n".encode()})
        write_report(self.folder, self.data, self.curves, timings=timings, weights=self.weights)


def weights_of(suite: Suite, tasks: Sequence[str]) -> np.ndarray[Any, Any]:
    """A half for tasks whose optimum many configurations share, ``(k,)``."""
    out = np.ones(len(tasks))
    for i, name in enumerate(tasks):
        task = suite.task(name)
        if isinstance(task, TableTask):
            shared = (task.table.finite[task.index, task.measured, -1] >= task.best).mean()
            out[i] = 0.5 if shared > FLAT else 1.0
    return out


def curves_of(suite: Suite, optimizer: str, tasks: Sequence[str], incumbents: Mapping[tuple[str, int], Any], seeds: int,
              budget: int) -> Curves:  # fmt: skip
    """Regret curves from the incumbents of each (task, replicate); one that is missing or None failed."""
    scores = np.full((len(tasks), seeds, budget), np.nan)
    for i, name in enumerate(tasks):
        for r in range(seeds):
            found = incumbents.get((name, r))
            if found is not None:
                scores[i, r] = found
    known = [suite.task(name) for name in tasks]
    regret = normalised_regret(scores, [task.best for task in known], [task.worst for task in known])
    return Curves(suite.name, optimizer, tuple(tasks), regret)


def summaries(curves: Sequence[Curves], weights: np.ndarray[Any, Any]) -> dict[str, Any]:
    """The part of results.json of one suite."""
    return {
        "n_tasks": len(curves[0].tasks),
        "half_weight_tasks": int((weights < 1).sum()),
        "optimizers": summarise(curves, portfolio=PORTFOLIO, weights=weights),
    }
