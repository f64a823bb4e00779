"""What a belief gains and costs: `python benchmarks/studies/belief.py [--check]`.

On a validation task of every family of `SVM` and on the validation tasks of `Functions`, three runs of 33 trials from a
cold start. The right belief of a task has its middle at the task's best configuration, moved by a tenth of each range
at random; the wrong one at the opposite end of each range. Both have a standard deviation of a fifth of the range; of a
categorical, one choice has four times the weight of another.

The table goes into docs/tune.md, the numbers into belief.json; `--check` says whether the page holds what is stored.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from marks import renew
from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.optimize import Context, Run, make_optimizer, run_one
from hpo_gym.problem import Belief, Density, SearchSpace, Task, floor_of, relative_regret
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "tune.md"
WHO = {"SVM": ("gp-ei", "transfer-mix"), "Functions": ("gp-ei",)}
BUDGET, SEEDS, MOVED, SPREAD, WEIGHT = 33, 3, 0.1, 0.2, 4.0
KINDS = ("none", "right", "wrong")


def belief_of(space: SearchSpace, best: NDArray[np.float64], kind: str, rng: np.random.Generator) -> Belief | None:
    """The belief of a task whose best canonical point is `best` ``(d,)``."""
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


def best_of(task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
    """The best measured point; of a function, the best of 20,000 random ones."""
    if task.pool is not None:
        e = task.evaluations()
        return np.asarray(task.space.snap(e.x[np.nanargmax(e.score)][None])[0])
    x = task.space.sample(rng, 20_000)
    return np.asarray(x[task.noise_free(x).argmax()])


def auc(name: str, task: Task, kind: str, seed: int, prior: Any) -> float:
    """The mean normalised regret over the trials of a run."""
    world = seeding.world_seed(task.suite, task.name, "belief", seed)
    best = best_of(task, np.random.default_rng(seed))
    belief = belief_of(task.space, best, kind, np.random.default_rng(world % 2**32))
    context = Context.of(task, BUDGET, prior, starts=seeding.starts_seed(world))
    run = Run(task, float(BUDGET), world, 0, floor_of(tuple(prior)))
    run_one(make_optimizer(name), run, replace(context, belief=belief), np.random.default_rng(seed))
    best_so_far = np.maximum.accumulate([t.score for t in run.trials])
    return float(relative_regret(best_so_far, task.best, task.worst).mean())


def carry_out() -> dict[str, Any]:
    """By suite and optimizer: the families, and by kind of belief the AUC of each, the mean over runs."""
    found: dict[str, Any] = {}
    for suite_name, names in WHO.items():
        suite = load_suite(suite_name)
        tasks = (
            suite.tasks("val")
            if suite_name == "Functions"
            else list({t.family: t for t in suite.tasks("val")}.values())
        )
        for name in names:
            prior = suite.prior() if name == "transfer-mix" else ()
            rows = {
                kind: [float(np.mean([auc(name, t, kind, s, prior) for s in range(SEEDS)])) for t in tasks]
                for kind in KINDS
            }
            key = f"{suite_name} {name}"
            found[key] = {k: np.round(v, 5).tolist() for k, v in rows.items()} | {"families": [t.family for t in tasks]}
            print(key, {k: round(float(np.mean(v)), 4) for k, v in rows.items()}, flush=True)
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """The table: mean AUC of each kind, and ratios to no belief with a bootstrap interval over families."""
    out = ["| suite | optimizer | families | no belief | right | wrong | right / none | wrong / none |"]
    out.append("|---|---|---:|---:|---:|---:|---:|---:|")
    for key, row in found.items():
        suite, name = key.split()
        means = {k: float(np.mean(row[k])) for k in KINDS}
        ratios = [_interval(row[k], row["none"], row["families"]) for k in KINDS[1:]]
        cells = " | ".join([*(f"{means[k]:.4f}" for k in KINDS), *ratios])
        out.append(f"| {suite} | `{name}` | {len(set(row['families']))} | {cells} |")
    return out


def _interval(a: list[float], b: list[float], families: list[str]) -> str:
    """The ratio of two means, and a 95 % interval over families."""
    names, place = np.unique(families, return_inverse=True)
    count = np.bincount(place).astype(float)
    sums = np.stack([np.bincount(place, x) for x in (a, b)])
    drawn = np.random.default_rng(0).integers(0, len(names), (10_000, len(names)))
    top, bottom = sums[:, drawn].sum(2) / count[drawn].sum(1)
    low, high = np.quantile(top / bottom, [0.025, 0.975])
    return f"{np.mean(a) / np.mean(b):.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FOUND.write_text(json.dumps(carry_out(), indent=1) + "\n", encoding="utf-8")
    parts = [("belief", lines(json.loads(FOUND.read_text(encoding="utf-8"))))]
    renew(PAGE, parts, "belief.py", check="--check" in sys.argv)
