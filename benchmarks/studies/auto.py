"""The evidence for "auto": which optimizer `tune` takes by itself, by the number of earlier tasks.

All on validation tasks, so that no test task decides; the shipped agents are left out, since each was selected on
validation tasks. AUC is the mean normalised regret over the trials.

1. Optimizers on nine suites of tables, 10 and 33 trials, cold start, three runs: with all tasks of the training split
   known, and none known.
2. Every single choice with no, few and many earlier **tunings**, drawn anew for each run, as users have them: 33 trials
   of `gp-ei` after the default configuration, at points of their own. Surrogates of three suites of our own training
   score any point of the space; their order of configurations agrees with training (`faithfulness`). Over 33 trials,
   and over the first 10 of them. `auto` is the choice of the rule for each number of tunings.
3. Four trials side by side, as `tune` proposes them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import frame
import numpy as np
from frame import Table
from numpy.typing import NDArray
from runs import FIRST, compared, made, of_families, run_of

from hpo_gym.base import seeding
from hpo_gym.optimize import form_of
from hpo_gym.problem import Evaluations, Status, Task, relative_regret
from hpo_gym.suites import load_suite
from hpo_gym.system import Measured, Verdict
from hpo_gym.tuning import AUTO, Allowance, Proposer, Study, StudyPlan, taken
from hpo_gym.tuning.auto import MANY

LOOKS = "validation tasks"
SUITES = ("SVM", "Boosting", "Studies", "Linear", "MLP", "Curves", "FineTune", "Pipelines", "AutoML")
KNOWING = ("transfer-mix", "task-mixture", "ebgp", "portfolio", "taf-r", "average-rank", "gp-warm", "rgpe")
ALONE = (
    "gp-ei", "tpe", "cma-es", "de", "local-search", "random", "default", "successive-halving", "hyperband", "bohb",
)  # fmt: skip
BUDGETS, SEEDS, FAMILIES = (10, 33), 3, 24
FEW, FEW_SUITES, FEW_FAMILIES = (0, 1, 2, 4, 7, 16), ("SVM", "Boosting", "Linear"), 12
FEW_WHO = (
    "gp-ei", FIRST, "gp-fade", "gp-fade+default", "gp-warm", "gp-warm+default", "transfer-mix", "transfer-mix+default",
    "task-mixture", "ebgp", "rgpe", "portfolio",
)  # fmt: skip
BESIDE, BESIDE_SUITES, BESIDE_WHO = 4, (*FEW_SUITES, "Studies"), ("gp-ei", FIRST, "tpe", "random", "transfer-mix")
CHEAP = {("few", "Boosting", "1"): ("portfolio",), ("beside", "Boosting"): ("random",)}

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield budgets and suites, numbers of known tasks, and suites with trials side by side."""
    yield from product(("suites",), map(str, BUDGETS), SUITES)
    yield from product(("few",), FEW_SUITES, map(str, FEW))
    yield from product(("beside",), BESIDE_SUITES)


