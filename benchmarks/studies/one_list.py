"""Whether one list is enough on a suite: configurations chosen on training tasks, tried without a look at any score.

The list has the lowest mean regret over the meta-train tasks, each by the range of its scores, best first; it is tried
whole (33 trials), and as its first five alone. It runs on the test tasks of the reference runs, from a cold start, and
is held against the recorded optimizer that reads scores and has the lowest mean AUC there.

The rule: one list is enough where reading scores saves at most a twentieth of random search's AUC beyond it,
``(AUC of the list - lowest AUC) / AUC of random search <= .05``. An average over agents there compares how well they
know one list; such a suite is pooled with no other. `hpo_gym.bench.ONE_LIST` names them, as a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import frame
import numpy as np
import reference
import runs
from frame import Table
from looks import Look

from hpo_baselines._models.meta_table import table_of
from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_builders.sets import newest_set
from hpo_gym.bench import Resamples, auc, interval

LIST, FIRST = "list of 33", "list of 5"
MOST = 0.05
"""What reading scores may save at most where one list is enough, as a share of random search's AUC."""
BLIND = ("random", "default", "grid", "sobol", "lhs", "portfolio", "average-rank", "meta-knn")
"""Recorded optimizers that read no score of the run: lists, too."""
LOOKS = Look("AUC of a fixed list", "on which suites one list is enough", tuple(newest_set().suites))
CHEAP = {("Vision",): ()}


class FixedList(Planned):
    """Points of the run's table, lowest mean regret on the earlier tasks first."""

    version = 1

    def plan(self, run: Run) -> Iterator[Choice]:
        """Return rows of the pool, or points where there is none."""
        table = table_of(run)
        if table is None:
            return
        legal = run.space.legal(table.pool.x)
        for row in np.argsort(-table.z_mean, kind="stable").tolist():
            if run.pool is table.pool:
                yield row
            elif legal[row]:
                yield table.pool.x[row]


def cells() -> Iterator[frame.Address]:
    """Yield the suites of the newest set."""
    yield from ((suite,) for suite in newest_set().suites)


def cell(suite: str, out: Path) -> dict[str, Any]:
    """Return `tasks`, `families` and the `auc` of both lists on each task, by the headline of the suite."""
    tasks = reference.judged(suite)
    found = runs.compared({LIST: FixedList}, suite, seeds=reference.SEEDS, tasks=tasks, out=out / suite, report=False)
    (whole,) = (c for c in found.curves[suite] if c.optimizer == LIST)
    regret = whole.regret.copy()
    regret[..., 5:] = regret[..., 4:5]
    curves = {LIST: whole, FIRST: replace(whole, optimizer=FIRST, regret=regret)}
    return {
        "tasks": list(whole.tasks),
        "families": list(whole.families),
        "auc": {name: np.round(auc(c), 9).tolist() for name, c in curves.items()},
    }


# ---------------------------------------------------------------------------------------------- what pages show
def saved(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return by suite the `best` optimizer that reads scores, what it `saves`, and mean AUCs by random search's."""
    recorded, out = frame.stored("standings")["cold"], {}
    for suite, lists in found.items():
        part = recorded[suite]
        if part["tasks"] != lists["tasks"]:
            raise ValueError(f"The lists on {suite} must be of the tasks of the reference runs, and are of others.")
        mean = {name: float(np.mean(values)) for name, values in {**part["auc"], **lists["auc"]}.items()}
        readers = {name: auc for name, auc in mean.items() if name not in (*BLIND, LIST, FIRST)}
        best = min(readers, key=lambda name: (readers[name], name))
        shares = {name: mean[name] / mean["random"] for name in (LIST, FIRST, best)}
        out[suite] = {
            "best": best,
            "saves": shares[LIST] - shares[best],
            "shares": shares,
            "ratio": _ratio(part, lists, best),
        }
    return out


def enough(found: Mapping[str, Any]) -> list[str]:
    """Return the suites on which one list is enough."""
    return [suite for suite, row in saved(found).items() if row["saves"] <= MOST]


def _ratio(part: Mapping[str, Any], lists: Mapping[str, Any], best: str) -> list[float | None]:
    """Return the ratio of the list's mean AUC to that of an optimizer, with its interval over families."""
    own, other = np.array(lists["auc"][LIST]), np.array(part["auc"][best])
    return Resamples.of(part["families"]).ratio(own, other)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a table of all suites, by what reading scores saves."""
    rows = sorted(saved(found).items(), key=lambda item: (item[1]["saves"], item[0]))
    heads = ("suite", LIST, FIRST, "best that reads scores", "", "saves", "list / best", "one list is enough")
    cells = (
        (suite, f"{row['shares'][LIST]:.2f}", f"{row['shares'][FIRST]:.2f}", f"`{row['best']}`",
         f"{row['shares'][row['best']]:.2f}", f"{row['saves']:.3f}", interval(row["ratio"], 2),
         "yes" if row["saves"] <= MOST else "no")
        for suite, row in rows
    )  # fmt: skip
    return {"suites": Table.of(heads, cells, "AUCs are shares of random search's.")}


def _said(row: Mapping[str, Any]) -> str:
    shares, best = row["shares"], row["best"]
    return (
        f"{'enough' if row['saves'] <= MOST else 'not enough'}: {shares[LIST]:.2f} of random search's AUC, its first "
        f"five {shares[FIRST]:.2f}; best that reads scores {shares[best]:.2f}, {best}"
    )


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the suites on which one list is enough, and for each card what it says."""
    return {"suites": ", ".join(f"`{s}`" for s in enough(found)), **{s: _said(row) for s, row in saved(found).items()}}
