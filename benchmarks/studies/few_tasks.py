"""One, two, five and eight earlier tasks: `gp-fade` and the methods that were best before them.

On a validation task of each of up to six families of seven suites of tables (all of a suite with fewer than four
families), from a cold start, 33 trials. Earlier tasks are training tasks of the suite, drawn anew for each task and
draw, the same for all optimizers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from runs import about, made, of_families, run_of, some

from hpo_gym.base import seeding
from hpo_gym.bench import Resamples
from hpo_gym.problem import Task, relative_regret
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("Boosting", "Studies", "NAS", "Vision", "SVM", "Linear", "MLP")
KNOWN, DRAWS, FAMILIES, FEWEST = ("1", "2", "5", "8"), ("0", "1", "2"), 6, 4
RANDOM, NEW, DEFAULT = "random", ("gp-fade",), "+default"
TODAY = ("gp-warm", "transfer-time", "transfer-mix")
AT_FIVE = (RANDOM, *TODAY, *NEW)
AT_ONE = (*AT_FIVE, *(n + DEFAULT for n in AT_FIVE[1:]))
WHO = {"1": AT_ONE, "2": AT_ONE, "5": AT_FIVE, "8": AT_FIVE}
CHEAP = {("0", "5", "Vision"): NEW[:1]}

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield draws, numbers of known tasks, and suites."""
    yield from product(DRAWS, KNOWN, SUITES)


def cell(draw: str, known: str, suite: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `tasks`, `families`, and by optimizer the `auc` on each task."""
    tasks = judged(suite)
    aucs = {n: [round(auc(n, t, int(known), int(draw)), 5) for t in tasks] for n in names or WHO[known]}
    return {**about(tasks), "auc": aucs}


def judged(suite: str) -> Sequence[Task]:
    """Return a validation task of each of the first families; all where there are few."""
    tasks = of_families(suite, FAMILIES)
    return tasks if len(tasks) >= FEWEST else load_suite(suite).tasks("val")


def auc(name: str, task: Task, known: int, draw: int) -> float:
    """Return the mean normalised regret of a run with so many earlier tasks."""
    instance = seeding.instance_seed(task.suite, task.name, "few tasks", draw)
    prior = some(load_suite(task.suite).prior(), known, np.random.default_rng([instance % 2**32, known]))
    run = run_of(made(name, task), task, instance, prior, draw)
    best = np.maximum.accumulate([t.score for t in run.trials])
    return float(relative_regret(best, task.best, task.worst).mean())


# ---------------------------------------------------------------------- the table
def drawn(found: Found, known: str) -> list[str]:
    """Return the draws of so many earlier tasks that all suites have by now."""
    return [d for d in DRAWS if found.get(d, {}).get(known, {}).keys() >= set(SUITES)]


def share(found: Found, known: str, name: str) -> NDArray[np.float64]:
    """Return the mean AUC of all draws on each task, in parts of random search's in its suite; suites weigh alike."""
    out = []
    for suite in SUITES:
        parts = [found[draw][known][suite]["auc"] for draw in drawn(found, known)]
        own, unit = (np.mean([part[n] for part in parts], 0) for n in (name, RANDOM))
        out.append(own / unit.sum())
    return np.concatenate(out) / len(SUITES)


def to_best(found: Found, known: str, mine: str) -> str:
    """Return the ratio to the best method of before, given the default first or not, with its interval over
    families."""
    best = min(
        (n + (DEFAULT if mine.endswith(DEFAULT) else "") for n in TODAY), key=lambda n: share(found, known, n).sum()
    )
    families = [f"{s} {f}" for s in SUITES for f in found[DRAWS[0]][known][s]["families"]]
    return "{:.2f} [{:.2f}, {:.2f}]".format(
        *Resamples.of(families).ratio(share(found, known, mine), share(found, known, best))
    )


def tables(found: Found) -> dict[str, Table]:
    """Return the AUC by number of earlier tasks in parts of random search's, and ratios to the best other."""
    known = [k for k in KNOWN if drawn(found, k)]
    rows = [(f"`{n}`", *(f"{share(found, k, n).sum():.2f}" if n in WHO[k] else "" for k in known)) for n in AT_ONE]
    for name in (n + end for end in ("", DEFAULT) for n in NEW):
        rows.append((f"`{name}` / best other", *(to_best(found, k, name) if name in WHO[k] else "" for k in known)))
    rows.append(("draws", *(str(len(drawn(found, k))) for k in known)))
    return {"auc": Table.of(("optimizer", *known), rows)}