def cell(part: str, *of: str, out: Path, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the AUC by optimizer; with `few` tunings, over each of `BUDGETS` on each task."""
    if part == "suites":
        return over_suites(int(of[0]), of[1], out)
    if part == "beside":
        return side_by_side(of[0], names or BESIDE_WHO)
    return with_few(of[0], int(of[1]), names or FEW_WHO)


def over_suites(budget: int, suite: str, out: Path) -> dict[str, float]:
    """Return the AUC on a suite."""
    folder, count = out / f"{suite}-{budget}", len(of_families(suite, FAMILIES))
    compared((*KNOWING, *ALONE), suite, split="val", budget=budget, seeds=SEEDS, tasks=count, out=folder)
    rows = json.loads((folder / "results.json").read_text())["suites"][suite]
    return {n: round(o["auc"][0], 5) for n, o in rows["optimizers"].items()}


def regret(task: Task, scores: Sequence[float]) -> NDArray[np.float64]:
    """Return the mean normalised regret of the best so far over the trials of each budget, ``(budgets,)``."""
    found = relative_regret(np.maximum.accumulate(scores), task.best, task.worst)
    return np.array([found[:b].mean() for b in BUDGETS])


def with_few(suite: str, k: int, who: Sequence[str]) -> dict[str, list[list[float]]]:
    """Return by optimizer the AUC with `k` earlier tunings, a list over tasks for each budget."""
    world = load_suite(f"{suite}:surrogate")
    tasks = [world.task(t.name) for t in of_families(suite, FEW_FAMILIES)]

    def auc(name: str, task: Task) -> NDArray[np.float64]:
        return np.mean([one_run(name, task, k, seed) for seed in range(SEEDS)], 0)

    return {n: np.array([auc(n, t) for t in tasks]).T.round(5).tolist() for n in who}


def one_run(name: str, task: Task, k: int, seed: int) -> NDArray[np.float64]:
    """Return the AUC of an optimizer with `k` earlier tunings, over the trials of each budget."""
    instance = seeding.instance_seed(task.suite, task.name, "few", seed)
    others = [t.name for t in load_suite(task.suite).tasks("train")]
    drawn = np.random.default_rng([instance % 2**32, k]).choice(len(others), k, replace=False)
    prior = tuple(tuning(task.suite, others[i]) for i in np.sort(drawn))
    return regret(task, [t.score for t in run_of(made(name, task), task, instance, prior, seed).trials])


@functools.cache
def tuning(suite: str, name: str) -> Evaluations:
    """Return an earlier tuning of a task: 33 trials of the choice without earlier tasks."""
    task = load_suite(suite).task(name)
    trials = run_of(made(FIRST, task), task, seeding.instance_seed(suite, name, "earlier", 0), (), 0).trials
    score, cost, status = (np.array([getattr(t, a) for t in trials]) for a in ("score", "cost", "status"))
    x = task.space.encode([dict(t.config) for t in trials])
    return Evaluations(name, task.family, x, score, cost, status.astype(np.int8))


def side_by_side(suite: str, who: Sequence[str]) -> dict[str, float]:
    """Return the AUC over 33 trials, four at a time, which end in the order of their starts."""
    known, tasks = tuple(load_suite(suite).prior()), of_families(suite, FAMILIES)
    aucs = {n: [beside(n, t, known, s) for t in tasks for s in range(SEEDS)] for n in who}
    return {n: round(float(np.mean(a)), 5) for n, a in aucs.items()}


def beside(name: str, task: Task, known: tuple[Evaluations, ...], seed: int) -> float:
    """Return the AUC of a study whose trials a table answers."""
    plain, space = name.removesuffix("+default"), task.space
    init = () if plain == name else (space.default,)
    study = Study(StudyPlan(space.to_json(), plain, {}, "maximize", seed, "", init))
    prior = known if plain in KNOWING else ()
    proposer = Proposer(form_of(plain), study, Allowance(BUDGETS[-1]), prior, alone=False)
    while len(study.ended) < BUDGETS[-1]:
        while len(study.begun) < BESIDE and study.count < BUDGETS[-1]:
            config = proposer.next()
            assert config is not None
            study.begin(config)
        number = min(study.begun)
        score = task.run(study.begun[number], 1.0, seed).score
        study.end(number, Verdict(Measured(Status.OK, "", score)), ())
    return float(regret(task, [e.measured.score for e in study.ended])[-1])


# ---------------------------------------------------------------------- tables
def geometric(rows: Mapping[str, Mapping[str, float]], name: str, base: str) -> float:
    """Return the geometric mean over suites of the ratio of two AUCs."""
    return float(np.exp(np.mean([np.log(part[name] / part[base]) for part in rows.values()])))


def suites_table(found: Found) -> Table:
    """AUC over 33 trials by suite, and ratios to random search for both budgets."""
    last = found["suites"][str(BUDGETS[-1])]
    rows = []
    for what, group in (("all", KNOWING), ("none", ALONE)):
        for name in sorted(group, key=lambda n: geometric(last, n, "random")):
            ratios = [f"{geometric(found['suites'][b], name, 'random'):.3f}" for b in ("33", "10")]
            rows.append((what, f"`{name}`", *(f"{last[s][name]:.3f}" for s in SUITES), *ratios))
    return Table.of(("known tasks", "optimizer", *SUITES, "ratio, 33", "ratio, 10"), rows)


def few_table(found: Found) -> Table:
    """AUC as a ratio to `gp-ei` after the default, the geometric mean over suites, by number of earlier tunings.

    The rule stands below the single choices, and its cells are theirs.
    """
    rows = []
    for i, budget in reversed(list(enumerate(BUDGETS))):
        parts = found["few"].values()
        logs = {
            n: [
                float(np.mean([np.log(np.mean(p[str(k)][n][i]) / np.mean(p["0"][FIRST][i])) for p in parts]))
                for k in FEW
            ]
            for n in FEW_WHO
        }
        logs[AUTO] = [logs[taken(k, 0) + ("+default" if k < MANY else "")][j] for j, k in enumerate(FEW)]
        for name in (*sorted(FEW_WHO, key=lambda n: np.mean(logs[n]), reverse=True), AUTO):
            rows.append((str(budget), f"`{name}`", *(f"{np.exp(v):.2f}" for v in (*logs[name], np.mean(logs[name])))))
    return Table.of(("trials", "optimizer", *map(str, FEW), "all"), rows)


def beside_table(found: Found) -> Table:
    """AUC of four trials side by side, by suite."""
    rows = [(f"`{n}`", *(f"{found['beside'][s][n]:.3f}" for s in BESIDE_SUITES)) for n in BESIDE_WHO]
    return Table.of(("optimizer", *BESIDE_SUITES), rows)


TABLES: Mapping[str, Callable[[Found], Table]] = {"suites": suites_table, "few": few_table, "beside": beside_table}


def tables(found: Found) -> dict[str, Table]:
    """Return the three tables."""
    return {name: table(found) for name, table in TABLES.items()}
