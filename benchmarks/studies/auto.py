"""The evidence for "auto": which optimizer `tune` takes by itself, by the number of earlier tasks.

All on validation tasks, so that no test task decides; the shipped agents are left out, since each was selected on
validation tasks. AUC is the mean normalised regret over the trials.

1. Optimizers on nine suites of tables, 10 and 33 trials, cold start, three runs: with all tasks of the training split
   known, and none known.
2. Every single choice with no, few and many known tasks, drawn anew for each run, on four suites of our own training:
   over 33 trials, and over the first 10 of them. `auto` is the choice of the rule for each number of tasks.
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
from runs import FIRST, compared, made, of_families, run_of, some

from hpo_gym.base import seeding
from hpo_gym.optimize import form_of
from hpo_gym.problem import Evaluations, Status, Task, relative_regret
from hpo_gym.suites import load_suite
from hpo_gym.system import Measured, Verdict
from hpo_gym.tuning import AUTO, Allowance, Proposer, Study, StudyPlan, taken

LOOKS = "validation tasks"
SUITES = ("SVM", "Boosting", "Studies", "Linear", "MLP", "Curves", "FineTune", "Pipelines", "AutoML")
KNOWING = ("transfer-mix", "task-mixture", "ebgp", "portfolio", "taf-r", "average-rank", "gp-warm", "rgpe")
ALONE = (
    "gp-ei", "tpe", "cma-es", "de", "local-search", "random", "default", "successive-halving", "hyperband", "bohb",
)  # fmt: skip
BUDGETS, SEEDS, FAMILIES = (10, 33), 3, 24
FEW, FEW_SUITES = (0, 1, 2, 4, 8, 16), ("SVM", "Boosting", "Studies", "Linear")
FEW_WHO = ("gp-ei", FIRST, "gp-warm", "transfer-mix", "task-mixture", "ebgp", "portfolio")
BESIDE, BESIDE_WHO = 4, ("gp-ei", FIRST, "tpe", "random", "transfer-mix")
CHEAP = {
    ("few", "33", "Boosting", "1"): ("portfolio",), ("few", "10", "Boosting", "1"): ("portfolio",),
    ("beside", "Boosting"): ("random",),
}  # fmt: skip

Found = Mapping[str, Any]


def cells() -> Iterator[frame.Address]:
    """Yield budgets and suites, numbers of known tasks, and suites with trials side by side."""
    yield from product(("suites",), map(str, BUDGETS), SUITES)
    for suite, k, budget in product(FEW_SUITES, map(str, FEW), map(str, BUDGETS)):
        yield "few", budget, suite, k
    yield from product(("beside",), FEW_SUITES)


def cell(part: str, *of: str, out: Path, names: tuple[str, ...] = ()) -> dict[str, float]:
    """Return the AUC by optimizer."""
    if part == "suites":
        return over_suites(int(of[0]), of[1], out)
    if part == "beside":
        return side_by_side(of[0], names or BESIDE_WHO)
    budget, suite, k = of
    place = BUDGETS.index(int(budget))
    return {name: round(aucs[place], 5) for name, aucs in with_few(suite, int(k), names or FEW_WHO).items()}


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


@functools.cache
def with_few(suite: str, k: int, who: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the AUC over each budget with `k` known tasks."""
    known, tasks = load_suite(suite).prior(), of_families(suite, FAMILIES)
    return {n: np.mean([one_run(n, t, known, k, s) for t in tasks for s in range(SEEDS)], 0).tolist() for n in who}


def one_run(name: str, task: Task, known: Sequence[Evaluations], k: int, seed: int) -> NDArray[np.float64]:
    """Return the AUC of an optimizer with `k` known tasks, over the trials of each budget."""
    instance = seeding.instance_seed(task.suite, task.name, "few", seed)
    prior = some(known, k, np.random.default_rng([instance % 2**32, k]))
    return regret(task, [t.score for t in run_of(made(name, task), task, instance, prior, seed).trials])


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
    """AUC as a ratio to `gp-ei` without a known task, the geometric mean over suites, by number of known tasks.

    The rule stands below the single choices, and its cells are theirs.
    """
    rows = []
    for budget in reversed(BUDGETS):
        parts = found["few"][str(budget)].values()
        logs = {n: [np.mean([np.log(p[str(k)][n] / p["0"]["gp-ei"]) for p in parts]) for k in FEW] for n in FEW_WHO}
        logs[AUTO] = [logs[taken(k) if k else FIRST][i] for i, k in enumerate(FEW)]
        for name in (*sorted(FEW_WHO, key=lambda n: np.mean(logs[n]), reverse=True), AUTO):
            cells = [f"{np.exp(v):.2f}" for v in (*logs[name], np.mean(logs[name]))]
            rows.append((str(budget), f"`{name}`", *cells))
    return Table.of(("trials", "optimizer", *map(str, FEW), "all"), rows)


def beside_table(found: Found) -> Table:
    """AUC of four trials side by side, by suite."""
    rows = [(f"`{n}`", *(f"{found['beside'][s][n]:.3f}" for s in FEW_SUITES)) for n in BESIDE_WHO]
    return Table.of(("optimizer", *FEW_SUITES), rows)


TABLES: Mapping[str, Callable[[Found], Table]] = {"suites": suites_table, "few": few_table, "beside": beside_table}


def tables(found: Found) -> dict[str, Table]:
    """Return the three tables."""
    return {name: table(found) for name, table in TABLES.items()}
