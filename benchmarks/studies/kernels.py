"""Scores by the kernels of linear algebra: the same trials under those of this processor and of an older one.

    python benchmarks/studies kernels               # minutes; it needs OpenBLAS on a processor with AVX-512

Forty runs of random search on meta-train tasks in turn, of 25 trials, in two processes: one with the kernels that
OpenBLAS picks, one with `OPENBLAS_CORETYPE=Haswell`. Both have one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import frame
import numpy as np
from frame import Table

from hpo_gym.bench import KERNELS, kernels
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.suites import load_suite

SUITES = ("Trainings", "SVM:surrogate", "SVM")
RUNS, BUDGET, OTHER = 40, 25, "Haswell"
LOOKS = "meta-train tasks"


def cells() -> Iterator[frame.Address]:
    """Yield suites."""
    yield from ((suite,) for suite in SUITES)


def cell(suite: str) -> dict[str, Any]:
    """Return the trials, the shares whose scores differ at all and by more than .001, and the largest difference."""
    here, there = (_scores(suite, {}), _scores(suite, {"OPENBLAS_CORETYPE": OTHER}))
    apart = np.abs(np.subtract(here["scores"], there["scores"]))
    return {
        "trials": len(apart), "differ": float((apart > 0).mean()), "more than .001": float((apart > 1e-3).mean()),
        "most": float(f"{apart.max():.2g}"), "kernels": [here["kernels"], there["kernels"]],
    }  # fmt: skip


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the row of a table, whose scores are read, anew and as stored; kernels are of a machine."""
    now, then = ({k: v for k, v in row.items() if k != "kernels"} for row in (cell("SVM"), found["SVM"]))
    return now, then


def _scores(suite: str, environment: Mapping[str, str]) -> dict[str, Any]:
    known = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        [sys.executable, __file__, suite], env={**known, **environment}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def scores(suite: str) -> dict[str, Any]:
    """Return the scores in this process, and its kernels."""
    tasks = load_suite(suite).tasks("train")
    runs = [rollout(make_optimizer("random"), tasks[i % len(tasks)], BUDGET, seed=i) for i in range(RUNS)]
    return {"scores": [trial.score for run in runs for trial in run], "kernels": kernels()[KERNELS]}


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each suite."""
    rows = [
        (f"`{name}`", str(row["trials"]), f"{row['differ']:.1%}", f"{row['more than .001']:.1%}", f"{row['most']:.2g}")
        for name, row in found.items()
    ]
    return {"kernels": Table.of(("suite", "trials", "differ", "by more than .001", "at most"), rows)}


if __name__ == "__main__":
    print(json.dumps(scores(sys.argv[1])))
