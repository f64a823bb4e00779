"""Results as tidy tables of pandas: a row for each run, each task or each trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.bench.incumbent import configs_of
from hpo_gym.bench.metrics import Curves, auc_of_runs
from hpo_gym.problem import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from hpo_gym.bench.plan import BenchPlan
    from hpo_gym.problem import Suite
    from hpo_gym.system import Store

ENDS = ("", "_low", "_high")
"""Ends of the names of the columns of an estimate."""

_BY_RUN = ("suite", "task", "family", "optimizer", "replicate")


def flat(summary: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a summary (see `summarise`) as columns: the mean of an estimate, `_low` and `_high`; `regret@` a trial.

    For want of intervals, also the lowest and the highest family: `_family_low` and `_family_high`."""
    row: dict[str, Any] = {}
    for key, value in summary.items():
        if key == "regret":
            row |= flat({f"regret@{trial}": estimate for trial, estimate in value.items()}, prefix)
        elif isinstance(value, list):
            row |= zip((f"{prefix}{key}{end}" for end in ENDS), value, strict=True)
        elif key == "of_families":
            for name, pair in value.items():
                row |= zip((f"{prefix}{name}_family{end}" for end in ENDS[1:]), pair, strict=True)
        elif key == "time":
            row |= flat(value, f"{prefix}time_")
        elif key != "validation":
            row[f"{prefix}{key}"] = value
    return row | flat(summary["validation"], "validation_") if "validation" in summary else row


def runs(curves: Mapping[str, list[Curves]], validation: Mapping[str, list[Curves]]) -> pd.DataFrame:
    """One row per run: `score` (behind the regret), `auc`, `regret` (at the end), both on the validation score too, and
    `failed`. A failed run has a regret of 1.
    """
    import pandas as pd

    parts = []
    for suite, group in curves.items():
        for reported, beside in zip(group, validation[suite], strict=True):
            k, r, _ = reported.regret.shape
            (auc, last), (validation_auc, validation_last) = _ends(reported), _ends(beside)
            parts.append(
                pd.DataFrame(
                    {
                        "suite": suite,
                        "task": np.repeat(reported.tasks, r),
                        "family": np.repeat(reported.families, r),
                        "optimizer": reported.optimizer,
                        "replicate": np.tile(np.arange(r), k),
                        "score": reported.score,
                        "auc": auc,
                        "regret": last,
                        "validation_auc": validation_auc,
                        "validation_regret": validation_last,
                        "failed": reported.failed.ravel(),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _ends(curves: Curves) -> tuple[Any, Any]:
    """AUC and last regret of each run; where only the end counts, that twice."""
    return auc_of_runs(curves).ravel(), curves.filled[:, :, -1].ravel()


def tasks(of_runs: pd.DataFrame) -> pd.DataFrame:
    """One row per task and optimizer: means of the columns of `runs` over replicates, and the number of `failed`."""
    by = [name for name in _BY_RUN if name != "replicate"]
    numbers = ["auc", "regret", "validation_auc", "validation_regret"]
    grouped = of_runs.groupby([*by, "score"], sort=False)
    return grouped[numbers].mean().join(grouped["failed"].sum()).reset_index()


def trials(plan: BenchPlan, store: Store) -> pd.DataFrame:
    """One row per trial, in order: `fold`, missing in the suite's own split, `trial` from 1, the initial design
    (`given`) among them, `config` a dictionary of the active hyperparameters, `score`, `fidelity`, `cost`, `status`,
    and `test_score`, NaN if the task has none; with a budget in cost also `spent`, the run's spending by then, in mean
    costs of a full evaluation; with several trials in flight `clock`, the simulated time of its end in the same unit.
    """
    import pandas as pd

    rows = [part for spec, suite in plan.suites.items() for part in _of_suite(plan, store, spec, suite)]
    ends = ["trial", "given", "score", "fidelity", "cost", "status", "test_score", "config"]
    columns = [*_BY_RUN[:3], "fold", *_BY_RUN[3:], *ends]
    if plan.protocol.budget.in_cost:
        columns.insert(columns.index("cost") + 1, "spent")
    if plan.protocol.in_flight > 1:
        columns.insert(columns.index("status"), "clock")
    if not rows:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(rows, ignore_index=True)[columns]


def _of_suite(plan: BenchPlan, store: Store, spec: str, suite: Suite) -> Iterator[pd.DataFrame]:
    import pandas as pd

    for entrant in plan.entrants:
        for cell, record in plan.found(store, spec, entrant):
            if record.status != "done":
                continue
            arrays, task = record.arrays, suite.task(cell.task)
            x = task.space.snap(arrays["x"][:, : task.space.d])
            h, tested = len(x), task.test_scores(x)
            if tested is not None and "refused" in arrays:
                tested = np.where(arrays["refused"], np.nan, tested)
            yield pd.DataFrame(
                {
                    "suite": suite.name,
                    "task": cell.task,
                    "family": task.family,
                    "fold": pd.Series([cell.fold] * h, dtype="Int64"),
                    "optimizer": entrant.name,
                    "replicate": cell.replicate,
                    "trial": np.arange(1, h + 1),
                    "given": np.arange(h) < plan.protocol.n_init,
                    "score": arrays["score"],
                    "fidelity": arrays["fidelity"],
                    "cost": arrays["cost"],
                    "status": [LABELS[code] for code in arrays["status"]],
                    "test_score": np.full(h, np.nan) if tested is None else tested,
                    "config": configs_of(task, arrays),
                    **{name: arrays[name] for name in ("spent", "clock") if name in arrays},
                }
            )
