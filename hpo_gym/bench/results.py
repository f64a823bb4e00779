"""Results of a comparison: computed from the stored trials, never from rewards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.metrics import TEST, VALIDATION, Curves, normalised_regret, summarise
from hpo_gym.storage.whole import write_files

if TYPE_CHECKING:
    import pandas as pd

    from hpo_gym.suite import Suite

BESIDE = ("auc", "log_auc", "rank", "gain", "regret", "solved", "p_better", "ratio")
"""What is told of the validation score as well where the test score is the headline."""

Incumbents = Mapping[tuple[str, int], Any]
"""Scores of the incumbent after each trial, by task and replicate."""


@dataclass(frozen=True)
class Results:
    """What `benchmark` found.

    Attributes:
        data: The content of results.json.
        curves: Normalised regret of each optimizer by suite: on the test score where a suite has one, else on the
            validation score.
        validation: The same on the validation score, of all suites.
        folder: Where all files lie.
        errors: Messages of failed cells.
    """

    data: dict[str, Any]
    curves: dict[str, list[Curves]]
    validation: dict[str, list[Curves]]
    folder: Path
    errors: tuple[str, ...] = ()

    @property
    def failed_cells(self) -> int:
        """How many cells failed."""
        return sum(o["failed_cells"] for s in self.data["suites"].values() for o in s["optimizers"].values())

    def to_frame(self) -> pd.DataFrame:
        """One row per suite and optimizer; means, with `_low` and `_high` for the intervals.

        Where `score` is "test", columns that begin with `validation_` hold the same of the validation score.
        """
        import pandas as pd

        rows = []
        for suite, part in self.data["suites"].items():
            for name, summary in part["optimizers"].items():
                beside = {f"validation_{k}": v for k, v in summary.get("validation", {}).items()}
                rows.append({"suite": suite, "optimizer": name, "score": part["score"], **_flat({**summary, **beside})})
        return pd.DataFrame(rows)

    def write(self, *, timings: bool = True) -> None:
        """Write results.json and the report."""
        from hpo_gym.bench.report import write_report

        data = self.data if timings else {k: v for k, v in self.data.items() if k != "timings"}
        write_files(self.folder, {"results.json": f"{json.dumps(data, indent=1, sort_keys=True)}\n".encode()})
        write_report(self.folder, self.data, self.curves, timings=timings)


def _flat(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary as columns."""
    row: dict[str, Any] = {}
    for key, value in summary.items():
        if key in ("regret", "validation_regret"):
            row.update(_flat({f"{key}@{trial}": estimate for trial, estimate in value.items()}))
        elif isinstance(value, list):
            row[key], row[f"{key}_low"], row[f"{key}_high"] = value
        elif key != "validation":
            row[key] = value
    return row


def curves_of(
    suite: Suite,
    optimizer: str,
    tasks: Sequence[str],
    incumbents: Incumbents,
    seeds: int,
    budget: int,
    score: str = VALIDATION,
) -> Curves:
    """Regret curves from the incumbents of each (task, replicate); one that is missing or None failed.

    Args:
        score: What the incumbents are scored by: the regret is that of the tasks' best and worst of this score.
    """
    scores = np.full((len(tasks), seeds, budget), np.nan)
    for i, name in enumerate(tasks):
        for r in range(seeds):
            found = incumbents.get((name, r))
            if found is not None:
                scores[i, r] = found
    known = [suite.task(name) for name in tasks]
    ranges = [(t.best, t.worst) for t in known] if score == VALIDATION else [t.test_range for t in known]
    best, worst = np.array(ranges, np.float64).T
    regret = normalised_regret(scores, best, worst)
    return Curves(suite.name, optimizer, tuple(tasks), regret, tuple(t.family for t in known), score)


def with_test_scores(suite: Suite, tasks: Sequence[str]) -> list[str]:
    """The tasks that have test scores."""
    return [name for name in tasks if suite.task(name).test_range is not None]


def summaries(curves: Sequence[Curves], validation: Sequence[Curves], n_tested: int) -> dict[str, Any]:
    """The part of results.json of one suite: the headline, and beside it the validation score where that is another.

    Args:
        n_tested: How many of the tasks have test scores.
    """
    optimizers, first = summarise(curves), curves[0]
    if first.score == TEST:
        beside = summarise(validation)
        for name, summary in optimizers.items():
            summary["validation"] = {key: beside[name][key] for key in BESIDE}
    return {
        "n_tasks": len(first.tasks),
        "n_families": len(set(first.families)),
        "score": first.score,
        "tested_tasks": n_tested,
        "comparisons": sum(s["p"] is not None for s in optimizers.values()),
        "optimizers": optimizers,
    }
