"""The evidence for "auto": `python benchmarks/studies/auto.py FOLDER`, or `--check` whether docs/tune.md holds it.

All on validation tasks, so that no test task decides; of the shipped agents none is here, since each was selected on
validation tasks. AUC is the mean normalised regret over the trials.

1. Optimizers on nine suites of tables, 10 and 33 trials, cold start, three runs: with all tasks of the training split
   known, and none known. The runs go into FOLDER, and are gone on with.
2. Every single choice with no, few and many known tasks, drawn anew for each run, on four suites of our own training:
   over 33 trials, and over the first 10 of them. `auto` is what the rule takes for each number of tasks.
3. Four trials side by side, as `tune` proposes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marks import renew
from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.bench import benchmark
from hpo_gym.optimize import Context, Run, form_of, make_optimizer, run_one
from hpo_gym.problem import Evaluations, Query, Status, Task, Trial, floor_of, relative_regret
from hpo_gym.suites import load_suite
from hpo_gym.system import Measured, Verdict
from hpo_gym.tuning import AUTO, Plan, Proposer, Study, taken

FOUND = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "tune.md"
SUITES = ("SVM", "Boosting", "Studies", "Linear", "MLP", "Curves", "FineTune", "Pipelines", "AutoML")
KNOWING = ("transfer-mix", "task-mixture", "ebgp", "portfolio", "taf-r", "average-rank", "gp-warm", "rgpe")
ALONE = (
    "gp-ei", "tpe", "cma-es", "de", "local-search", "random", "default", "successive-halving", "hyperband", "bohb",
)  # fmt: skip
BUDGETS, SEEDS, FAMILIES = (10, 33), 3, 24
FEW, FEW_SUITES = (0, 1, 2, 4, 8, 16), ("SVM", "Boosting", "Studies", "Linear")
FIRST = "gp-ei+default"
"""`gp-ei` whose first trial is the default configuration."""
FEW_WHO = ("gp-ei", FIRST, "gp-warm", "transfer-mix", "task-mixture", "ebgp", "portfolio")
BESIDE, BESIDE_WHO = 4, ("gp-ei", FIRST, "tpe", "random", "transfer-mix")


def families(suite: str) -> list[Task]:
    """A validation task of each family, at most 24."""
    return list({t.family: t for t in load_suite(suite).tasks("val")}.values())[:FAMILIES]


def over_suites(folder: Path) -> dict[str, Any]:
    """By budget, suite and optimizer, the AUC."""
    out: dict[str, Any] = {}
    for budget in BUDGETS:
        for suite in SUITES:
            found = benchmark(
                (*KNOWING, *ALONE), suite, split="val", budget=budget, seeds=SEEDS, tasks=len(families(suite)),
                out=folder / f"{suite}-{budget}", resume=True,
            )  # fmt: skip
            if found.failed_cells:
                sys.exit(f"{suite} must be whole, {found.failed_cells} cells failed")
            rows = json.loads((folder / f"{suite}-{budget}" / "results.json").read_text())["suites"][suite]
            part = {n: round(o["auc"][0], 5) for n, o in rows["optimizers"].items()}
            out.setdefault(str(budget), {})[suite] = part
    return out


def regret(task: Task, scores: Sequence[float]) -> NDArray[np.float64]:
    """The mean normalised regret of the best so far over the trials of each budget, ``(budgets,)``."""
    found = relative_regret(np.maximum.accumulate(scores), task.best, task.worst)
    return np.array([found[:b].mean() for b in BUDGETS])


def with_few(folder: Path) -> dict[str, Any]:
    """By budget, suite, number of known tasks and optimizer: the AUC."""
    out: dict[str, Any] = {}
    for suite in FEW_SUITES:
        known = load_suite(suite).prior()
        for k in FEW:
            path = folder / f"{suite}-few-{k}.json"
            if not path.exists():
                found = {
                    n: np.mean([one_run(n, t, known, k, s) for t in families(suite) for s in range(SEEDS)], 0).tolist()
                    for n in FEW_WHO
                }
                path.write_text(json.dumps(found), encoding="utf-8")
                print(suite, k, found, flush=True)
            for name, aucs in json.loads(path.read_text(encoding="utf-8")).items():
                for budget, auc in zip(BUDGETS, aucs, strict=True):
                    part = out.setdefault(str(budget), {}).setdefault(suite, {}).setdefault(str(k), {})
                    part[name] = round(auc, 5)
    return out


def one_run(name: str, task: Task, known: Sequence[Evaluations], k: int, seed: int) -> NDArray[np.float64]:
    """The AUC of an optimizer that knows `k` tasks, over the trials of each budget."""
    world = seeding.world_seed(task.suite, task.name, "few", seed)
    rng = np.random.default_rng([world % 2**32, k])
    prior = tuple(known[i] for i in np.sort(rng.choice(len(known), k, replace=False)))
    context = Context.of(task, BUDGETS[-1], prior, starts=seeding.starts_seed(world))
    run = Run(task, float(BUDGETS[-1]), world, 0, floor_of(prior))
    plain = name.removesuffix("+default")
    optimizer = make_optimizer(plain) if plain == name else DefaultFirst(make_optimizer(plain), task)
    run_one(optimizer, run, context, np.random.default_rng(seed))
    return regret(task, [t.score for t in run.trials])


class DefaultFirst:
    """An optimizer that is told of the default configuration as if it were given."""

    def __init__(self, optimizer: Any, task: Task) -> None:
        self.inner, self.first = optimizer, Query(task.space.default)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.inner.reset(context, rng)
        self.begun = False

    def ask(self) -> Any:
        self.begun, before = True, self.begun
        return self.inner.ask() if before else self.first

    def tell(self, trial: Trial) -> None:
        self.inner.tell(trial)


def side_by_side() -> dict[str, Any]:
    """By suite and optimizer: the AUC over 33 trials, four of them running at a time, the first begun ends first."""
    out: dict[str, Any] = {}
    for suite in FEW_SUITES:
        known = tuple(load_suite(suite).prior())
        out[suite] = {
            name: round(float(np.mean([beside(name, t, known, s) for t in families(suite) for s in range(SEEDS)])), 5)
            for name in BESIDE_WHO
        }
        print(suite, out[suite], flush=True)
    return out


def beside(name: str, task: Task, known: tuple[Evaluations, ...], seed: int) -> float:
    """The AUC of a study whose trials a table answers."""
    plain, space = name.removesuffix("+default"), task.space
    init = () if plain == name else (space.default,)
    study = Study(Plan(space.to_json(), plain, {}, "maximize", seed, "", init))
    prior = known if plain in KNOWING else ()
    proposer = Proposer(form_of(plain), study, BUDGETS[-1], prior, alone=False)
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
def geometric(rows: dict[str, dict[str, float]], name: str, base: str) -> float:
    """The geometric mean over suites of the ratio of two AUCs."""
    return float(np.exp(np.mean([np.log(part[name] / part[base]) for part in rows.values()])))


def suites_table(found: dict[str, Any]) -> list[str]:
    """AUC over 33 trials by suite, and ratios to random search for both budgets."""
    last = found["suites"][str(BUDGETS[-1])]
    rows = {b: found["suites"][str(b)] for b in BUDGETS}
    out = ["| known tasks | optimizer | " + " | ".join(SUITES) + " | ratio, 33 | ratio, 10 |"]
    out.append("|---|---|" + "---:|" * (len(SUITES) + 2))
    for what, group in (("all", KNOWING), ("none", ALONE)):
        for name in sorted(group, key=lambda n: geometric(rows[33], n, "random")):
            cells = [f"{last[s][name]:.3f}" for s in SUITES]
            ratios = [f"{geometric(rows[b], name, 'random'):.3f}" for b in (33, 10)]
            out.append(f"| {what} | `{name}` | " + " | ".join([*cells, *ratios]) + " |")
    return out


def few_table(found: dict[str, Any]) -> list[str]:
    """AUC as a ratio to `gp-ei` without a known task, the geometric mean over suites, by number of known tasks; the
    rule stands below the single choices, and its cells are theirs."""
    out = [f"| trials | optimizer | {' | '.join(map(str, FEW))} | all |", "|---:|---|" + "---:|" * (len(FEW) + 1)]
    for budget in reversed(BUDGETS):
        parts = found["few"][str(budget)].values()
        logs = {n: [np.mean([np.log(p[str(k)][n] / p["0"]["gp-ei"]) for p in parts]) for k in FEW] for n in FEW_WHO}
        logs[AUTO] = [logs[taken(k) if k else FIRST][i] for i, k in enumerate(FEW)]
        for name in (*sorted(FEW_WHO, key=lambda n: np.mean(logs[n]), reverse=True), AUTO):
            cells = [f"{np.exp(v):.2f}" for v in (*logs[name], np.mean(logs[name]))]
            out.append(f"| {budget} | `{name}` | {' | '.join(cells)} |")
    return out


def beside_table(found: dict[str, Any]) -> list[str]:
    """AUC of four trials side by side, by suite."""
    out = ["| optimizer | " + " | ".join(FEW_SUITES) + " |", "|---|" + "---:|" * len(FEW_SUITES)]
    rows = found["beside"]
    return out + [f"| `{n}` | " + " | ".join(f"{rows[s][n]:.3f}" for s in FEW_SUITES) + " |" for n in BESIDE_WHO]


TABLES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "auto suites": suites_table, "auto few": few_table, "auto beside": beside_table,
}  # fmt: skip


if __name__ == "__main__":
    if "--check" not in sys.argv:
        made = {"suites": over_suites(Path(sys.argv[1])), "few": with_few(Path(sys.argv[1])), "beside": side_by_side()}
        FOUND.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    stored = json.loads(FOUND.read_text(encoding="utf-8"))
    parts = [(mark, table(stored)) for mark, table in TABLES.items()]
    renew(PAGE, parts, "auto.py FOLDER", check="--check" in sys.argv)
