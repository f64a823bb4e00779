"""Whether a result hangs on the stored order of a pool's rows, by ties that the index breaks.

Optimizers are told of the rows of a shared pool as they are stored, the default configuration among the first. Each
runs on the test tasks as stored, and with the rows of the table in five orders by key: earlier tasks, instances and
seeds alike. A ratio of the AUC as stored to the mean of the others below 1 is a hidden default, above 1 a hidden
penalty. Random starts are drawn as rows, so that another order is another draw: `random` shows what that alone does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from frame import Table, grid
from looks import Look
from scipy.stats import t as student

from hpo_gym.base import seeding
from hpo_gym.bench import benchmark
from hpo_gym.suites import load_suite
from hpo_gym.suites.own.suite import Heading, Member, TableSuite, suite_of_table

SUITES = ("Control", "LM", "NAS", "Vision", "Text", "MLP")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "plain": ("random", "default", "portfolio", "grid", "sobol", "lhs", "average-rank", "ga-portfolio", "meta-knn",
              "meta-predict"),
    "search": ("local-search", "annealing", "ga", "de", "pso", "cma-es"),
    "models": ("gp-ei", "gp-warm", "ebgp", "task-mixture", "transfer-mix", "transfer-time"),
}  # fmt: skip
"""Recorded optimizers that need no training and at most 2.5 ms a suggestion; of those for fidelities none, since these
suites have one."""
ORDERS = 5
LOOKS = Look("AUC of untrained optimizers as stored and in five orders", "whether ties by index pay", SUITES)
CHEAP = {("plain", "Vision"): ("random", "portfolio", "average-rank")}
cells = grid(GROUPS, SUITES)


def cell(group: str, suite: str, out: Path, names: tuple[str, ...] = ()) -> dict[str, list[float]]:
    """Return by optimizer the AUC as stored and in each of the other orders."""
    found: dict[str, list[float]] = {name: [] for name in names or GROUPS[group]}
    for number in range(ORDERS + 1):
        results = benchmark(
            list(found), reordered(load_suite(suite), number), seeds=1, start="cold", engine="serial",
            out=out / f"{suite}-{group}-{number}",
        )  # fmt: skip
        frame = results.to_frame().set_index("optimizer")["auc"]
        for name in found:
            found[name].append(round(float(frame[name]), 6))
    return found


def reordered(suite: Any, number: int) -> TableSuite:
    """Return a suite with the rows of its shared pool in another order; 0 leaves them as they are stored."""
    assert isinstance(suite, TableSuite)
    table = suite.table
    keys = seeding.mix(np.arange(table.m, dtype=np.uint64), seeding.key("another order", suite.name, number))
    rows = np.argsort(keys, kind="stable") if number else np.arange(table.m)
    parts = {name: (a[rows] if name == "x" else a[:, rows]).copy() for name, a in table.arrays.items()}
    members = [Member(t.name, t.family, dict(t.meta_features)) for t in suite.members]
    head = Heading(suite.name, suite.version, suite.splits, suite.about)
    return suite_of_table(head, replace(table, order=None, **parts), members)


# ---------------------------------------------------------------------------------------------- what pages show
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the ratios, lowest first."""
    rows = []
    for name, (ratio, low, high, suites) in sorted(ratios(found).items(), key=lambda item: item[1][0]):
        far = max(suites, key=lambda suite: abs(np.log(suites[suite])))
        rows.append((f"`{name}`", f"{ratio:.3f} [{low:.3f}, {high:.3f}]", f"{suites[far]:.2f} on {far}"))
    return {"ratios": Table.of(("optimizer", "as stored / in other orders", "farthest from 1"), rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many optimizers there are, and whose interval leaves 1 out."""
    all_of = ratios(found)
    told = sorted(name for name, (_, low, high, _) in all_of.items() if low > 1 or high < 1)
    return {"optimizers": len(all_of), "told": len(told), "names": ", ".join(f"`{name}`" for name in told)}


def ratios(found: Mapping[str, Any]) -> dict[str, tuple[float, float, float, dict[str, float]]]:
    """Return by optimizer the ratio over the suites, a geometric mean, its 95 % interval, and that of each suite.

    The spread of a suite's log ratio is that of the other orders among each other.
    """
    out = {}
    for group in found.values():
        for name in next(iter(group.values())):
            logs, variances, suites = [], [], {}
            for suite, of in group.items():
                stored, *others = np.log(np.maximum(of[name], 1e-6))
                logs.append(stored - np.mean(others))
                variances.append(np.var(others, ddof=1) * (1 + 1 / len(others)))
                suites[suite] = float(np.exp(logs[-1]))
            middle, spread = float(np.mean(logs)), float(np.sqrt(np.sum(variances)) / len(logs))
            half = spread * float(student.ppf(0.975, (ORDERS - 1) * len(logs)))
            out[name] = (float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half)), suites)
    return out
