"""What matters in `gp-fade`: variants with earlier tunings, and with tunings whose scores are shuffled.

The runs are those of `auto` with few tunings: 33 trials on validation tasks of three suites of our own training,
earlier tunings drawn anew for each run, two runs on each of up to eight families. Each variant changes one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import auto
import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from runs import about, of_families, run_of

from hpo_gym.base import seeding
from hpo_gym.bench import Resamples
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Evaluations, Task
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES, KNOWN, SEEDS, FAMILIES, SHUFFLED = auto.FEW_SUITES, ("1", "4", "16", "4 shuffled"), 2, 8, "shuffled"
WHOLE, NONE = "as it is", "no prior: `gp-ei`"
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    WHOLE: {},
    "share of .95, fixed": {"shares": (0.95,)},
    "share of .5, fixed": {"shares": (0.5,)},
    "shares of 0 and .95": {"shares": (0.0, 0.95)},
    "share of 0: the portfolio alone": {"shares": (0.0,)},
    "no trial of the portfolio": {"n_init": 0},
    "1 trial of the portfolio": {"n_init": 1},
    "5 trials of the portfolio": {"n_init": 5},
    "standard deviations times e^.4": {"spread": float(np.exp(0.4))},
    "standard deviations times e^.8": {"spread": float(np.exp(0.8))},
}
CHEAP = {("SVM", "1"): ("1 trial of the portfolio",)}

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield suites and numbers of earlier tunings."""
    yield from product(SUITES, KNOWN)


def cell(suite: str, known: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `tasks`, `families`, and by variant the `auc` on each task."""
    world = load_suite(f"{suite}:surrogate")
    tasks = [world.task(t.name) for t in of_families(suite, FAMILIES)]
    aucs = {n: [round(auc(n, t, known), 5) for t in tasks] for n in names or (*VARIANTS, NONE)}
    return {**about(tasks), "auc": aucs}


def auc(name: str, task: Task, known: str) -> float:
    """Return the mean normalised regret over the trials, the mean over runs."""
    return float(np.mean([one_run(name, task, known, seed) for seed in range(SEEDS)]))


def one_run(name: str, task: Task, known: str, seed: int) -> float:
    instance = seeding.instance_seed(task.suite, task.name, "few", seed)
    prior = () if name == NONE else earlier(task, known, instance)
    optimizer = make_optimizer("gp-ei") if name == NONE else make_optimizer("gp-fade", **VARIANTS[name])
    return float(auto.regret(task, [t.score for t in run_of(optimizer, task, instance, prior, seed).trials])[-1])


def earlier(task: Task, known: str, instance: int) -> tuple[Evaluations, ...]:
    """Return drawn tunings of other tasks; with `SHUFFLED` each has its own scores in another order."""
    count, *how = known.split()
    rng = np.random.default_rng([instance % 2**32, int(count)])
    others = [t.name for t in load_suite(task.suite).tasks("train")]
    drawn = [auto.tuning(task.suite, others[i]) for i in np.sort(rng.choice(len(others), int(count), replace=False))]
    return tuple(replace(e, score=rng.permutation(e.score)) if how else e for e in drawn)


# ---------------------------------------------------------------------- the table
def share(found: Found, known: str, name: str) -> NDArray[np.float64]:
    """Return the AUC on each task, in parts of the whole method's in its suite; suites weigh alike."""
    rows = [found[suite][known]["auc"] for suite in SUITES if known in found.get(suite, {})]
    return np.concatenate([np.array(row[name]) / np.sum(row[WHOLE]) for row in rows]) / len(rows)


def ratio(found: Found, known: str, name: str, families: Sequence[str]) -> str:
    """Return the ratio of a variant's AUC to the whole method's, with its interval over families."""
    estimate: Any = Resamples.of(families).ratio(share(found, known, name), share(found, known, WHOLE))
    return "{:.2f} [{:.2f}, {:.2f}]".format(*estimate)


def tables(found: Found) -> dict[str, Table]:
    """Return by variant the AUC as a ratio to that of the whole method, by number of earlier tunings."""
    known = [k for k in KNOWN if all(k in found.get(suite, {}) for suite in SUITES)]
    families = {k: [f"{s} {f}" for s in SUITES for f in found[s][k]["families"]] for k in known}
    rows = [(name, *(ratio(found, k, name, families[k]) for k in known)) for name in (*VARIANTS, NONE) if name != WHOLE]
    return {"auc": Table.of(("variant", *known), rows)}
