"""The gain and the cost of a belief.

On a validation task of every family of `SVM` and on the validation tasks of `Functions`, three runs of 33 trials from a
cold start. The right belief of a task has its middle at the task's best configuration, moved by a tenth of each range
at random; the wrong one at the opposite end of each range. Both have a standard deviation of a fifth of the range; of a
categorical, one choice has four times the weight of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from runs import of_families, run_of

from hpo_gym.base import seeding
from hpo_gym.bench import Resamples, interval
from hpo_gym.optimize import make_optimizer
from hpo_gym.problem import Belief, Density, SearchSpace, Task, relative_regret
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("SVM", "Functions")
SEEDS, MOVED, SPREAD, WEIGHT = 3, 0.1, 0.2, 4.0
KINDS = ("none", "right", "wrong")


cells = frame.grid(("SVM gp-ei", "SVM transfer-mix", "Functions gp-ei"))


def cell(key: str) -> dict[str, Any]:
    """Return by kind of belief the AUC on each task, the mean over runs, and the families."""
    suite, name = key.split()
    tasks = load_suite(suite).tasks("val") if suite == "Functions" else of_families(suite)
    rows = {kind: np.round([mean_auc(suite, name, t, kind) for t in tasks], 5).tolist() for kind in KINDS}
    return {**rows, "families": [t.family for t in tasks]}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Run the first task of `Functions` with a right belief anew."""
    task = load_suite("Functions").tasks("val")[0]
    return mean_auc("Functions", "gp-ei", task, "right"), found["Functions gp-ei"]["right"][0]


def mean_auc(suite: str, name: str, task: Task, kind: str) -> float:
    """Return the mean over runs of `auc`."""
    prior = load_suite(suite).prior() if name == "transfer-mix" else ()
    return float(np.mean([auc(name, task, kind, s, prior) for s in range(SEEDS)]))


def auc(name: str, task: Task, kind: str, seed: int, prior: Any) -> float:
    """Return the mean normalised regret over the trials of a run."""
    instance = seeding.instance_seed(task.suite, task.name, "belief", seed)
    best = best_of(task, np.random.default_rng(seed))
    belief = belief_of(task.space, best, kind, np.random.default_rng(instance % 2**32))
    run = run_of(make_optimizer(name), task, instance, prior, seed, belief)
    best_so_far = np.maximum.accumulate([t.score for t in run.trials])
    return float(relative_regret(best_so_far, task.best, task.worst).mean())


def best_of(task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the best measured point; of a function, the best of 20,000 random ones."""
    if task.pool is not None:
        e = task.evaluations()
        return np.asarray(task.space.snap(e.x[np.nanargmax(e.score)][None])[0])
    x = task.space.sample(rng, 20_000)
    return np.asarray(x[task.noise_free(x).argmax()])


def belief_of(space: SearchSpace, best: NDArray[np.float64], kind: str, rng: np.random.Generator) -> Belief | None:
    """Return the belief of a task whose best canonical point is `best` ``(d,)``."""
    if kind == "none":
        return None
    densities: dict[str, Density] = {}
    active = space.active(best[None])[0]
    for h, u, there in zip(space.hyperparameters, best, active, strict=True):
        moved = float(np.clip(u + MOVED * rng.standard_normal(), 0.0, 1.0))
        if not there or h.size == 1:
            continue
        if h.choices:
            place = int(h.numbers(np.array([u]))[0])
            place = place if kind == "right" else (place + 1) % len(h.choices)
            densities[h.name] = {c: WEIGHT if i == place else 1.0 for i, c in enumerate(h.choices)}
            continue
        at = float(h.numbers(np.array([moved if kind == "right" else float(u < 0.5)]))[0])
        low, high = (np.log(h.low), np.log(h.high)) if h.log else (h.low, h.high)
        densities[h.name] = ("lognormal" if h.log else "normal", at, float(SPREAD * (high - low)))
    return Belief(space, densities)


# ---------------------------------------------------------------------- the table
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the mean AUC of each kind, and ratios to no belief with an interval over families."""
    rows = []
    for key, row in found.items():
        suite, name = key.split()
        ratios = [_interval(row[k], row["none"], row["families"]) for k in KINDS[1:]]
        means = (f"{np.mean(row[k]):.4f}" for k in KINDS)
        rows.append((suite, f"`{name}`", str(len(set(row["families"]))), *means, *ratios))
    heads = ("suite", "optimizer", "families", "no belief", "right", "wrong", "right / none", "wrong / none")
    return {"belief": Table.of(heads, rows)}


def _interval(a: Sequence[float], b: Sequence[float], families: Sequence[str]) -> str:
    """Show the ratio of two means, and its interval over families where there are enough."""
    return interval(Resamples.of(families).ratio(np.array(a), np.array(b)), 2)
