"""The cost of ready tasks, and the scores of their default configurations.

Per task a full trial of the default configuration for each of three seeds: processor seconds (the median), scores and
test scores (the mean over seeds), one thread. Trials of one task follow one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import frame
import numpy as np
from frame import Table
from looks import Look

from hpo_gym.suites import ObjectiveTask, ready_suite

SEEDS = 3
CHEAP = {("iris-svm",): (), ("breast-cancer-svm",): ()}
LOOKS = Look("test scores of default configurations", "the table of the page on live problems", ("Live",), "diabetes")


def cells() -> Iterator[frame.Address]:
    """Yield tasks."""
    yield from ((task.name,) for task in ready_suite().members)


def cell(name: str) -> dict[str, Any]:
    """Return split, dimensions, fidelities, seconds and scores of a task."""
    suite = ready_suite([name])
    (task,) = suite.members
    assert isinstance(task, ObjectiveTask)
    count = SEEDS if task.noisy else 1
    x = np.repeat(task.space.default_x[None], count, 0)
    verdicts = task.runner.run(task.asked(x, np.ones(count), np.arange(count, dtype=np.uint64)))
    task.close()
    means = (np.mean([getattr(v.measured, of) for v in verdicts]) for of in ("score", "test_score"))
    score, test = (float(f"{mean:.4g}") for mean in means)
    return {
        "split": suite.split(task), "d": task.space.d, "fidelities": list(task.fidelities),
        "seconds": float(np.median([v.cpu_seconds for v in verdicts])), "score": score, "test score": test,
    }  # fmt: skip


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each task."""
    rows = [
        (
            f"`{name}`",
            str(row["split"]),
            str(row["d"]),
            ", ".join(f"{f:g}" for f in row["fidelities"]),
            f"{row['seconds']:.2g}",
            *(f"{row[k]:.4g}" for k in ("score", "test score")),
        )
        for name, row in found.items()
    ]
    return {"ready": Table.of(("task", "split", "d", "fidelities", "seconds", "score", "test score"), rows)}
